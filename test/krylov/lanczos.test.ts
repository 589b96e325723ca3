/** lanczos: A = V T V^T where it must be, through breakdowns, and the classical three-term relation where it is cut short. */
import { expect, test } from '@jest/globals';
import { denseOperator, diagonalOperator, lanczos, type Tridiagonal } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import {
  distance,
  frobenius,
  multiply,
  orthonormalityDefect,
  randomBlock,
  toDense,
  transposed,
} from '../support/matrices.ts';

function dense({ diagonal, offDiagonal }: Tridiagonal): { rows: number; cols: number; data: Float64Array } {
  const m = diagonal.length;
  const data = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    data[i * m + i] = diagonal[i]!;
    if (i + 1 < m) data[i * m + i + 1] = data[(i + 1) * m + i] = offDiagonal[i]!;
  }
  return { rows: m, cols: m, data };
}

const spectra: Record<string, number[]> = {
  distinct: Array.from({ length: 40 }, (_, i) => Math.sin(i + 1)),
  'three values': Array.from({ length: 40 }, (_, i) => [5, -1, 0][i % 3]!),
  'low rank': Array.from({ length: 40 }, (_, i) => (i < 4 ? i + 1 : 0)),
  identity: new Array(40).fill(1),
  zero: new Array(40).fill(0),
};

test.each(Object.keys(spectra))('order n gives A = V T V^T to rounding: %s', async (name) => {
  for (const [dtype, tolerance] of [
    ['float64', 1e-13],
    ['float32', 1e-5],
  ] as const) {
    const A = operatorWithSpectrum(spectra[name]!, { seed: 3, dtype });
    const { V, T, residualNorm, numMatvecs } = await lanczos(A, 40, { seed: 1 });
    const block = await V.toBlock();
    const product = multiply(multiply(block, dense(T)), transposed(block));
    expect(distance(await toDense(A), product)).toBeLessThan(tolerance * 40);
    expect(await orthonormalityDefect(V)).toBeLessThan(tolerance);
    expect(residualNorm).toBeLessThan(tolerance * 40);
    expect(numMatvecs).toBe(40);
  }
});

test('a linear model: order = features gives 2 X^T X / N', async () => {
  const X = randomBlock(30, 12, 5);
  const H = multiply(transposed(X), X);
  H.data = H.data.map((value) => (2 * value) / 30);
  const { V, T } = await lanczos(denseOperator(H), 12);
  const block = await V.toBlock();
  expect(distance(H, multiply(multiply(block, dense(T)), transposed(block)))).toBeLessThan(1e-14 * frobenius(H) * 12);
});

test('krylovOrder counts the distinct eigenvalues that the start vector sees', async () => {
  const A = diagonalOperator([5, 5, 5, 2, 2, 1, 0, 0]);
  expect((await lanczos(A, 8)).krylovOrder).toBe(4);
  const start = Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0]);
  const { krylovOrder, T } = await lanczos(A, 3, { start });
  expect(krylovOrder).toBe(2);
  expect(T.offDiagonal[1]).toBe(0);
});

test('cut short, A V - V T is the residual norm stated and V starts with the start vector', async () => {
  const A = operatorWithSpectrum(spectra.distinct!, { seed: 2 });
  const start = Float64Array.from({ length: 40 }, (_, i) => 1 + (i % 7));
  const { V, T, residualNorm } = await lanczos(A, 9, { start });
  const block = await V.toBlock();
  const AV = await A.matmat(block);
  expect(distance(AV, multiply(block, dense(T)))).toBeCloseTo(residualNorm, 12);
  const length = Math.hypot(...start);
  const sign = Math.sign(block.data[0]!);
  for (const [i, value] of start.entries()) expect(sign * block.data[i * 9]!).toBeCloseTo(value / length, 13);
});

test('a start vector of 200,000 entries', async () => {
  const A = diagonalOperator(Float32Array.from({ length: 200_000 }, (_, i) => (i % 2 ? 1 : 3)));
  const { T, krylovOrder } = await lanczos(A, 2, { start: new Float32Array(200_000).fill(1) });
  // half of the vector at each eigenvalue: mean 2, deviation 1
  expect(krylovOrder).toBe(2);
  for (const [value, exact] of [...T.diagonal, ...T.offDiagonal].map((value, i) => [value, [2, 2, 1][i]!] as const)) {
    expect(Math.abs(value - exact)).toBeLessThan(1e-5);
  }
});

test('bad input', async () => {
  const A = diagonalOperator([3, 2, 1]);
  await expect(lanczos(A, 4)).rejects.toThrow('lanczos: order must be an integer in 1..3, got 4 for n = 3');
  await expect(lanczos(A, 2, { start: new Float64Array(3) })).rejects.toThrow(
    'lanczos: start must have a finite length above 0, got 0',
  );
  await expect(lanczos(A, 2, { start: new Float64Array(2) })).rejects.toThrow('lanczos: start: ');
  const skew = denseOperator(randomBlock(10, 10, 1).data, [10, 10]);
  await expect(lanczos(skew, 5)).rejects.toThrow('lanczos: the operator is not symmetric');
});
