/** Products written to memory that a caller lends, and multivectors in memory that others have left. */
import { describe, expect, test } from '@jest/globals';
import { type Block, zeros } from '../../src/core/block.ts';
import { type DType, dtypeOf } from '../../src/core/dtype.ts';
import {
  denseOperator,
  diagonalOperator,
  fromMatvec,
  type LinearOperator,
  lowRankOperator,
  seigh,
  sum,
} from '../../src/index.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { distance, randomBlock } from '../support/matrices.ts';

const n = 40;
const U = randomBlock(n, 3, 1);
const OPERATORS: Record<string, LinearOperator> = {
  dense: denseOperator(randomBlock(n, n, 2)),
  diagonal: diagonalOperator(Float64Array.from({ length: n }, (_, i) => i - 7)),
  'low rank': lowRankOperator(U, [1, -2, 3]),
  'sum of two': sum([diagonalOperator(new Float64Array(n).fill(2)), lowRankOperator(U, [1, 1, 1])], [3, -1]),
  'sum of mixed types': sum([diagonalOperator(new Float32Array(n).fill(2)), lowRankOperator(U, [1, 1, 1])]),
};

describe.each(Object.entries(OPERATORS))('%s', (_, op) => {
  test('a product in lent memory of any content is the product, in that memory', async () => {
    const X = randomBlock(n, 5, 3);
    const out: Block = zeros(n, 5, op.dtype);
    out.data.fill(Number.NaN);
    const expected = await op.matmat(X);
    const got = await op.matmat(X, out);
    expect(got.data).toBe(out.data);
    expect(distance(got, expected)).toBe(0);
    expect((await op.matmat(X)).data).not.toBe(out.data);
  });
});

test('an operator that answers with its argument, and one that answers in another type, are decomposed right', async () => {
  const identity: LinearOperator = { shape: [n, n], dtype: 'float64', selfAdjoint: true, matmat: (X) => X };
  const { eigenvalues } = await seigh(identity, 7, { blockSize: 3 });
  for (const value of eigenvalues) expect(Math.abs(value - 1)).toBeLessThan(1e-12);
  const narrow = fromMatvec({
    shape: [n, n],
    dtype: 'float64',
    selfAdjoint: true,
    matmat: ({ rows, cols, data }) => ({ rows, cols, data: Float32Array.from(data, (value) => 2 * value) }),
  });
  const twice = await seigh(narrow, 7, { blockSize: 3 });
  for (const value of twice.eigenvalues) expect(Math.abs(value - 2)).toBeLessThan(1e-6);
});

test.each<DType>(['float32', 'float64'])(
  '%s: live multivectors never share memory, released memory is used again',
  async (dtype) => {
    const space = hostSpace(10, dtype);
    const buffers = new Set<ArrayBufferLike>();
    const memoryOf = async (cols: number) => {
      const M = await space.allocate(cols);
      const { data } = await M.readRows(0, 10);
      expect([data.length, dtypeOf(data)]).toEqual([10 * cols, dtype]);
      return { M, buffer: data.buffer };
    };
    const first = await memoryOf(6);
    const second = await memoryOf(4);
    for (const { buffer } of [first, second]) buffers.add(buffer);
    expect(buffers.size).toBe(2);
    await space.release(first.M);
    await space.release(first.M);
    const third = await memoryOf(5);
    const fourth = await memoryOf(5);
    expect(third.buffer).toBe(first.buffer);
    expect([first.buffer, second.buffer]).not.toContain(fourth.buffer);
  },
);
