/** An orthonormal basis that grows by a few columns at a time: column blocks side by side, in memory or on disk. */
import type { Matrix } from '../core/block.ts';
import { subMatrix } from '../linalg/small.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { concatenate, subtractTimes, type VerbContext } from '../multivector/verbs.ts';

/** Narrow blocks are joined up to this many columns: each verb then makes a few calls, and a block is copied rarely. */
const JOINED_COLUMNS = 32;

/** Column blocks of one height, in order. */
export type Parts = readonly Multivector[];

/** Columns of a block in a multivector of their own. */
export async function someColumns(W: Multivector, start: number, end: number, space: Space): Promise<Multivector> {
  if (start === 0 && end === W.cols) return W;
  const part = await space.allocate(end - start);
  await part.writeColumns(0, await W.readColumns(start, end));
  return part;
}

/** Multivectors side by side, without those that have no columns. */
export async function beside(parts: Parts, space: Space): Promise<Multivector> {
  const filled = parts.filter(({ cols }) => cols > 0);
  if (filled.length === 1) return filled[0]!;
  return concatenate(filled, await space.allocate(filled.reduce((total, { cols }) => total + cols, 0)));
}

/** The parts with one more block at the end. Narrow ends are joined, so multivectors that were part of it may go. */
export async function append(parts: Parts, block: Multivector, space: Space): Promise<Parts> {
  const last = parts.at(-1);
  if (!last || last.cols + block.cols > JOINED_COLUMNS) return [...parts, block];
  return [...parts.slice(0, -1), await beside([last, block], space)];
}

/** [parts] C as one multivector, C with one row for each column of the basis. */
export async function combine(parts: Parts, C: Matrix, space: Space, context: VerbContext): Promise<Multivector> {
  const out = await space.allocate(C.cols);
  let first = 0;
  for (const part of parts) {
    const rows = subMatrix(C, first, first + part.cols, 0, C.cols);
    for (let at = 0; at < rows.data.length; at++) rows.data[at]! *= -1;
    await subtractTimes(out, part, rows, context);
    first += part.cols;
  }
  return out;
}
