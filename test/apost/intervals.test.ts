/** The certified interval: its factors, and its coverage whatever the spectrum of the error. */
import { describe, expect, test } from '@jest/globals';
import { apost, apostErrorBounds, diagonalOperator, planTests, seigh } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';

describe('factors on ||E||_F', () => {
  // SciPy 1.10: sqrt(q / chi2.ppf(0.05, q)), and q = 10 with 0.01
  test.each([
    [10, 0.95, 1.593072],
    [30, 0.95, 1.2736817],
    [100, 0.95, 1.1327894],
    [10, 0.99, 1.977114],
  ])('q = %i, confidence %d: upper end %d times the estimate', async (tests, confidence, factor) => {
    const A = diagonalOperator(Float64Array.from({ length: 40 }, (_, i) => i));
    const { errorFrob } = await apost(A, diagonalOperator(new Float64Array(40)), { tests, confidence });
    expect(errorFrob.upper / errorFrob.estimate).toBeCloseTo(factor, 6);
    expect(errorFrob.lower).toBeLessThan(errorFrob.estimate);
  });

  test('a confidence close to 0 never turns the interval inside out', async () => {
    const A = diagonalOperator([1, 2, 3]);
    for (const confidence of [0.01, 0.3, 0.6]) {
      const { errorFrob } = await apost(A, diagonalOperator([0, 0, 0]), { tests: 7, confidence });
      expect(errorFrob.lower).toBeLessThanOrEqual(errorFrob.estimate);
      expect(errorFrob.upper).toBeGreaterThanOrEqual(errorFrob.estimate);
    }
  });
});

describe('planning', () => {
  test.each([
    [1.6, 0.95, 10],
    [1.274, 0.95, 30],
    [1.133, 0.95, 100],
  ])('factor %d at %d takes %i tests', (factor, confidence, tests) => {
    expect(planTests({ factor, confidence })).toBe(tests);
  });

  test('planTests is the least number: one fewer does not reach the factor', () => {
    for (const confidence of [0.9, 0.99, 0.999]) {
      for (const factor of [1.05, 1.3, 2, 10]) {
        const tests = planTests({ factor, confidence });
        expect(apostErrorBounds(tests, factor).underestimate).toBeLessThanOrEqual(1 - confidence);
        if (tests > 1) expect(apostErrorBounds(tests - 1, factor).underestimate).toBeGreaterThan(1 - confidence);
      }
    }
  });

  test('apostErrorBounds gives chi-square tails', () => {
    // SciPy 1.10: chi2.cdf(10 / 4, 10), chi2.sf(40, 10)
    const { underestimate, overestimate } = apostErrorBounds(10, 2);
    expect(underestimate).toBeCloseTo(0.009124279, 8);
    expect(overestimate).toBeCloseTo(1.6944743e-5, 9);
    expect(apostErrorBounds(2, 1.1).overestimate).toBe(1);
  });

  test.each<[string, () => unknown, string]>([
    ['tests', () => apostErrorBounds(0, 2), 'apostErrorBounds: tests must be an integer in 1..1000000, got 0'],
    ['factor', () => apostErrorBounds(5, 1), 'apostErrorBounds: factor must be a number between 1 and Infinity, got 1'],
    [
      'confidence',
      () => planTests({ factor: 2, confidence: 1 }),
      'planTests: confidence must be a number between 0 and 1, got 1',
    ],
    [
      'too close',
      () => planTests({ factor: 1.0001, confidence: 0.99 }),
      'planTests: tests needed must be an integer in 1..1000000',
    ],
  ])('bad %s', (_, call, message) => expect(call).toThrow(message));
});

const n = 48;
const errors: [string, Float64Array][] = [
  ['rank one', Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0))],
  ['flat', new Float64Array(n).fill(1)],
  ['1/j', Float64Array.from({ length: n }, (_, i) => 1 / (i + 1))],
  ['half a spike', Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 1 / Math.sqrt(n - 1)))],
  ['plus-minus pairs', Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (1 + Math.floor(i / 2)))],
];
const norm = (values: Float64Array): number => Math.hypot(...values);
const SEEDS = 2000;

describe(`coverage of each end over ${SEEDS} seeds (a correct interval fails a check with probability below 1e-4)`, () => {
  test.each(errors)('error %s', async (_, values) => {
    const E = diagonalOperator(values);
    const zero = diagonalOperator(new Float64Array(n));
    const truth = norm(values);
    for (const [tests, confidence] of [
      [10, 0.95],
      [3, 0.9],
    ] as const) {
      let below = 0;
      let above = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        const { errorFrob } = await apost(E, zero, { tests, confidence, seed });
        if (errorFrob.upper < truth) below++;
        if (errorFrob.lower > truth) above++;
      }
      const margin = 3.72 * Math.sqrt((confidence * (1 - confidence)) / SEEDS);
      expect(1 - below / SEEDS).toBeGreaterThanOrEqual(confidence - margin);
      expect(1 - above / SEEDS).toBeGreaterThanOrEqual(confidence - margin);
    }
  });

  test('rank one attains the bound: the interval cannot be made narrower', async () => {
    const E = diagonalOperator(errors[0]![1]);
    const zero = diagonalOperator(new Float64Array(n));
    let missed = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      if ((await apost(E, zero, { tests: 10, confidence: 0.9, seed })).errorFrob.upper < 1) missed++;
    }
    expect(Math.abs(missed / SEEDS - 0.1)).toBeLessThan(3.9 * Math.sqrt(0.09 / SEEDS));
  });

  test('the estimate of the squared norm is unbiased', async () => {
    const values = errors[2]![1];
    let total = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const cert = await apost(diagonalOperator(values), diagonalOperator(new Float64Array(n)), { tests: 10, seed });
      total += cert.errorFrob.estimate ** 2;
    }
    const fourth = Math.sqrt(values.reduce((sum, v) => sum + v ** 4, 0));
    const standardError = Math.sqrt(2 / (10 * SEEDS)) * fourth;
    expect(Math.abs(total / SEEDS - norm(values) ** 2)).toBeLessThan(4 * standardError);
  });
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

  test.each(['hmt', 'nystrom'] as const)('%s: relative error covered at 90 %% over 400 seeds', async (method) => {
    const { A, result, error } = await truths(method, 5);
    let below = 0;
    let above = 0;
    for (let seed = 0; seed < 400; seed++) {
      const cert = await apost(A, result, { tests: 5, confidence: 0.9, seed });
      if (cert.relativeError.upper < error / total) below++;
      if (cert.relativeError.lower > error / total) above++;
      expect(cert.deflated).toBe(method === 'hmt');
    }
    // 3.72 standard errors of a binomial: 0.056
    expect(below / 400).toBeLessThan(0.156);
    expect(above / 400).toBeLessThan(0.156);
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
      for (let seed = 0; seed < 10; seed++) {
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

describe('noise', () => {
  test('an exact operator has a floor at rounding; a noisy one shows its noise', async () => {
    const A = operatorWithSpectrum([5, 4, 3, 2, ...new Array(46).fill(0.5)], { seed: 1 });
    const result = await seigh(A, 10, { seed: 1 });
    expect((await apost(A, result)).noiseFloor).toBeLessThan(1e-14);
    let call = 0;
    const noisy = {
      ...A,
      matmat: async (X: Parameters<typeof A.matmat>[0]) => {
        const Y = await A.matmat(X);
        call++;
        return {
          ...Y,
          data: (Y.data as Float64Array).map((value, at) => value + 1e-4 * Math.sin(1e3 * (at + 1) * call)),
        };
      },
    };
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
