/** What an operator declares and is not: products that contradict it refuse it by name. */
import { judged, noisyDiagonal } from '../../bench/support/spectra.ts';
import {
  denseOperator,
  diagonalOperator,
  eigsh,
  fromMatvec,
  type LinearOperator,
  logdet,
  seigh,
  type TraceMethod,
  trace,
  traceFunction,
} from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';

const psd = (values: number[]) => ({ ...diagonalOperator(values), psd: true });
const alternating = Array.from({ length: 50 }, (_, i) => (i % 2 ? -1 : 1) * (50 - i));
const refusal = /declares psd but is not positive semidefinite|for positive semidefinite operators/;

describe('psd of an indefinite operator', () => {
  test.each([1, 2, 3])('nystrom, seed %i', async (seed) => {
    const one = Array.from({ length: 40 }, (_, i) => (i === 2 ? -0.5 : 1 / (i + 1)));
    await expect(seigh(psd(one), 30, { method: 'nystrom', seed })).rejects.toThrow(refusal);
    await expect(seigh(psd([5, -4, 3, -2, 1, 0.5]), 6, { method: 'nystrom', seed })).rejects.toThrow(refusal);
  });

  test.each(['hutchinson', 'hutch++', 'xnystrace'] satisfies TraceMethod[])('%s', async (method) => {
    for (let seed = 0; seed < 10; seed++) {
      await expect(trace(psd(alternating), { method, maxProducts: 30, seed })).rejects.toThrow(refusal);
    }
  });

  test('what is semidefinite is not refused, and the record says what it rests on', async () => {
    for (const T of [Float32Array, Float64Array]) {
      const values = Array.from({ length: 60 }, (_, i) => Math.max(0, 20 - i) * 10 ** (-i / 2));
      const A = { ...diagonalOperator(new T(values)), psd: true };
      for (let seed = 0; seed < 5; seed++) {
        for (const method of ['hutchinson', 'hutch++'] as const) {
          expect((await trace(A, { method, maxProducts: 60, seed })).assumes).toEqual(['psd']);
        }
        expect((await trace(A, { method: 'xnystrace', maxProducts: 30, seed })).assumes).toEqual(['psd']);
        expect((await seigh(A, 30, { method: 'nystrom', seed })).assumes).toEqual(['psd']);
        expect((await seigh(A, 30, { method: 'nystrom', psd: false, seed })).assumes).toBeUndefined();
      }
    }
    expect((await trace(diagonalOperator([3, -2, 1]), { maxProducts: 12 })).assumes).toBeUndefined();
    expect((await logdet(diagonalOperator([3, 2, 1]))).assumes).toEqual(['positiveDefinite']);
    expect((await traceFunction(diagonalOperator([3, 2, 1]), Math.exp)).assumes).toBeUndefined();
    expect((await seigh(psd([3, 2, 1]), 2)).assumes).toBeUndefined();
  });
});

test('an operator that overwrites its argument is refused at its first product', async () => {
  const A = {
    shape: [30, 30] as const,
    dtype: 'float64' as const,
    selfAdjoint: true,
    matmat: (X: { rows: number; cols: number; data: Float32Array | Float64Array }) => {
      for (let at = 0; at < X.data.length; at++) X.data[at]! *= 1 + Math.floor(at / X.cols);
      return { rows: X.rows, cols: X.cols, data: X.data.slice() };
    },
  };
  for (const call of [() => seigh(A, 5), () => eigsh(A, 2), () => trace(A)]) {
    await expect(call()).rejects.toThrow(/the operator overwrites the block that it is given/);
  }
  const inPlace = fromMatvec({
    shape: [30, 30],
    dtype: 'float64',
    selfAdjoint: true,
    matvec: (x) => x.map((v) => 2 * v),
  });
  expect((await seigh(inPlace, 5)).eigenvalues[0]).toBeCloseTo(2, 12);
});

describe('noise beside few random columns is no asymmetry', () => {
  // one eigenvalue, and noise 1e-5 of it: V^T A V of four random columns may by chance hold little more than the noise
  const ways: Record<string, (A: LinearOperator, seed: number) => Promise<unknown>> = {
    tol: (A, seed) => seigh(A, { tol: 0.3, method: 'krylov', tests: 10, blockSize: 4, seed }),
    krylov: (A, seed) => seigh(A, 4, { method: 'krylov', blockSize: 4, seed }),
    nystrom: (A, seed) => seigh(A, 4, { method: 'nystrom', seed }),
    eigsh: (A, seed) => eigsh(A, 1, { tol: 1e-3, blockSize: 4, seed }),
  };
  // seeds at which one or the other is so small
  test.each(Object.keys(ways))('%s', async (way) => {
    for (const seed of [42, 61, 74, 89, 98, 138, 181, 227, 228]) {
      await ways[way]!(noisyDiagonal(judged['rank one']!(60), 1e-5, seed + 1), seed);
    }
  });

  test.each(Object.keys(ways))('%s: an operator with a skew part of a hundredth is refused', async (way) => {
    const n = 60;
    const values = Float32Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (i === j ? 1 / (i + 1) : 0) + (0.01 * Math.sign(j - i)) / Math.sqrt(n);
    });
    const A = { ...denseOperator({ rows: n, cols: n, data: values }), selfAdjoint: true };
    await expect(ways[way]!(A, 1)).rejects.toThrow('is not symmetric');
  });
});
