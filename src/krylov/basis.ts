/** An orthonormal basis that grows by a few columns at a time: column blocks side by side, in memory or on disk. */
import type { Matrix } from '../core/block.ts';
import { subMatrix } from '../linalg/small.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { concatenate, subtractTimes, times, type VerbContext } from '../multivector/verbs.ts';

/**
 * Narrow blocks are joined once there are enough of them for so many columns: each verb then makes a few calls, and a column
 * is copied twice.
 */
const JOINED_COLUMNS = [8, 32];

/** Column blocks of one height, in order. */
export type Parts = readonly Multivector[];

/** Columns `start..end` of W, which is W itself when that is all of it. */
export async function someColumns(W: Multivector, start: number, end: number, space: Space): Promise<Multivector> {
  if (start === 0 && end === W.cols) return W;
  const part = await space.allocate(end - start);
  await part.writeColumns(0, await W.readColumns(start, end));
  return part;
}

/** Multivectors side by side in one; they are used up. Those without columns are left out. */
export async function join(parts: Parts, space: Space): Promise<Multivector> {
  const filled = parts.filter(({ cols }) => cols > 0);
  if (filled.length === 1) return filled[0]!;
  const joined = await space.allocate(filled.reduce((total, { cols }) => total + cols, 0));
  await concatenate(filled, joined);
  for (const part of filled) await space.release(part);
  return joined;
}

/** The parts with one more block at the end, which is used up where narrow parts at the end are joined, as they are. */
export async function append(parts: Parts, block: Multivector, space: Space): Promise<Parts> {
  let all = [...parts, block];
  for (const width of JOINED_COLUMNS) {
    const first = all.findLastIndex(({ cols }) => cols >= width) + 1;
    const narrow = all.slice(first);
    const cols = narrow.reduce((total, part) => total + part.cols, 0);
    if (narrow.length > 1 && cols >= width) all = [...all.slice(0, first), await join(narrow, space)];
  }
  return all;
}

/** [parts] C as one multivector, C with one row for each column of the basis. */
export async function combine(parts: Parts, C: Matrix, space: Space, context: VerbContext): Promise<Multivector> {
  const out = await space.allocate(C.cols);
  let first = 0;
  for (const part of parts) {
    const rows = subMatrix(C, first, first + part.cols, 0, C.cols);
    if (first === 0) await times(part, rows, out, context);
    else await subtractTimes(out, part, { ...rows, data: rows.data.map((value) => -value) }, context);
    first += part.cols;
  }
  return out;
}
