/** Traces: exact where they can be, within their intervals elsewhere. */
import { denseOperator, diagonalOperator, type LinearOperator, type TraceMethod, trace } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long, longTitle } from '../support/long.ts';
import { randomBlock } from '../support/matrices.ts';

const METHODS: TraceMethod[] = ['hutchinson', 'hutch++', 'xtrace', 'xnystrace'];
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

describe('operators whose trace is known exactly', () => {
  const lowRank = Array.from({ length: 60 }, (_, i) => (i < 5 ? 5 - i : 0));

  test.each(['hutch++', 'xtrace', 'xnystrace'] as const)('%s is exact on rank 5', async (method) => {
    for (const [dtype, tolerance] of [
      ['float64', 1e-12],
      ['float32', 1e-5],
    ] as const) {
      const A = operatorWithSpectrum(lowRank, { seed: 1, dtype });
      const { estimate, lower, upper } = await trace(A, { method, maxProducts: 30 });
      expect(Math.abs(estimate / 15 - 1)).toBeLessThan(tolerance);
      expect(upper - lower).toBeLessThan(1e3 * tolerance);
    }
  });

  test.each(['float64', 'float32'] as const)(
    'xtrace in %s with one column more than the rank knows it',
    async (dtype) => {
      // a vector with a share of less than 1e-3 in what is redundant counts as indispensable: once in a thousand
      const tolerance = dtype === 'float64' ? 1e-12 : 1e-4;
      for (const rank of [1, 2, 5]) {
        const values = Array.from({ length: 60 }, (_, i) => (i < rank ? 1 : 0));
        const A = operatorWithSpectrum(values, { seed: rank, dtype });
        let inexact = 0;
        for (let seed = 0; seed < 10; seed++) {
          const { estimate, standardError } = await trace(A, { method: 'xtrace', maxProducts: 2 * rank + 2, seed });
          expect(Math.abs(estimate - rank)).toBeLessThan(10 * standardError + tolerance);
          if (!(standardError < tolerance)) inexact++;
        }
        expect(inexact).toBeLessThanOrEqual(1);
      }
    },
  );

  test('columns beyond what float32 resolves leave xtrace an error bar, and tol is reached', async () => {
    const values = Array.from({ length: 60 }, (_, i) => 0.1 ** i);
    const A = operatorWithSpectrum(values, { seed: 5, dtype: 'float32' });
    for (let seed = 0; seed < 10; seed++) {
      const { estimate, standardError } = await trace(A, { method: 'xtrace', maxProducts: 24, seed });
      expect(Math.abs(estimate - total(values))).toBeLessThan(1e-5);
      expect(standardError).toBeLessThan(1e-5);
    }
    expect((await trace(A, { method: 'xtrace', firstProducts: 8, tol: 1e-4 })).converged).toBe(true);
  });

  test.each(['hutch++', 'xtrace', 'xnystrace'] as const)('%s of 1 x 1 is its entry, and knows it', async (method) => {
    const { estimate, standardError, likely, converged } = await trace(diagonalOperator([5]), { method, tol: 1e-9 });
    for (const value of [estimate, likely.lower, likely.upper]) expect(value).toBeCloseTo(5, 13);
    expect([standardError, converged]).toEqual([0, true]);
  });

  test.each(METHODS)('%s of the zero operator is 0, without NaN', async (method) => {
    const { estimate, standardError, likely } = await trace(diagonalOperator(new Float64Array(20)), { method });
    expect([estimate, standardError, likely]).toEqual([0, 0, { estimate: 0, lower: 0, upper: 0 }]);
  });

  test('one sample of hutchinson with signs is the trace of a diagonal operator', async () => {
    const { estimate, certified } = await trace(diagonalOperator([3, -1, 4]), {
      method: 'hutchinson',
      testMatrix: 'rademacher',
      maxProducts: 2,
    });
    expect([estimate, certified]).toEqual([6, false]);
  });

  test.each(['hutch++', 'xtrace', 'xnystrace'] as const)(
    '%s with more products than n needs is exact',
    async (method) => {
      const spectrum = [9, 7, 4, 3, 2, 1.5, 1, 0.5];
      const A = operatorWithSpectrum(spectrum, { seed: 2 });
      const { estimate } = await trace(A, { method, maxProducts: 60 });
      expect(estimate).toBeCloseTo(total(spectrum), 11);
    },
  );

  test('the trace of an operator that is not symmetric', async () => {
    const A = denseOperator(randomBlock(40, 40, 3));
    const exact = total(Array.from({ length: 40 }, (_, i) => randomBlock(40, 40, 3).data[41 * i]!));
    for (const method of ['hutchinson', 'hutch++', 'xtrace'] as const) {
      const { estimate, standardError } = await trace(A, { method, maxProducts: 40 });
      expect(Math.abs(estimate - exact)).toBeLessThan(6 * standardError);
    }
  });
});

describe('certified intervals', () => {
  const n = 40;
  const spectra: Record<string, number[]> = {
    'rank one': Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0)),
    flat: new Array(n).fill(1),
    '1/j': Array.from({ length: n }, (_, i) => 1 / (i + 1)),
    'plus and minus': Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / Math.ceil((i + 1) / 2)),
    'one against many': Array.from({ length: n }, (_, i) => (i === 0 ? -5 : 0.2)),
  };
  const RUNS = 400;
  // the formula itself is checked in certified.test.ts: these spectra are far from attaining it
  // each end fails with probability at most 0.1; more than 70 of 400 failures have probability below 1e-6 (binomial)
  (long ? test : test.skip).each(Object.entries(spectra))(
    longTitle('hold at 90 %% for %s, with and without the claim psd'),
    async (_, spectrum) => {
      const exact = total(spectrum);
      for (const psd of [false, true]) {
        if (psd && spectrum.some((value) => value < 0)) continue;
        const A: LinearOperator = { ...diagonalOperator(spectrum), psd };
        for (const method of ['hutchinson', 'hutch++'] as const) {
          let [below, above] = [0, 0];
          for (let seed = 0; seed < RUNS; seed++) {
            const { lower, upper, certified } = await trace(A, { method, maxProducts: 9, confidence: 0.9, seed });
            expect(certified).toBe(true);
            if (lower > exact + 1e-12) below++;
            if (upper < exact - 1e-12) above++;
          }
          expect(below).toBeLessThanOrEqual(70);
          expect(above).toBeLessThanOrEqual(70);
        }
      }
    },
  );

  test('the claim psd makes them narrower, and never wrong in sign', async () => {
    const spectrum = Array.from({ length: 100 }, (_, i) => 1 / (i + 1) ** 2);
    const A = diagonalOperator(spectrum);
    const claimed = await trace(A, { method: 'hutchinson', maxProducts: 20 });
    const { psd: _, ...plain } = A;
    const unclaimed = await trace(plain, { method: 'hutchinson', maxProducts: 20 });
    expect(claimed.estimate).toBe(unclaimed.estimate);
    const width = ({ lower, upper }: { lower: number; upper: number }): number => upper - lower;
    expect(width(claimed)).toBeLessThan(0.7 * width(unclaimed));
    expect(claimed.lower).toBeGreaterThan(0);
  });

  test('a product that is only right to float32 is covered by the rounding in the interval', async () => {
    const spectrum = Array.from({ length: 80 }, (_, i) => 0.5 ** i);
    for (let seed = 0; seed < 20; seed++) {
      const A = operatorWithSpectrum(spectrum, { seed: 3, dtype: 'float32' });
      const { lower, upper } = await trace(A, { maxProducts: 90, seed });
      expect(lower).toBeLessThanOrEqual(total(spectrum));
      expect(upper).toBeGreaterThanOrEqual(total(spectrum));
      expect(upper - lower).toBeLessThan(1e-4);
    }
  });
});

describe('adaptive stopping', () => {
  const spectrum = Array.from({ length: 200 }, (_, i) => (i + 1) ** -1.5);
  const A = diagonalOperator(spectrum);

  test.each(METHODS)('%s stops when its error bar is within tol, and says when it is not', async (method) => {
    const tol = method === 'hutchinson' ? 0.2 : 0.01;
    const done = await trace(A, { method, firstProducts: 12, tol, maxProducts: 2000, confidence: 0.95 });
    const { lower, upper } = done;
    expect([done.converged, done.certified]).toEqual([true, method.startsWith('hutch')]);
    expect(Math.max(upper - done.estimate, done.estimate - lower)).toBeLessThanOrEqual(tol * done.estimate);
    const short = await trace(A, { method, firstProducts: 12, tol: 1e-9, maxProducts: 30 });
    expect([short.converged, short.looks]).toEqual([false, 2]);
    expect(short.numMatvecs).toBeLessThanOrEqual(30);
  });

  test.each(METHODS)('%s never spends more than maxProducts, and counts what it spends', async (method) => {
    // the third look would double 24 to 48: it takes the 16 that are left
    for (const [maxProducts, looks, spent] of [
      [40, 3, 40],
      [36, 3, 36],
      [35, 2, 24],
    ] as const) {
      let columns = 0;
      const counting: LinearOperator = {
        ...A,
        matmat: (X, out) => {
          columns += X.cols;
          return A.matmat(X, out);
        },
      };
      const result = await trace(counting, { method, firstProducts: 12, tol: 1e-9, maxProducts });
      expect([result.looks, result.numMatvecs, columns]).toEqual([looks, spent, spent]);
    }
  });
});

test.each(METHODS)('%s does not depend on the block size, and reports every product', async (method) => {
  const A = operatorWithSpectrum(
    Array.from({ length: 50 }, (_, i) => 1 / (i + 1)),
    { seed: 4 },
  );
  const whole = await trace(A, { method, maxProducts: 24 });
  const done: number[] = [];
  const parts = await trace(A, {
    method,
    maxProducts: 24,
    blockSize: 5,
    onProgress: (progress) => done.push(progress.done),
  });
  expect(parts.estimate).toBeCloseTo(whole.estimate, 12);
  expect(parts.numMatvecs).toBe(24);
  const passes = { hutchinson: 24, 'hutch++': 8, xtrace: 12, xnystrace: 24 };
  expect(Math.max(...done)).toBe(passes[method]);
});

describe('bad input', () => {
  const A = diagonalOperator([1, 2, 3]);
  test.each<[string, () => Promise<unknown>, string]>([
    ['method', () => trace(A, { method: 'exact' as never }), "trace: method must be one of 'hutchinson', 'hutch++'"],
    ['maxProducts', () => trace(A, { maxProducts: 3 }), 'trace: maxProducts must be an integer at least 4, got 3'],
    ['confidence', () => trace(A, { confidence: 1 }), 'trace: confidence must be a number between 0 and 1, got 1'],
    ['tol', () => trace(A, { tol: 0 }), 'trace: tol must be a number between 0 and Infinity, got 0'],
    [
      'maxProducts',
      () => trace(A, { tol: 0.1, firstProducts: 20, maxProducts: 10 }),
      'trace: maxProducts must be an integer at least 20, got 10',
    ],
    [
      'signs for xtrace',
      () => trace(A, { method: 'xtrace', testMatrix: 'rademacher' }),
      "trace: method 'xtrace' needs Gaussian vectors, got testMatrix 'rademacher'",
    ],
    [
      'sparse signs, whose forms scatter far more',
      () => trace(A, { testMatrix: 'sparseSign' as 'gaussian' }),
      "trace: testMatrix must be one of 'gaussian', 'rademacher', got 'sparseSign'",
    ],
    ['rectangular', () => trace(denseOperator(randomBlock(4, 3, 1))), 'trace: the operator must be square, got 4 x 3'],
    [
      'xnystrace of an indefinite operator',
      () => trace(diagonalOperator([3, -2, 1, 1]), { method: 'xnystrace', maxProducts: 4 }),
      "trace: method 'xnystrace' is for positive semidefinite operators, and this one has an eigenvalue of at most -2",
    ],
    [
      'xnystrace of an operator that is not symmetric',
      () =>
        trace(
          denseOperator([
            [2, 1, 0],
            [-1, 2, 1],
            [0, -1, 2],
          ]),
          { method: 'xnystrace', maxProducts: 3 },
        ),
      'trace: the operator is not symmetric',
    ],
    [
      'a matrix',
      () => trace([[1]] as never),
      'trace: expected a LinearOperator { shape, dtype, matmat }, got an array',
    ],
    [
      'nothing',
      () => trace(undefined as never),
      'trace: expected a LinearOperator { shape, dtype, matmat }, got undefined',
    ],
    ['no rows', () => trace({ ...A, shape: [0, 0] }), 'trace: the operator must have rows and columns, got 0 x 0'],
    [
      'NaN',
      () => trace({ ...A, matmat: (X) => ({ ...X, data: X.data.map(() => Number.NaN) }) }),
      'trace: the operator returned NaN',
    ],
  ])('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });

  test('an aborted signal stops before the first product', async () => {
    await expect(trace(A, { signal: AbortSignal.abort() })).rejects.toThrow('This operation was aborted');
  });
});
