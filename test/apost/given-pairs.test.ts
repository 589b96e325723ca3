/** Factorisations from anywhere: every certified statement is true of exactly the given numbers, orthonormal or not. */
import {
  apost,
  type Certificate,
  denseOperator,
  diagonalOperator,
  type LinearOperator,
  ritzPairs,
  seigh,
} from '../../src/index.ts';
import { randomOrthogonal } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';

const n = 40;
const harmonic = Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (i + 1));
const A = diagonalOperator(harmonic);

interface Factorisation {
  eigenvalues: Float64Array;
  eigenvectors: { rows: number; cols: number; data: Float64Array };
}

/** A reproducible number in -1..1. */
function noiseOf(seed: number): () => number {
  let state = (seed + 1) * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** The r leading pairs of A, each number of V off by at most `vectors`, of w by `values`. */
function perturbed(r: number, seed: number, vectors: number, values: number): Factorisation {
  const noise = noiseOf(seed);
  const data = Float64Array.from({ length: n * r }, (_, at) => {
    const [i, j] = [Math.floor(at / r), at % r];
    return (i === j ? 1 : 0) + vectors * noise();
  });
  const eigenvalues = harmonic.slice(0, r).map((value) => value + values * noise());
  return { eigenvalues, eigenvectors: { rows: n, cols: r, data } };
}

/** ||A - V_r diag(w_r) V_r^T||_F entry by entry, r = 0, 1, ..., and ||V^T V - I||_F. */
function truth({ eigenvalues, eigenvectors: { cols, data } }: Factorisation) {
  const E = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? harmonic[at / (n + 1)]! : 0));
  const norm = () => Math.sqrt(E.reduce((sum, value) => sum + value ** 2, 0));
  const errors = [norm()];
  for (let r = 0; r < cols; r++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) E[i * n + j]! -= eigenvalues[r]! * data[i * cols + r]! * data[j * cols + r]!;
    }
    errors.push(norm());
  }
  let defect = 0;
  for (let a = 0; a < cols; a++) {
    for (let b = 0; b < cols; b++) {
      let dot = a === b ? -1 : 0;
      for (let i = 0; i < n; i++) dot += data[i * cols + a]! * data[i * cols + b]!;
      defect += dot ** 2;
    }
  }
  const residuals = Array.from({ length: cols }, (_, r) => {
    let [square, length] = [0, 0];
    for (let i = 0; i < n; i++) {
      square += ((harmonic[i]! - eigenvalues[r]!) * data[i * cols + r]!) ** 2;
      length += data[i * cols + r]! ** 2;
    }
    return Math.sqrt(square / length);
  });
  return { errors, error: errors.at(-1)!, size: errors[0]!, defect: Math.sqrt(defect), residuals };
}

const inside = (value: number, { lower, upper }: { lower: number; upper: number }): boolean =>
  value >= lower * (1 - 1e-12) && value <= upper * (1 + 1e-12);

const certify = async (given: Factorisation, seed = 1, op: LinearOperator = A): Promise<Certificate> =>
  apost(op, await ritzPairs(given), { tests: 8, confidence: 0.9, seed });

describe('what is measured', () => {
  test.each([0, 1e-8, 1e-3, 0.2])('orthonormality, residuals and the error in the span, V off by %p', async (off) => {
    const given = perturbed(6, 3, off, off);
    const cert = await certify(given);
    const { defect, residuals } = truth(given);
    expect(cert.given!.orthonormalityDefect).toBeCloseTo(defect, 12);
    for (const [i, residual] of residuals.entries()) expect(cert.given!.residualNorms[i]).toBeCloseTo(residual, 12);
    expect(cert.numMatvecs).toBe(6 + 8 + 3 + 8);
    expect([cert.deflated, cert.eigenvalueIntervals!.length, cert.scree!.length]).toEqual([true, 6, 7]);
  });

  test('a whole factorisation leaves nothing to the test vectors: the error is known to six digits', async () => {
    const V = randomOrthogonal(n, 5);
    const given = {
      eigenvalues: harmonic.map((value) => value + 0.01),
      eigenvectors: V as Factorisation['eigenvectors'],
    };
    const { error } = truth(given);
    const { errorFrob } = await certify(given);
    expect(inside(error, errorFrob)).toBe(true);
    expect(errorFrob.upper - errorFrob.lower).toBeLessThan(1e-6);
  });

  test('Rayleigh-Ritz pairs get the certificate that their own result gets, up to rounding', async () => {
    const own = await seigh(A, 10, { seed: 4 });
    const given = await ritzPairs({ eigenvalues: own.eigenvalues, eigenvectors: await own.eigenvectors.toBlock() });
    const options = { tests: 8, confidence: 0.9, seed: 1 };
    const [a, b] = [await apost(A, own, options), await apost(A, given, options)];
    for (const name of ['relativeError', 'errorFrob', 'operatorFrob'] as const) {
      for (const end of ['lower', 'estimate', 'upper'] as const) expect(b[name][end]).toBeCloseTo(a[name][end], 10);
    }
    expect(b.missedEigenvalueBound).toBeCloseTo(a.missedEigenvalueBound!, 10);
    expect(b.given!.errorInSpan).toBeLessThan(1e-13);
  });

  test('float32 vectors, and float64 vectors of a float32 operator', async () => {
    const given = perturbed(6, 3, 1e-3, 1e-3);
    const { error } = truth(given);
    const single = {
      ...given,
      eigenvectors: { ...given.eigenvectors, data: Float32Array.from(given.eigenvectors.data) },
    };
    const op = diagonalOperator(Float32Array.from(harmonic));
    for (const cert of [await apost(A, await ritzPairs(single), { tests: 30 }), await certify(given, 1, op)]) {
      expect(inside(error, cert.errorFrob)).toBe(true);
    }
  });
});

describe('coverage over seeds', () => {
  const SEEDS = long ? 100 : 40;
  // each end may be missed with probability 0.1: one miss more has probability 1e-6 of 100, 2e-5 of 40 (binomial)
  const MOST_MISSED = long ? 26 : 13;

  test.each([
    ['orthonormal to rounding', 0, 0],
    ['nearly orthonormal', 1e-3, 1e-3],
    ['far from orthonormal', 0.1, 0.1],
    ['worse than nothing', 0.5, 3],
  ])(
    '%s',
    async (_, vectors, values) => {
      const missed: Record<string, number> = {};
      const count = (statement: string, holds: boolean) => {
        missed[statement] = (missed[statement] ?? 0) + Number(!holds);
      };
      for (let seed = 0; seed < SEEDS; seed++) {
        const given = perturbed(5, seed, vectors, values);
        const cert = await certify(given, seed);
        const { errors, error, size } = truth(given);
        const tiny = 1e-12;
        count('error upper', error <= cert.errorFrob.upper * (1 + tiny));
        count('error lower', error >= cert.errorFrob.lower * (1 - tiny));
        count('relative upper', error / size <= cert.relativeError.upper * (1 + tiny));
        count('relative lower', error / size >= cert.relativeError.lower * (1 - tiny));
        count(
          'scree upper',
          cert.scree!.every(({ upper }, r) => errors[r]! / size <= upper * (1 + tiny)),
        );
        count(
          'scree lower',
          cert.scree!.every(({ lower }, r) => errors[r]! / size >= lower * (1 - tiny)),
        );
        const beyond = harmonic.filter((value) => Math.abs(value) > cert.missedEigenvalueBound!).length;
        count('missed', beyond <= 5);
        // no probability involved
        for (const { lower, upper } of cert.eigenvalueIntervals!) {
          expect(harmonic.some((value) => value >= lower - tiny && value <= upper + tiny)).toBe(true);
        }
        expect(cert.inertia!.negative).toBeLessThanOrEqual(20);
        expect(cert.inertia!.positive).toBeLessThanOrEqual(20);
      }
      for (const [statement, times] of Object.entries(missed))
        expect([statement, times <= MOST_MISSED]).toEqual([statement, true]);
    },
    120_000,
  );
});

describe('refused', () => {
  const V = { rows: 3, cols: 2, data: Float64Array.of(1, 0, 0, 1, 0, 0) };
  test.each<[string, unknown, string]>([
    [
      'other numbers of values and vectors',
      { eigenvalues: [1, 2, 3], eigenvectors: V },
      'ritzPairs: expected r eigenvalues and an n x r block',
    ],
    [
      'more vectors than rows',
      { eigenvalues: [1, 2], eigenvectors: { rows: 1, cols: 2, data: Float64Array.of(1, 1) } },
      'with 1 <= r <= n, got 2 and 1 x 2',
    ],
    [
      'NaN in the values',
      { eigenvalues: [1, Number.NaN], eigenvectors: V },
      'ritzPairs: entry 1 of eigenvalues is NaN',
    ],
    [
      'NaN in the vectors',
      { eigenvalues: [1, 2], eigenvectors: { ...V, data: V.data.map((x, i) => (i === 3 ? Number.NaN : x)) } },
      'eigenvectors hold NaN in row 1 of column 1',
    ],
    [
      'no values',
      { eigenvectors: V },
      'ritzPairs: eigenvalues must be a Float32Array, a Float64Array or an array of numbers, got undefined',
    ],
    ['no vectors', { eigenvalues: [1, 2] }, 'ritzPairs: '],
    ['an unknown field', { eigenvalues: [1, 2], eigenvector: V }, "did you mean 'eigenvectors'?"],
  ])('%s', async (_, pairs, message) => {
    await expect((async () => ritzPairs(pairs as never))()).rejects.toThrow(message);
  });

  test('a vector of zeros, when it is certified', async () => {
    const zero = await ritzPairs({
      eigenvalues: [1, 2],
      eigenvectors: { ...V, data: Float64Array.of(1, 0, 0, 0, 0, 0) },
    });
    const op = denseOperator(Float64Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3), [3, 3]);
    await expect(apost(op, zero)).rejects.toThrow('eigenvector 1 has length 0');
  });
});
