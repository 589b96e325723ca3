/**
 * Products written to memory that a caller lends, and multivectors in memory that others have left.
 *
 * @own-process other files leave memory, too
 */
import { type DType, dtypeOf } from '../../src/core/dtype.ts';
import {
  denseOperator,
  diagonalOperator,
  eigsh,
  fromMatvec,
  type LinearOperator,
  lowRankOperator,
  nystromPreconditioner,
  product,
  seigh,
  ssvd,
  sum,
} from '../../src/index.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { lentMemoryLaw } from '../laws/lent-memory.ts';
import { describe, expect, test } from '../support/jest.ts';
import { identity, multiply, randomBlock } from '../support/matrices.ts';

const n = 40;
const U = randomBlock(n, 3, 1);
const S = sum([diagonalOperator(Float64Array.from({ length: n }, (_, i) => i + 1)), lowRankOperator(U, [5, 6, 7])]);

/** Every kind of operator, and whether its products are written to the memory that is lent. */
const OPERATORS: [string, boolean, () => LinearOperator | Promise<LinearOperator>][] = [
  ['dense', true, () => denseOperator(randomBlock(n, n, 2))],
  ['dense, not square', true, () => denseOperator(randomBlock(n, 7, 2))],
  ['dense, float32', true, () => denseOperator(randomBlock(n, n, 2, 'float32'))],
  ['diagonal', true, () => diagonalOperator(Float64Array.from({ length: n }, (_, i) => i - 7))],
  ['diagonal, float32', true, () => diagonalOperator(Float32Array.from({ length: n }, (_, i) => i - 7))],
  ['low rank', true, () => lowRankOperator(U, [1, -2, 3])],
  ['low rank, two factors', true, () => lowRankOperator(U, [1, -2, 3], randomBlock(7, 3, 4))],
  ['sum of two', true, () => sum([S, lowRankOperator(U, [1, 1, 1])], [3, -1])],
  ['sum of one', true, () => sum([diagonalOperator(new Float64Array(n).fill(2))])],
  [
    'sum of mixed types',
    true,
    () => sum([diagonalOperator(new Float32Array(n).fill(2)), lowRankOperator(U, [1, 1, 1])]),
  ],
  ['product', false, () => product([denseOperator(randomBlock(n, 7, 2)), denseOperator(randomBlock(7, n, 3))])],
  [
    'from a function of a vector',
    false,
    () => fromMatvec({ shape: [n, n], dtype: 'float64', matvec: (x) => x.map((value) => 2 * value) }),
  ],
  [
    'from a function of a block',
    false,
    () => fromMatvec({ shape: [n, n], dtype: 'float64', matmat: (X) => multiply(identity(n), X) }),
  ],
  ['with a given spectrum', false, () => operatorWithSpectrum(Float64Array.from({ length: n }, (_, i) => 1 / (i + 1)))],
  ['result of seigh', false, () => seigh(S, 6)],
  ['result of eigsh', false, () => eigsh(S, 3)],
  ['result of ssvd', false, () => ssvd(denseOperator(randomBlock(n, 7, 2)), 4)],
  ['preconditioner', false, async () => nystromPreconditioner(await seigh(S, 6), { shift: 0.1 })],
];

describe.each(OPERATORS)('%s', (_, takes, make) => lentMemoryLaw(make, { takes }));

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
