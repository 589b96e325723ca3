/** The small singular value decomposition: against spectra that matrices were made with, and the law that it is one. */
import { type Matrix, zeroMatrix } from '../../src/core/block.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { distanceFromIdentity, transpose } from '../../src/linalg/small.ts';
import { smallSvd } from '../../src/linalg/svd.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, matrixOf, randomMatrix } from './wasm-cases.ts';

const { gemm } = jsKernels;

/** Orthonormal columns, as ml-matrix's eigenvectors are. */
async function orthonormal(rows: number, cols: number, seed: number): Promise<Matrix> {
  const R = randomMatrix(rows, rows, seed);
  const { vectors } = await jsKernels.eigh(
    matrixOf(rows, rows, (i, j) => R.data[i * rows + j]! + R.data[j * rows + i]!),
  );
  return matrixOf(rows, cols, (i, j) => vectors.data[i * rows + j]!);
}

const diagonal = (values: readonly number[]): Matrix =>
  matrixOf(values.length, values.length, (i, j) => (i === j ? values[i]! : 0));

async function expectDecomposition(A: Matrix): Promise<Float64Array> {
  const { U, values, V } = await smallSvd(A, jsKernels);
  const size = Math.min(A.rows, A.cols);
  expect([U.rows, U.cols, V.rows, V.cols, values.length]).toEqual([A.rows, size, A.cols, size, size]);
  expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
  for (const Q of [U, V])
    expect(distanceFromIdentity(await gemm(Q, Q, { transA: true }))).toBeLessThan(1e-13 * size + 1e-15);
  const back = await gemm(await gemm(U, diagonal(Array.from(values))), V, { transB: true });
  if (values[0]! > 0) expect(distance(back.data, A.data)).toBeLessThan(1e-13);
  return values;
}

describe.each([
  ['graded', (j: number) => 10 ** (-j / 3)],
  ['flat', () => 1],
  ['in clusters', (j: number) => 1 + (j % 3)],
  ['of rank 4', (j: number) => (j < 4 ? 4 - j : 0)],
])('singular values %s', (_, value) => {
  test.each([
    [6, 6],
    [17, 9],
    [9, 17],
    [40, 40],
    [70, 33],
  ])('%i x %i', async (rows, cols) => {
    const size = Math.min(rows, cols);
    const made = Array.from({ length: size }, (_, j) => value(j));
    const [U, V] = [await orthonormal(rows, size, 1), await orthonormal(cols, size, 2)];
    const values = await expectDecomposition(await gemm(await gemm(U, diagonal(made)), V, { transB: true }));
    const sorted = made.sort((a, b) => b - a);
    for (const [j, found] of values.entries()) expect(Math.abs(found - sorted[j]!)).toBeLessThan(1e-13 * sorted[0]!);
  });
});

test('a short column has all its digits: diagonal scaling from the right does not hurt', async () => {
  const Q = await orthonormal(20, 20, 3);
  const lengths = Array.from({ length: 20 }, (_, j) => 10 ** -(j * 5));
  const { values } = await smallSvd(await gemm(Q, diagonal(lengths)), jsKernels);
  for (const [j, found] of values.entries()) expect(found / lengths[j]!).toBeCloseTo(1, 12);
});

test.each([1e-250, 1e250])('entries of size %s neither vanish nor overflow', async (size) => {
  const A = randomMatrix(12, 12, 4);
  const scaled = { ...A, data: A.data.map((entry) => entry * size) };
  const [plain, values] = [(await smallSvd(A, jsKernels)).values, (await smallSvd(scaled, jsKernels)).values];
  for (const [j, found] of values.entries()) expect(found / size / plain[j]!).toBeCloseTo(1, 12);
});

test('zeros and nothing', async () => {
  expect(Array.from(await expectDecomposition(zeroMatrix(5, 3)))).toEqual([0, 0, 0]);
  const { U, values, V } = await smallSvd(zeroMatrix(4, 0), jsKernels);
  expect([U.rows, U.cols, values.length, V.rows]).toEqual([4, 0, 0, 0]);
});

test('the transposed matrix has the two bases exchanged', async () => {
  const A = randomMatrix(8, 5, 5);
  const [one, other] = [await smallSvd(A, jsKernels), await smallSvd(transpose(A), jsKernels)];
  expect(other.U).toEqual(one.V);
  expect(other.V).toEqual(one.U);
});
