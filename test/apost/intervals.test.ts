/** The certified interval: its factors, and its coverage whatever the spectrum of the error. */
import { apost, diagonalOperator, seigh } from '../../src/index.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { expectRate } from '../support/statistics.ts';

/**
 * [q, confidence, quantiles of chi2_q at 1 - confidence and at confidence]. SciPy 1.17:
 * `for q, c in [...]: print(q, c, chi2.ppf(1 - c, q), chi2.ppf(c, q))`
 */
const QUANTILES: [number, number, number, number][] = [
  [1, 0.9, 0.01579077409343121, 2.705543454095404],
  [2, 0.99, 0.020100671707002887, 9.21034037197618],
  [3, 0.9, 0.5843743741551833, 6.251388631170325],
  [5, 0.3, 6.0644299841549, 2.9999081327599066],
  [10, 0.95, 3.940299136119061, 18.307038053275146],
  [10, 0.99, 2.5582121601872068, 23.209251158954356],
  [30, 0.95, 18.49266098195347, 43.77297182574219],
  [100, 0.95, 77.92946516501726, 124.34211340400407],
];

describe('factors on ||E||_F, from the quantiles of chi-square', () => {
  test.each(QUANTILES)('q = %i, confidence %d', async (tests, confidence, low, high) => {
    const A = diagonalOperator(Float64Array.from({ length: 40 }, (_, i) => i));
    const { errorFrob, operatorFrob } = await apost(A, diagonalOperator(new Float64Array(40)), { tests, confidence });
    // the law holds below 1 and above 1 + 1/q
    const upper = Math.sqrt(1 / Math.min(low / tests, 1));
    const lower = Math.sqrt(1 / Math.max(high / tests, 1 + 1 / tests));
    for (const interval of [errorFrob, operatorFrob]) {
      expect(interval.upper / interval.estimate).toBeCloseTo(upper, 9);
      expect(interval.lower / interval.estimate).toBeCloseTo(lower, 9);
    }
  });

  test('the relative error of two sampled norms spends half of what the confidence leaves on each', async () => {
    // SciPy 1.17: chi2.ppf([0.05, 0.95], 3), for confidence 0.9
    const [low, high] = [0.3518463177492714, 7.814727903251178];
    const { relativeError, errorFrob, operatorFrob } = await apost(
      diagonalOperator([5, 1, 1, 1]),
      diagonalOperator([4, 1, 0, 0]),
      { tests: 3, confidence: 0.9, seed: 2 },
    );
    const estimate = errorFrob.estimate / operatorFrob.estimate;
    expect(relativeError.estimate).toBeCloseTo(estimate, 12);
    expect(relativeError.upper).toBeCloseTo(estimate * Math.sqrt(high / low), 8);
    expect(relativeError.lower).toBeCloseTo(estimate * Math.sqrt(low / high), 8);
  });
});

const norm = (values: Float64Array): number => Math.hypot(...values);
const SEEDS = long ? 10_000 : 1000;

/** How often over the seeds an interval for ||diag(values)||_F ends below and above the truth. */
async function misses(values: readonly number[], tests: number, confidence: number): Promise<[number, number]> {
  const E = diagonalOperator(values as number[]);
  const zero = diagonalOperator(values.map(() => 0));
  const truth = Math.hypot(...values);
  const count: [number, number] = [0, 0];
  for (let seed = 0; seed < SEEDS; seed++) {
    const { errorFrob } = await apost(E, zero, { tests, confidence, seed });
    if (errorFrob.upper < truth) count[0]++;
    if (errorFrob.lower > truth) count[1]++;
  }
  return count;
}

describe('how often an end is wrong', () => {
  test.each([
    [10, 0.9],
    [3, 0.7],
  ])('rank one attains the bound: %i tests at %d are wrong as often as stated', async (tests, confidence) => {
    const [below, above] = await misses([0, 2, 0, 0], tests, confidence);
    expectRate(below, SEEDS, 1 - confidence);
    expectRate(above, SEEDS, 1 - confidence);
  });

  // q times the estimate is chi-square with m q degrees of freedom. SciPy 1.17, q = 3, confidence c = 0.7:
  // chi2.cdf(m * chi2.ppf(1 - c, q), m * q), chi2.sf(m * max(chi2.ppf(c, q), q + 1), m * q)
  test('m = 2 equal directions are wrong as rarely as their own law says', async () => {
    const [below, above] = await misses([1, 1], 3, 0.7);
    expectRate(below, SEEDS, 0.17224670678419582);
    expectRate(above, SEEDS, 0.23810330555354436);
  });

  test('the estimate of the squared norm is unbiased', async () => {
    const values = Float64Array.from({ length: 12 }, (_, i) => 1 / (i + 1));
    let total = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const cert = await apost(diagonalOperator(values), diagonalOperator(new Float64Array(12)), { tests: 10, seed });
      total += cert.errorFrob.estimate ** 2;
    }
    const fourth = Math.sqrt(values.reduce((sum, v) => sum + v ** 4, 0));
    const standardError = Math.sqrt(2 / (10 * SEEDS)) * fourth;
    expect(Math.abs(total / SEEDS - norm(values) ** 2)).toBeLessThan(4 * standardError);
  });
});

/** Exact eigenpairs of diag(values): the first `rank`, as a result that has nothing wrong but what it leaves out. */
async function leadingPairs(values: readonly number[], rank: number) {
  const rows = values.length;
  const V = { rows, cols: rank, data: new Float64Array(rows * rank) };
  for (let i = 0; i < rank; i++) V.data[i * rank + i] = 1;
  return {
    ...diagonalOperator(values.map((value, i) => (i < rank ? value : 0))),
    eigenvalues: Float64Array.from(values.slice(0, rank)),
    eigenvectors: await multivectorOf(V, 'float64'),
    residualNorms: new Float64Array(rank),
  };
}

test('what eigenpairs leave out is of rank one: every event is missed as often as its probability says', async () => {
  const values = [3, -2, 1, 0, 0];
  const A = diagonalOperator(values);
  const pairs = await leadingPairs(values, 2);
  const [error, total] = [1, Math.sqrt(14)];
  const missed = { errorUpper: 0, errorLower: 0, operatorUpper: 0, operatorLower: 0, relative: 0, scree: 0 };
  let spectral = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const cert = await apost(A, pairs, { tests: 5, confidence: 0.8, seed });
    missed.errorUpper += Number(cert.errorFrob.upper < error);
    missed.operatorUpper += Number(cert.operatorFrob.upper < total);
    missed.relative += Number(cert.relativeError.upper < error / total);
    missed.scree += Number(cert.scree![1]!.upper < Math.sqrt(5 / 14));
    missed.errorLower += Number(cert.errorFrob.lower > error);
    missed.operatorLower += Number(cert.operatorFrob.lower > total);
    spectral += Number(cert.missedEigenvalueBound! < error);
  }
  for (const count of Object.values(missed)) expectRate(count, SEEDS, 0.2);
  expectRate(spectral, SEEDS, 0.2);
});

describe('certificates of sketches', () => {
  const spectrum = Array.from({ length: 80 }, (_, i) => (i % 3 ? 1 : -1) * (i + 1) ** -1.2);
  const total = norm(Float64Array.from(spectrum));

  async function truths(method: 'hmt' | 'nystrom', seed: number) {
    const A = operatorWithSpectrum(spectrum, { seed: 1 });
    const result = await seigh(A, 16, { seed, method });
    const V = await result.eigenvectors.toBlock();
    const AV = await A.matmat(V);
    let cross = 0;
    for (let at = 0; at < V.data.length; at++) cross += result.eigenvalues[at % V.cols]! * V.data[at]! * AV.data[at]!;
    const error = Math.sqrt(total ** 2 - 2 * cross + norm(result.eigenvalues) ** 2);
    return { A, result, error };
  }

  test('every norm of a Ritz approximation follows from t = ||(I - P) A (I - P)||_F^2 and what is known', async () => {
    const { A, result } = await truths('hmt', 5);
    const V = await result.eigenvectors.toBlock();
    const AV = await A.matmat(V);
    let residuals = 0;
    for (let at = 0; at < V.data.length; at++) {
      residuals += (AV.data[at]! - result.eigenvalues[at % V.cols]! * V.data[at]!) ** 2;
    }
    const squares = Array.from(result.eigenvalues, (value) => value ** 2);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const cert = await apost(A, result, { tests: 10, confidence: 0.95, seed: 3 });
    const t = cert.errorFrob.estimate ** 2 - 2 * residuals;
    expect(t).toBeGreaterThan(0);
    // SciPy 1.17: chi2.ppf([0.05, 0.95], 10)
    const ends = { estimate: t, upper: (10 * t) / 3.940299136119061, lower: (10 * t) / 18.307038053275146 };
    for (const [end, value] of Object.entries(ends) as ['estimate' | 'upper' | 'lower', number][]) {
      const error = 2 * residuals + value;
      expect(cert.errorFrob[end]).toBeCloseTo(Math.sqrt(error), 9);
      expect(cert.operatorFrob[end]).toBeCloseTo(Math.sqrt(sum(squares) + error), 9);
      expect(cert.relativeError[end]).toBeCloseTo(Math.sqrt(error / (sum(squares) + error)), 9);
      for (const r of [0, 1, 7, 16]) {
        const point = Math.sqrt((sum(squares.slice(r)) + error) / (sum(squares) + error));
        expect(cert.scree![r]![end]).toBeCloseTo(point, 9);
      }
    }
  });

  test('the deflated interval is narrower than the sampled one, and both hold the truth', async () => {
    const { A, result, error } = await truths('hmt', 5);
    const deflated = await apost(A, result, { tests: 10, seed: 4 });
    const sampled = await apost(
      A,
      { shape: result.shape, dtype: result.dtype, matmat: result.matmat },
      { tests: 10, seed: 4 },
    );
    const width = ({ lower, upper }: { lower: number; upper: number }): number => upper - lower;
    expect(width(deflated.relativeError)).toBeLessThan(width(sampled.relativeError) / 2);
    for (const { relativeError, errorFrob, operatorFrob } of [deflated, sampled]) {
      expect(relativeError.lower).toBeLessThan(error / total);
      expect(relativeError.upper).toBeGreaterThan(error / total);
      expect(errorFrob.lower).toBeLessThan(error);
      expect(errorFrob.upper).toBeGreaterThan(error);
      expect(operatorFrob.lower).toBeLessThan(total);
      expect(operatorFrob.upper).toBeGreaterThan(total);
    }
  });

  test('scree: from the whole norm to the full approximation, each point within its interval', async () => {
    const { A, result } = await truths('hmt', 6);
    const { scree, relativeError } = await apost(A, result, { tests: 30, seed: 4 });
    expect(scree).toHaveLength(17);
    expect(scree![0]!.upper).toBeCloseTo(1, 12);
    expect(scree![16]).toEqual(relativeError);
    const V = await result.eigenvectors.toBlock();
    const AV = await A.matmat(V);
    let square = total ** 2;
    for (let r = 0; r < 16; r++) {
      expect(scree![r]!.lower).toBeLessThanOrEqual(Math.sqrt(square) / total + 1e-12);
      expect(scree![r]!.upper).toBeGreaterThanOrEqual(Math.sqrt(square) / total - 1e-12);
      let quadratic = 0;
      for (let i = 0; i < V.rows; i++) quadratic += V.data[i * 16 + r]! * AV.data[i * 16 + r]!;
      square += result.eigenvalues[r]! ** 2 - 2 * result.eigenvalues[r]! * quadratic;
    }
  });

  test('every eigenvalue interval holds an eigenvalue, in float64 and float32; the inertia is never overstated', async () => {
    for (const dtype of ['float64', 'float32'] as const) {
      for (let seed = 0; seed < (long ? 10 : 3); seed++) {
        const A = operatorWithSpectrum(spectrum, { seed, dtype });
        const cert = await apost(A, await seigh(A, 20, { seed }), { tests: 10, seed });
        for (const { lower, upper } of cert.eigenvalueIntervals!) {
          expect(spectrum.some((value) => value >= lower && value <= upper)).toBe(true);
        }
        expect(cert.inertia!.negative).toBeLessThanOrEqual(spectrum.filter((v) => v < 0).length);
        expect(cert.inertia!.positive).toBeLessThanOrEqual(spectrum.filter((v) => v > 0).length);
        expect(cert.inertia!.negative + cert.inertia!.positive).toBe(20);
      }
    }
  });

  test('a truncated result is certified as what it is', async () => {
    const A = operatorWithSpectrum(spectrum, { seed: 2 });
    const result = await seigh(A, 30, { seed: 1, rank: 4 });
    const V = await result.eigenvectors.toBlock();
    const AV = await A.matmat(V);
    let cross = 0;
    for (let at = 0; at < V.data.length; at++) cross += result.eigenvalues[at % 4]! * V.data[at]! * AV.data[at]!;
    const error = Math.sqrt(total ** 2 - 2 * cross + norm(result.eigenvalues) ** 2);
    const { errorFrob } = await apost(A, result, { tests: 100, seed: 3 });
    expect(errorFrob.lower).toBeLessThan(error);
    expect(errorFrob.upper).toBeGreaterThan(error);
    // sqrt(chi2.ppf(0.99, 100) / chi2.ppf(0.01, 100)) = 1.392 is the width of the sampled part alone
    expect(errorFrob.upper / errorFrob.lower).toBeLessThan(1.392);
  });
});

test('zero error and zero operator: no NaN', async () => {
  const zero = diagonalOperator(new Float64Array(6));
  const cert = await apost(zero, zero);
  expect(cert.relativeError).toEqual({ estimate: 0, lower: 0, upper: 0 });
  // upper ends include the measured noise of the products, here one rounding of a sum of three
  const A = diagonalOperator([1, 2, 3]);
  const { estimate, lower, upper } = (await apost(A, A)).relativeError;
  expect([estimate, lower]).toEqual([0, 0]);
  expect(upper).toBeLessThan(2 ** -52);
});

test('sketch and test vectors differ under the same seed', async () => {
  // a rank-10 sketch of a rank-10 operator: were the test vectors those of the sketch, any error would look like zero
  const A = operatorWithSpectrum([...Array.from({ length: 10 }, (_, i) => 10 - i), ...new Array(30).fill(0.1)], {
    seed: 1,
  });
  const result = await seigh(A, 10, { seed: 7, testMatrix: 'gaussian' });
  const same = await apost(A, result, { tests: 10, seed: 7 });
  const other = await apost(A, result, { tests: 10, seed: 8 });
  expect(same.relativeError.estimate / other.relativeError.estimate).toBeGreaterThan(0.5);
});

test.each<[string, Parameters<typeof apost>[2], string]>([
  ['tests', { tests: 0 }, 'apost: tests must be an integer at least 1, got 0'],
  ['confidence', { confidence: 1 }, 'apost: confidence must be a number between 0 and 1, got 1'],
  ['seed', { seed: -1 }, 'apost: seed must be an integer at least 0, got -1'],
  ['block size', { blockSize: 0 }, 'apost: blockSize must be an integer at least 1, got 0'],
])('bad %s is refused', async (_, options, message) => {
  const A = diagonalOperator([1, 2]);
  await expect(apost(A, A, options)).rejects.toThrow(message);
});

test('an approximation of another shape is refused', async () => {
  await expect(apost(diagonalOperator([1, 2]), diagonalOperator([1, 2, 3]))).rejects.toThrow(
    'apost: the operator is 2 x 2, the approximation 3 x 3',
  );
});

test('estimates lie in their intervals, also where a known norm excludes the ratio of two sampled ones', async () => {
  const values = Float64Array.from({ length: 60 }, (_, i) => 0.9 ** i);
  const A = diagonalOperator(values);
  for (let seed = 0; seed < 40; seed++) {
    const result = await seigh(A, 8, { method: 'nystrom', seed });
    const { relativeError, errorFrob, operatorFrob } = await apost(A, result, { tests: 2, confidence: 0.5, seed });
    for (const { estimate, lower, upper } of [relativeError, errorFrob, operatorFrob]) {
      expect(lower).toBeLessThanOrEqual(estimate);
      expect(estimate).toBeLessThanOrEqual(upper);
    }
  }
});
