/** Where the embedded kernels keep columns that are read with every product: a copy for each would take longer than the reading. */
import type { Block } from '../../../core/block.ts';
import { type DType, dtypeOf } from '../../../core/dtype.ts';
import { embedded } from '../choice.ts';
import type { ColumnMemory } from '../provider.ts';
import { loadSparseEngine, type SparseEngine } from './sparse.ts';

/** Shorter columns are read here in less time than threads take to begin. */
const SHORT = 2 ** 15;

/** The threads that the columns are for, where these are long. */
async function engineFor(dtype: DType, rows: number): Promise<SparseEngine | undefined> {
  return dtype === 'float64' && rows >= SHORT ? embedded(loadSparseEngine) : undefined;
}

const areAll = (parts: readonly (Block | undefined)[]): parts is readonly Block[] => parts.every(Boolean);

/** Columns in the memory that the embedded kernels' threads multiply sparse matrices in. */
export const threadColumns: ColumnMemory = {
  async lend(dtype, rows, count) {
    const engine = await engineFor(dtype, rows);
    const memory = await engine?.lend(rows * count);
    return memory && { memory, giveBack: () => engine!.giveBack(memory) };
  },
  async project(parts, away, x, isMeasured) {
    if (x.cols !== 1 || !areAll(parts)) return undefined;
    const sums = await (await engineFor(dtypeOf(x.data), x.rows))?.project(parts, away, x, isMeasured);
    return sums && { overlap: sums.subarray(0, -1), square: sums.at(-1) ?? 0 };
  },
  async combine(parts, factors, out) {
    if (!areAll(parts)) return false;
    const engine = await engineFor(dtypeOf(out.data), out.cols);
    return (await engine?.combine(parts, factors, out)) === true;
  },
};
