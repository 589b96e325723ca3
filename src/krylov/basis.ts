/** An orthonormal basis that grows by a few columns at a time: column blocks side by side, in memory or on disk. */
import { asDType, type Matrix, negated } from '../core/block.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { subMatrix, transpose } from '../linalg/small.ts';
import type { ColumnStore, Multivector, Space } from '../multivector/multivector.ts';
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

/** Columns that lie one after the other are allocated so many at a time. */
const STORED_COLUMNS = 16;

/** Room for columns that lie one after the other, in the kernels' own memory where they have some for such columns. */
const allocateColumns = async (capacity: number, space: Space, { columns }: Kernels): Promise<ColumnStore> =>
  space.allocateColumns!(capacity, await columns?.lend(space.dtype, space.rows, capacity));

/** The stores with one more block at the end, which is used up. */
async function store(stores: Parts, block: Multivector, space: Space, kernels: Kernels): Promise<Parts> {
  const data = await block.readColumns(0, block.cols);
  const last = stores.at(-1) as ColumnStore | undefined;
  const first = last?.cols ?? 0;
  const hasRoom = last?.widen(block.cols) === true;
  const target = hasRoom ? last : await allocateColumns(Math.max(STORED_COLUMNS, block.cols), space, kernels);
  if (!hasRoom) target.widen(block.cols);
  await target.writeColumns(hasRoom ? first : 0, data);
  await space.release(block);
  return hasRoom ? stores : [...stores, target];
}

/**
 * The parts with one more block at the end, which is used up where narrow parts at the end are joined, as they are. With `kernels`
 * it is kept column by column, for these.
 */
export async function append(parts: Parts, block: Multivector, space: Space, kernels?: Kernels): Promise<Parts> {
  if (kernels && space.allocateColumns) return store(parts, block, space, kernels);
  let all = [...parts, block];
  for (const width of JOINED_COLUMNS) {
    const first = all.findLastIndex(({ cols }) => cols >= width) + 1;
    const narrow = all.slice(first);
    const cols = narrow.reduce((total, part) => total + part.cols, 0);
    if (narrow.length > 1 && cols >= width) all = [...all.slice(0, first), await join(narrow, space)];
  }
  return all;
}

/** The rows of C that belong to each of the parts. */
function rowsByPart(parts: Parts, C: Matrix): Matrix[] {
  let first = 0;
  return parts.map(({ cols }) => {
    const rows = subMatrix(C, first, first + cols, 0, C.cols);
    first += cols;
    return rows;
  });
}

/** [parts] C as one multivector that is kept as the parts are, C with one row for each column of the basis. */
export async function combineAlike(parts: Parts, C: Matrix, space: Space, context: VerbContext): Promise<Multivector> {
  const factors = rowsByPart(parts, C);
  if (!parts.some(({ transposed }) => transposed)) {
    const out = await space.allocate(C.cols);
    for (const [at, rows] of factors.entries()) {
      if (at === 0) await times(parts[at]!, rows, out, context);
      else await subtractTimes(out, parts[at]!, negated(rows), context);
    }
    return out;
  }
  const { kernels } = context;
  const out = await allocateColumns(C.cols, space, kernels);
  out.widen(C.cols);
  const all = parts.map(({ transposed }) => transposed);
  if (await kernels.columns?.combine(all, factors.map(transpose), out.transposed)) return out;
  for (const [at, rows] of factors.entries()) {
    const columns = all[at]!;
    const left = asDType(transpose(at === 0 ? rows : negated(rows)), out.dtype);
    if (at === 0) await kernels.times(left, columns, out.transposed);
    else await kernels.subtract(left, columns, out.transposed);
  }
  return out;
}

/** [parts] C as one multivector. */
export async function combine(parts: Parts, C: Matrix, space: Space, context: VerbContext): Promise<Multivector> {
  const combined = await combineAlike(parts, C, space, context);
  if (!combined.transposed) return combined;
  const out = await space.allocate(C.cols);
  await combined.readColumns(0, C.cols, await out.readColumns(0, C.cols));
  await space.release(combined);
  return out;
}
