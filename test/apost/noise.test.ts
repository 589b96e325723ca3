/** Noise in products: what each law measures, and where it enters a certificate. */
import { noiseFromAsymmetry, noiseFromRepetition, roundingFloor } from '../../src/apost/noise.ts';
import { apost, diagonalOperator, type LinearOperator, seigh } from '../../src/index.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { uniforms } from '../support/matrices.ts';

/** `A` whose i-th entry of every product is moved by `change(i, calls so far)`. */
function moved(A: LinearOperator, change: (at: number, call: number) => number): LinearOperator {
  let call = 0;
  return {
    ...A,
    matmat: async (X) => {
      const Y = await A.matmat(X);
      call++;
      return { ...Y, data: Y.data.map((value, at) => value + change(at, call)) };
    },
  };
}

describe('the laws, in numbers that can be done by hand', () => {
  test('asymmetry: the root of the mean square of (i, j) - (j, i) is sqrt(2 n) times the noise', () => {
    // differences 2, 4, 2 of three pairs: sqrt((4 + 16 + 4) / 3 / (2 n)), n = 4
    const compressed = { rows: 3, cols: 3, data: Float64Array.of(9, 2, 3, 4, 5, 6, 7, 8, -1) };
    expect(noiseFromAsymmetry(compressed, 4)).toBeCloseTo(1, 15);
    expect(noiseFromAsymmetry({ rows: 1, cols: 1, data: Float64Array.of(3) }, 4)).toBe(0);
  });

  test('repetition: the difference of two products of the first column over its length', async () => {
    const A = moved(diagonalOperator([1, 2]), (at) => [0.6, -0.8][at]!);
    const G = { rows: 2, cols: 2, data: Float64Array.of(3, 100, 4, 100) };
    const AG = { rows: 2, cols: 2, data: Float64Array.of(3, 0, 8, 0) };
    expect(await noiseFromRepetition(A, G, AG)).toBeCloseTo(1 / 5, 15);
  });

  test('rounding: four roundings of the largest product, and the defect of the vectors', () => {
    expect(roundingFloor({ ...diagonalOperator([1]), dtype: 'float64' }, 3, 0.25)).toBe(12 * 2 ** -53 + 0.25);
    expect(roundingFloor({ ...diagonalOperator([1]), dtype: 'float32' }, 3, 0.25)).toBe(12 * 2 ** -24 + 0.25);
  });
});

describe('the noise floor', () => {
  test('a fixed part N that is not symmetric: ||N - N^T||_F / sqrt(2 n) per unit vector', async () => {
    const n = 60;
    const next = uniforms(3);
    const N = Float64Array.from({ length: n * n }, () => 1e-9 * next());
    const A: LinearOperator = {
      shape: [n, n],
      dtype: 'float64',
      selfAdjoint: true,
      matmat: ({ data, cols }) => {
        const out = data.map((value) => 2 * value);
        for (let i = 0; i < n; i++) {
          for (let d = 0; d < n; d++) {
            for (let j = 0; j < cols; j++) out[i * cols + j]! += N[i * n + d]! * data[d * cols + j]!;
          }
        }
        return { rows: n, cols, data: out };
      },
    };
    let square = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) square += (N[i * n + j]! - N[j * n + i]!) ** 2;
    const expected = Math.sqrt(square / (2 * n));
    const zero = diagonalOperator(new Float64Array(n));
    const { noiseFloor } = await apost(A, zero, { tests: 40, seed: 1 });
    // the mean of 780 nearly independent squares: a standard error of 2.5 %, and sqrt(2) would be 41 %
    expect(noiseFloor / expected).toBeGreaterThan(0.87);
    expect(noiseFloor / expected).toBeLessThan(1.13);
  });

  test('vectors off length 1 by e: at least 2 e times their eigenvalue', async () => {
    const A = diagonalOperator([5, -3, 1, 0]);
    const V = { rows: 4, cols: 2, data: Float64Array.of(1, 0, 0, 1 + 1e-6, 0, 0, 0, 0) };
    const pairs = {
      ...A,
      eigenvalues: Float64Array.of(5, -3),
      eigenvectors: await multivectorOf(V, 'float64'),
      residualNorms: new Float64Array(2),
    };
    const { roundingFloor: floor, noiseFloor } = await apost(A, pairs, { seed: 1 });
    expect(floor).toBeCloseTo(6e-6 + 20 * 2 ** -53, 14);
    expect(noiseFloor).toBeGreaterThanOrEqual(floor);
  });

  test('an exact operator has a floor at rounding; a noisy one shows its noise', async () => {
    const A = operatorWithSpectrum([5, 4, 3, 2, ...new Array(46).fill(0.5)], { seed: 1 });
    const result = await seigh(A, 10, { seed: 1 });
    // n u ||A||, what sums of n terms may round by
    expect((await apost(A, result)).noiseFloor).toBeLessThan(50 * 2 ** -53 * 5);
    const noisy = moved(A, (at, call) => 1e-4 * Math.sin(1e3 * (at + 1) * call));
    const { noiseFloor } = await apost(noisy, result);
    expect(noiseFloor).toBeGreaterThan(1e-5);
    expect(noiseFloor).toBeLessThan(1e-3);
  });

  test('float32 rounding is seen, of the order of the unit roundoff', async () => {
    const A = operatorWithSpectrum([5, 4, 3, 2, ...new Array(46).fill(0.5)], { seed: 1, dtype: 'float32' });
    const { noiseFloor } = await apost(A, await seigh(A, 10, { seed: 1 }));
    expect(noiseFloor).toBeGreaterThan(5 * 2 ** -25);
    expect(noiseFloor).toBeLessThan(5e-6);
  });
});

describe('a product of a test vector, which is sqrt(n) long, carries sqrt(n) times the noise of a unit vector', () => {
  const n = 100;
  const flat = diagonalOperator(new Float64Array(n).fill(1));
  const next = uniforms(5);
  // uniform numbers in (-1, 1) have variance 1/3; `noise` per test vector
  const noisy = (noise: number): LinearOperator => moved(flat, () => noise * Math.sqrt(3) * next());

  test('where nothing but noise is left of the error, its lower end is zero', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const { errorFrob, relativeError } = await apost(noisy(1e-3), flat, { tests: 10, confidence: 0.5, seed });
      expect(errorFrob.estimate).toBeGreaterThan(0);
      expect([errorFrob.lower, relativeError.lower]).toEqual([0, 0]);
    }
  });

  test('ends move by the noise, then by the factors', async () => {
    const half = diagonalOperator(new Float64Array(n).fill(0.5));
    const { errorFrob, noiseFloor } = await apost(noisy(0.01), half, { tests: 10, confidence: 0.95, seed: 1 });
    expect(noiseFloor).toBeGreaterThan(0.005);
    // SciPy 1.17: chi2.ppf([0.05, 0.95], 10)
    const [low, high] = [3.940299136119061, 18.307038053275146];
    const spread = noiseFloor * Math.sqrt(n);
    expect(errorFrob.upper).toBeCloseTo((errorFrob.estimate + spread) * Math.sqrt(10 / low), 9);
    expect(errorFrob.lower).toBeCloseTo((errorFrob.estimate - spread) * Math.sqrt(10 / high), 9);
  });
});
