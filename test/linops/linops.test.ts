import {
  denseOperator,
  diagonalOperator,
  fromMatvec,
  type LinearOperator,
  lowRankOperator,
  product,
  sum,
} from '../../src/index.ts';
import { scaledOperator } from '../../src/linops/at-scale.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, identity, multiply, randomBlock, toDense, transposed } from '../support/matrices.ts';

const A = randomBlock(9, 6, 1);
const S = multiply(A, transposed(A));
const U = randomBlock(9, 3, 2);
const V = randomBlock(6, 3, 3);
const UDV = multiply({ ...U, data: U.data.map((v, at) => v * [2, -1, 0.5][at % 3]!) } as typeof U, transposed(V));

const cases: [string, LinearOperator, () => ReturnType<typeof multiply>][] = [
  ['dense block', denseOperator(A), () => A],
  ['dense typed array', denseOperator(A.data, [9, 6]), () => A],
  ['dense symmetric', denseOperator(S), () => S],
  ['dense float32', denseOperator(Float32Array.from(A.data), [9, 6]), () => A],
  [
    'diagonal',
    diagonalOperator([1, -2, 3]),
    () => ({ rows: 3, cols: 3, data: Float64Array.of(1, 0, 0, 0, -2, 0, 0, 0, 3) }),
  ],
  ['low rank, two factors', lowRankOperator(U, [2, -1, 0.5], V), () => UDV],
  [
    'sum',
    sum([denseOperator(A), lowRankOperator(U, [2, -1, 0.5], V)], [2, -1]),
    () => {
      return { ...A, data: (A.data as Float64Array).map((v, at) => 2 * v - UDV.data[at]!) };
    },
  ],
  ['product', product([denseOperator(transposed(A)), denseOperator(A)]), () => multiply(transposed(A), A)],
  [
    'from a function of a vector',
    fromMatvec({
      shape: [9, 6],
      dtype: 'float64',
      matvec: (x) => multiply(A, { rows: 6, cols: 1, data: x }).data,
      adjoint: async (y) => Array.from(multiply(transposed(A), { rows: 9, cols: 1, data: y }).data),
    }),
    () => A,
  ],
  [
    'from a function of a block',
    fromMatvec({
      shape: [9, 6],
      dtype: 'float64',
      matmat: async (X) => multiply(A, X),
      adjoint: { matmat: (Y) => multiply(transposed(A), Y) },
    }),
    () => A,
  ],
];

describe.each(['float32', 'float64'] as const)('terms that add their products to a sum, %s', (dtype) => {
  const factor = randomBlock(9, 3, 4, dtype);
  const d = randomBlock(9, 1, 5, dtype).data;
  const weights = [-2, 0.5, 3, 1];
  const terms = [
    diagonalOperator(d),
    lowRankOperator(factor, [1, -2, 3]),
    denseOperator(randomBlock(9, 9, 6, dtype)),
    diagonalOperator(d),
  ];

  test.each([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 1, 0], [0], [1]])('in the order %j', async (...order) => {
    const S = sum(
      order.map((i) => terms[i]!),
      order.map((i) => weights[i]!),
    );
    const expected = identity(9).data.fill(0);
    for (const i of order) {
      const { data } = await toDense(terms[i]!);
      for (let at = 0; at < expected.length; at++) expected[at]! += weights[i]! * data[at]!;
    }
    const rounding = dtype === 'float32' ? 4e-6 : 1e-14;
    expect(distance(await toDense(S), { rows: 9, cols: 9, data: expected })).toBeLessThan(rounding);
    // for a block of the other type, and into memory that holds something else
    const X = identity(9, dtype === 'float32' ? 'float64' : 'float32');
    const out = { rows: 9, cols: 9, data: (await toDense(S)).data.fill(Number.NaN) };
    expect(distance(await S.matmat(X, out), { rows: 9, cols: 9, data: expected })).toBeLessThan(rounding);
  });

  test('an operator that is derived from such a term adds what it multiplies', async () => {
    const scaled = scaledOperator(diagonalOperator(d), { exponent: 3 }).op;
    const S = sum([terms[2]!, scaled]);
    const expected = (await toDense(terms[2]!)).data;
    for (let i = 0; i < 9; i++) expected[10 * i]! += 8 * d[i]!;
    expect(distance(await toDense(S), { rows: 9, cols: 9, data: expected })).toBeLessThan(4e-6);
  });
});

describe('operator laws', () => {
  test.each(cases)(
    '%s: its products are those of its matrix, and its adjoint those of the transpose',
    async (_, op, matrix) => {
      const tolerance = op.dtype === 'float32' ? 1e-6 : 1e-13;
      expect(op.shape).toEqual([matrix().rows, matrix().cols]);
      expect(distance(matrix(), await toDense(op))).toBeLessThan(tolerance);
      expect(op.adjointMatmat).toBeDefined();
      const adjoint = await op.adjointMatmat!(identity(op.shape[0], op.dtype));
      expect(distance(transposed(matrix()), adjoint)).toBeLessThan(tolerance);
    },
  );

  test.each(cases)('%s: blocks are products of single columns', async (_, op) => {
    const X = randomBlock(op.shape[1], 5, 4, op.dtype);
    const whole = await op.matmat(X);
    for (let j = 0; j < 5; j++) {
      const x = { rows: X.rows, cols: 1, data: X.data.filter((_, at) => at % 5 === j) } as typeof X;
      const y = await op.matmat(x);
      for (let i = 0; i < y.rows; i++)
        expect(whole.data[i * 5 + j]).toBeCloseTo(y.data[i]!, op.dtype === 'float32' ? 5 : 13);
    }
  });
});

test('flags are set where they are known', () => {
  expect(denseOperator(S).selfAdjoint).toBe(true);
  expect(
    denseOperator([
      [1, 2],
      [3, 4],
    ]).selfAdjoint,
  ).toBeUndefined();
  expect(diagonalOperator([1, 2]).psd).toBe(true);
  expect(diagonalOperator([1, -2]).psd).toBe(false);
  expect(lowRankOperator(U, [1, 2, 3]).psd).toBe(true);
  expect(sum([diagonalOperator([1, 2]), diagonalOperator([3, 4])]).psd).toBe(true);
  expect(sum([diagonalOperator([1, 2]), diagonalOperator([3, 4])], [1, -1]).psd).toBeUndefined();
  expect(sum([diagonalOperator(new Float32Array(2)), diagonalOperator([3, 4])]).dtype).toBe('float64');
});

describe('bad input is refused with its sizes', () => {
  const two = diagonalOperator([1, 2]);
  const three = diagonalOperator([1, 2, 3]);
  test.each<[string, () => unknown, string]>([
    ['ragged rows', () => denseOperator([[1, 2], [3]]), 'denseOperator: row 1 has 1 entries, row 0 has 2'],
    ['no shape', () => denseOperator(new Float64Array(4)), 'denseOperator: a typed array needs a shape [rows, cols]'],
    ['wrong length', () => denseOperator(new Float64Array(5), [2, 2]), 'denseOperator: 2 x 2 needs 4 numbers, got 5'],
    ['empty', () => denseOperator([]), 'denseOperator: rows must be an integer at least 1, got 0'],
    ['empty diagonal', () => diagonalOperator([]), 'diagonalOperator: length must be an integer at least 1, got 0'],
    ['low rank weights', () => lowRankOperator(U, [1, 2]), 'lowRankOperator: U has 3 columns, d has 2 entries'],
    ['empty sum', () => sum([]), 'sum: at least one operator is needed'],
    ['sum shapes', () => sum([two, three]), 'sum: shapes 2 x 2 and 3 x 3 differ'],
    ['sum weights', () => sum([two, two], [1]), 'sum: 2 operators and 1 weights'],
    ['product shapes', () => product([two, three]), 'product: factor 0 is 2 x 2, factor 1 is 3 x 3'],
    [
      'no function',
      () => fromMatvec({ shape: [2, 2], dtype: 'float64' }),
      'fromMatvec: give a matvec or a matmat function',
    ],
    [
      'unknown dtype',
      () => fromMatvec({ shape: [2, 2], dtype: 'float16' as never, matvec: (x) => x }),
      "fromMatvec: dtype must be one of 'float32', 'float64', got 'float16'",
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  test('a function that returns the wrong length or kind says so at the product', async () => {
    const short = fromMatvec({ shape: [3, 3], dtype: 'float64', matvec: (x) => x.subarray(1) });
    await expect(toDense(short)).rejects.toThrow('fromMatvec: the function returned 2 numbers instead of 3');
    const nothing = fromMatvec({ shape: [3, 3], dtype: 'float64', matvec: () => undefined as never });
    await expect(toDense(nothing)).rejects.toThrow(
      'fromMatvec: the function must return a typed array or an array of numbers',
    );
  });
});
