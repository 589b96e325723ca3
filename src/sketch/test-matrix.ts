/** The random n x k test matrix, made column block by column block wherever it is needed. */
import { type Block, recycled, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import type { Distribution, StreamKey } from '../core/random.ts';
import { breathe } from '../core/schedule.ts';
import { fillColumns } from '../linalg/kernels/random-columns.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';

/** The distributions a sketch can be drawn from, as the `testMatrix` option names them. */
export const TEST_MATRICES: readonly Distribution[] = ['gaussian', 'rademacher', 'sparseSign'];

/** An n x cols random matrix Omega, known by its stream: columns can be made anywhere, any number of times. */
export interface TestMatrix {
  distribution: Distribution;
  key: StreamKey;
  rows: number;
  cols: number;
  /** Column of the stream that is this matrix's first column. */
  firstColumn?: number;
}

/** Columns `start..end` of a test matrix, in `into` if given: a block of that shape and type. */
export async function testColumns(
  Omega: TestMatrix,
  start: number,
  end: number,
  dtype: DType,
  into: Block = zeros(Omega.rows, end - start, dtype),
): Promise<Block> {
  await fillColumns(into, Omega.distribution, Omega.key, (Omega.firstColumn ?? 0) + start);
  return into;
}

/** The whole test matrix as a multivector. */
export async function materialise(
  Omega: TestMatrix,
  space: Space,
  blockSize: number,
  signal?: AbortSignal,
): Promise<Multivector> {
  const out = await space.allocate(Omega.cols);
  const block = recycled(Omega.rows, Math.min(blockSize, Omega.cols), space.dtype);
  for (let start = 0; start < Omega.cols; start += blockSize) {
    const end = Math.min(start + blockSize, Omega.cols);
    await out.writeColumns(start, await testColumns(Omega, start, end, space.dtype, block(end - start)));
    await breathe(signal);
  }
  return out;
}
