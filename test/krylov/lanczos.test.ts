/** lanczos: A = V T V^T where it must be, through breakdowns, and the classical three-term relation where it is cut short. */
import { denseOperator, diagonalOperator, lanczos, type Tridiagonal } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { expect, test } from '../support/jest.ts';
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

test('what an operator lacks in symmetry, above rounding and below refusal, is in the residual norm', async () => {
  const n = 12;
  const [X, Y] = [randomBlock(n, n, 3), randomBlock(n, n, 4)];
  const Xt = transposed(X);
  const A = denseOperator(
    X.data.map((value, at) => value + Xt.data[at]! + 1e-9 * Y.data[at]!),
    [n, n],
  );
  for (const order of [5, n]) {
    const { V, T, residualNorm } = await lanczos(A, order, { seed: 2 });
    const block = await V.toBlock();
    const difference = distance(await A.matmat(block), multiply(block, dense(T)));
    expect(residualNorm / difference).toBeCloseTo(1, 5);
    expect(difference).toBeGreaterThan(1e-9);
  }
});

test('at every scale: T and the residual norm are multiples, the vectors the same', async () => {
  const values = [3, -2, 1, 0.5, 4, 0];
  const { V, T, residualNorm } = await lanczos(diagonalOperator(values), 3, { seed: 1 });
  for (const scale of [2 ** -700, 2 ** 800]) {
    const scaled = await lanczos(diagonalOperator(values.map((value) => value * scale)), 3, { seed: 1 });
    expect(scaled.T.diagonal).toEqual(T.diagonal.map((value) => value * scale));
    expect(scaled.T.offDiagonal).toEqual(T.offDiagonal.map((value) => value * scale));
    expect(scaled.residualNorm).toBe(residualNorm * scale);
    expect(await scaled.V.toBlock()).toEqual(await V.toBlock());
  }
});

test('says how far it is, hears a signal, and depends on the seed', async () => {
  const A = diagonalOperator([5, 5, 5, 2, 2, 1, 0, 0]);
  const told: unknown[] = [];
  const first = await lanczos(A, 6, { onProgress: (progress) => void told.push(progress), kernels: 'js' });
  expect(told).toEqual([0, 1, 2, 3, 4, 5, 6].map((done) => ({ stage: 'krylov', done, total: 6 })));
  expect(first.kernels).toBe('js');
  const [same, other] = [
    await lanczos(A, 6, { seed: 0, kernels: 'js' }),
    await lanczos(A, 6, { seed: 1, kernels: 'js' }),
  ];
  expect(same.T).toEqual(first.T);
  expect(other.T.diagonal[0]).not.toBe(first.T.diagonal[0]);
  const abort = new AbortController();
  const onProgress = ({ done }: { done: number }): void => {
    if (done === 2) abort.abort(new Error('enough'));
  };
  await expect(lanczos(A, 6, { onProgress, signal: abort.signal })).rejects.toThrow('enough');
  const unused = { ...A, matmat: () => Promise.reject(new Error('a product')) };
  await expect(lanczos(unused, 6, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
});

test('a float64 start for a float32 operator', async () => {
  const start = Float64Array.from([1, 2, 3, 4]);
  const { V } = await lanczos(diagonalOperator(Float32Array.from([4, 3, 2, 1])), 2, { start });
  expect(V.dtype).toBe('float32');
  const { data } = await V.toBlock();
  for (const [i, value] of start.entries()) expect(Math.abs(data[2 * i]!)).toBeCloseTo(value / Math.sqrt(30), 6);
});

test('bad input', async () => {
  const A = diagonalOperator([3, 2, 1]);
  await expect(lanczos(A, 2, { start: [1, 2, 3] as never })).rejects.toThrow(
    'lanczos: start must be a Float32Array or Float64Array, got ',
  );
  await expect(lanczos(A, 2, { start: Float64Array.of(1, Number.POSITIVE_INFINITY, 0) })).rejects.toThrow(
    'lanczos: start',
  );
  await expect(lanczos(A, 0)).rejects.toThrow('lanczos: order must be an integer in 1..3, got 0 for n = 3');
  await expect(lanczos(A, 4)).rejects.toThrow('lanczos: order must be an integer in 1..3, got 4 for n = 3');
  await expect(lanczos(A, 2, { start: new Float64Array(3) })).rejects.toThrow(
    'lanczos: start must have a finite length above 0, got 0',
  );
  await expect(lanczos(A, 2, { start: new Float64Array(2) })).rejects.toThrow('lanczos: start: ');
  const skew = denseOperator(randomBlock(10, 10, 1).data, [10, 10]);
  await expect(lanczos(skew, 5)).rejects.toThrow('lanczos: the operator is not symmetric');
});
