import { type Matrix, zeroMatrix } from '../../src/core/block.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { afterAll, describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { distance, matrixOf, randomMatrix, uniform } from './wasm-cases.ts';

const wasm = await loadWasmKernels();
afterAll(() => wasm.close());

const identity = (n: number): Matrix => matrixOf(n, n, (i, j) => (i === j ? 1 : 0));

const diagonal = (values: number[]): Matrix =>
  matrixOf(values.length, values.length, (i, j) => (i === j ? values[i]! : 0));

function symmetric(n: number, seed: number): Matrix {
  const A = randomMatrix(n, n, seed);
  return matrixOf(n, n, (i, j) => A.data[i * n + j]! + A.data[j * n + i]!);
}

function tridiagonal(d: number[], e: number[]): Matrix {
  return matrixOf(d.length, d.length, (i, j) => (i === j ? d[i]! : Math.abs(i - j) === 1 ? e[Math.min(i, j)]! : 0));
}

/** H diag(values) H with H = product of a few random reflectors: a dense matrix with this spectrum. */
function withSpectrum(values: number[], seed: number): Matrix {
  const n = values.length;
  const A = diagonal(values);
  const draw = uniform(seed);
  for (let round = 0; round < 3; round++) {
    const v = Array.from({ length: n }, draw);
    const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < n; i++) v[i]! /= norm;
    const p = v.map((_, i) => v.reduce((sum, x, j) => sum + A.data[i * n + j]! * x, 0));
    const half = v.reduce((sum, x, i) => sum + x * p[i]!, 0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) A.data[i * n + j]! += 4 * half * v[i]! * v[j]! - 2 * (v[i]! * p[j]! + p[i]! * v[j]!);
    }
  }
  return matrixOf(n, n, (i, j) => 0.5 * (A.data[i * n + j]! + A.data[j * n + i]!));
}

/** A V = V diag(w) and V^T V = I to rounding, w ascending, and the trace is kept. */
async function expectEigenpairs(A: Matrix): Promise<Float64Array> {
  const n = A.rows;
  const original = A.data.slice();
  const { values, vectors } = await wasm.eigh(A);
  expect(A.data).toEqual(original);
  expect([values.length, vectors.rows, vectors.cols, vectors.data.length]).toEqual([n, n, n, n * n]);
  const norm = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const tolerance = 4e-15 * Math.sqrt(n) + 2e-15;
  const AV = await jsKernels.gemm(A, vectors);
  expect(distance(AV.data, matrixOf(n, n, (i, j) => vectors.data[i * n + j]! * values[j]!).data)).toBeLessThanOrEqual(
    tolerance * norm,
  );
  const VtV = await jsKernels.gemm(vectors, vectors, { transA: true });
  expect(distance(VtV.data, identity(n).data)).toBeLessThanOrEqual(tolerance);
  expect([...values]).toEqual([...values].sort((a, b) => a - b));
  const trace = A.data.reduce((sum, entry, at) => (at % (n + 1) === 0 ? sum + entry : sum), 0);
  expect(Math.abs(values.reduce((sum, value) => sum + value, 0) - trace)).toBeLessThanOrEqual(n * tolerance * norm);
  return values;
}

test('every order from 0 to 70, and orders on the team of threads', async () => {
  for (let n = 0; n <= 70; n += n < 12 || long ? 1 : 5) await expectEigenpairs(symmetric(n, n + 1));
  for (const n of long ? [95, 128, 129, 200, 333, 500] : [129, 333]) await expectEigenpairs(symmetric(n, n));
});

test('eigenvalues agree with the reference', async () => {
  for (const n of [3, 20, 50, 100, 180]) {
    const A = symmetric(n, 5);
    expect(distance((await wasm.eigh(A)).values, (await jsKernels.eigh(A)).values)).toBeLessThan(1e-13 * n);
  }
});

test('the second difference matrix has the eigenvalues 2 - 2 cos(pi i / (n + 1))', async () => {
  for (const n of long ? [1, 2, 33, 100, 400] : [1, 2, 33, 100, 260]) {
    const values = await expectEigenpairs(tridiagonal(Array(n).fill(2), Array(n).fill(-1)));
    const expected = Array.from({ length: n }, (_, i) => 2 - 2 * Math.cos((Math.PI * (i + 1)) / (n + 1)));
    expect(distance(values, expected)).toBeLessThan(1e-14);
  }
});

test('only the symmetric part of a matrix is meant', async () => {
  const A = randomMatrix(90, 90, 6);
  const half = matrixOf(90, 90, (i, j) => 0.5 * A.data[i * 90 + j]! + 0.5 * A.data[j * 90 + i]!);
  expect((await wasm.eigh(A)).values).toEqual((await wasm.eigh(half)).values);
});

const range = (n: number, value: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => value(i));

/** Wilkinson's W+ of odd order n: pairs of eigenvalues that agree to machine precision. */
const wilkinson = (n: number): number[] => range(n, (i) => Math.abs(i - (n - 1) / 2));

describe.each(long ? [20, 21, 64, 150, 260] : [20, 21, 64, 150])('hard matrices of order %i', (n) => {
  const cases: [string, () => Matrix][] = [
    ['identity', () => identity(n)],
    ['zero', () => zeroMatrix(n, n)],
    ['rank one', () => matrixOf(n, n, (i, j) => (i + 1) * (j + 1))],
    ['all ones', () => matrixOf(n, n, () => 1)],
    ['Wilkinson', () => tridiagonal(wilkinson(n), Array(n).fill(1))],
    [
      'glued Wilkinson',
      () =>
        tridiagonal(
          range(n, (i) => wilkinson(21)[i % 21]!),
          range(n, (i) => (i % 21 === 20 ? 1e-8 : 1)),
        ),
    ],
    [
      'glued Wilkinson, tighter',
      () =>
        tridiagonal(
          range(n, (i) => wilkinson(21)[i % 21]!),
          range(n, (i) => (i % 21 === 20 ? 1e-14 : 1)),
        ),
    ],
    ['graded down', () => matrixOf(n, n, (i, j) => 10 ** -(i + j) * (i === j ? 2 : 1))],
    ['graded up', () => matrixOf(n, n, (i, j) => 10 ** (i + j - 2 * n) * (i === j ? 2 : 1))],
    ['graded diagonal', () => diagonal(range(n, (i) => 10 ** -i))],
    [
      'graded spectrum',
      () =>
        withSpectrum(
          range(n, (i) => 10 ** -i),
          7,
        ),
    ],
    [
      'clustered at 1',
      () =>
        withSpectrum(
          range(n, (i) => 1 + 1e-14 * i),
          8,
        ),
    ],
    [
      'one apart from a cluster',
      () =>
        withSpectrum(
          range(n, (i) => (i === 0 ? 1 : 1e-16 * i)),
          9,
        ),
    ],
    [
      'three multiple eigenvalues',
      () =>
        withSpectrum(
          range(n, (i) => i % 3),
          10,
        ),
    ],
    [
      'plus and minus one',
      () =>
        withSpectrum(
          range(n, (i) => (i % 2 === 0 ? 1 : -1)),
          11,
        ),
    ],
    [
      'low rank',
      () =>
        withSpectrum(
          range(n, (i) => (i < 5 ? i + 1 : 0)),
          12,
        ),
    ],
    [
      'pairs to the last bit',
      () =>
        withSpectrum(
          range(n, (i) => (i >> 1) * (1 + (i % 2) * 2 ** -50)),
          13,
        ),
    ],
    ['block diagonal', () => matrixOf(n, n, (i, j) => (i >> 3 === j >> 3 ? 1 / (1 + Math.abs(i - j)) : 0))],
    ['arrow', () => matrixOf(n, n, (i, j) => (i === j ? i : i === 0 || j === 0 ? 1 : 0))],
    ['Hilbert', () => matrixOf(n, n, (i, j) => 1 / (i + j + 1))],
    ['tiny', () => matrixOf(n, n, (i, j) => 1e-300 / (1 + Math.abs(i - j)))],
    ['huge', () => matrixOf(n, n, (i, j) => 1e300 / (1 + Math.abs(i - j)))],
    ['one entry off the diagonal', () => matrixOf(n, n, (i, j) => (i + j === n && Math.abs(i - j) === n - 2 ? 1 : 0))],
    ['tiny entries beside large ones', () => matrixOf(n, n, (i, j) => (i === j ? 1 : 1e-170 * (1 + ((i * j) % 7))))],
    [
      'constant diagonal, weak coupling',
      () =>
        tridiagonal(
          Array(n).fill(1),
          range(n, (i) => 1e-15 * (i % 3)),
        ),
    ],
    [
      'two scales',
      () =>
        tridiagonal(
          range(n, (i) => (i < n / 2 ? 1 : 1e-12)),
          Array(n).fill(1e-13),
        ),
    ],
  ];
  test.each(cases)('%s', async (_, make) => {
    await expectEigenpairs(make());
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is a NumericalError', async (value) => {
  for (const n of [1, 5, 120]) {
    const A = symmetric(n, 14);
    A.data[n * n - 1] = value;
    await expect(wasm.eigh(A)).rejects.toMatchObject({ code: 'NUMERICAL' });
    await expect(wasm.eigh(symmetric(n, 15))).resolves.toBeDefined();
  }
});

test('the same matrix gives the same bits, whatever ran before', async () => {
  const A = symmetric(150, 16);
  const first = await wasm.eigh(A);
  await wasm.eigh(symmetric(170, 17));
  const second = await wasm.eigh(A);
  expect(second.values).toEqual(first.values);
  expect(second.vectors.data).toEqual(first.vectors.data);
});
