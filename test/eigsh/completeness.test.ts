/** What eigsh says of the eigenvalues that it did not return: the formulas, and how often the bounds are wrong where they can be. */
import type { Matrix } from '../../src/core/block.ts';
import { iterate } from '../../src/eigsh/check.ts';
import { boundTheRest } from '../../src/eigsh/completeness.ts';
import { parseSearch } from '../../src/eigsh/options.ts';
import { beginSearch } from '../../src/eigsh/search.ts';
import { diagonalOperator, type EigshOptions, eigsh } from '../../src/index.ts';
import { spectrumBounds } from '../../src/krylov/fresh-run.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { jacobi } from '../support/eigenvalues.ts';
import { describe, expect, test } from '../support/jest.ts';
import { repeatedTitle, repeats } from '../support/long.ts';
import { randomBlock } from '../support/matrices.ts';
import { expectRate } from '../support/statistics.ts';

type Completeness = NonNullable<Awaited<ReturnType<typeof eigsh>>['completeness']>;

/** Whether more eigenvalues lie beyond an end than were returned from it, `high` from above and `low` from below. */
function misses(
  values: ArrayLike<number>,
  { upperBound: upper, lowerBound: lower }: Completeness,
  high: number,
  low: number,
) {
  const all = Array.from(values);
  return {
    above: upper !== undefined && all.filter((value) => value > upper).length > high,
    below: lower !== undefined && all.filter((value) => value < lower).length > low,
  };
}

describe('the bound of a Lanczos run from a Gaussian vector of length l outside the basis', () => {
  // SciPy 1.17: sqrt(chi2.ppf(0.1, 1)), sqrt(chi2.ppf(0.05, 1))
  test.each([
    [0.9, 0.12566134685507402],
    [0.95, 0.06270677794321385],
  ])('level %d: |p(x)| = ||p(C) g|| / %d for one step and for two', async (level, quantile) => {
    const length = 7;
    const first = { diagonal: [0.5], offDiagonal: [0.2], length };
    const run = { ...first, wanted: [], ended: undefined };
    const one = await spectrumBounds(run, level, jsKernels);
    // p(x) = x - 0.5
    const distance = (length * 0.2) / quantile;
    expect(one.upper).toBeCloseTo(0.5 + distance, 10);
    expect(one.lower).toBeCloseTo(0.5 - distance, 10);
    expect([one.smallest, one.largest]).toEqual([0.5, 0.5]);
    // [[0.5, 0.2], [0.2, -0.1]]: p(x) = (x - 0.2)^2 - 0.13
    const next = { ...run, diagonal: [0.5, -0.1], offDiagonal: [0.2, 0.03] };
    const two = await spectrumBounds(next, level, jsKernels);
    const root = Math.sqrt(0.13 + (length * 0.2 * 0.03) / quantile);
    expect(two.upper).toBeCloseTo(0.2 + root, 10);
    expect(two.lower).toBeCloseTo(0.2 - root, 10);
    expect(two.largest).toBeCloseTo(0.2 + Math.sqrt(0.13), 12);
    expect(two.smallest).toBeCloseTo(0.2 - Math.sqrt(0.13), 12);
  });
});

describe('bounds of the rest from bounds of the part outside the basis', () => {
  const [m, b, n] = [4, 2, 7];
  /** [[H, B^T, 0], [B, C]] with random H and B; C is given. */
  function bordered(seed: number, C: (i: number, j: number) => number) {
    const X = randomBlock(n, n, seed).data;
    const entry = (i: number, j: number): number => X[Math.max(i, j) * n + Math.min(i, j)]!;
    const data = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      if (i >= m && j >= m) return C(i, j);
      return Math.max(i, j) >= m + b ? 0 : entry(i, j);
    });
    const part = (top: number, rows: number): Matrix => ({
      rows,
      cols: m,
      data: Float64Array.from({ length: rows * m }, (_, at) => data[(top + Math.floor(at / m)) * n + (at % m)]!),
    });
    return { values: jacobi({ rows: n, cols: n, data }).values, state: { H: part(0, m), B: part(m, b) } };
  }
  const ends = (high: number, low: number) => ({ high, low, upper: 0, lower: 0 });
  const context = { kernels: jsKernels } as never;

  test.each([0.3, -0.2, 2, -2])('attained where that part is %d times the identity', async (g) => {
    for (let seed = 1; seed <= 6; seed++) {
      const { values, state } = bordered(seed, (i, j) => (i === j ? g : 0));
      const bounds = (which: 'LM' | 'LA' | 'SA' | 'BE', high: number, low: number, noise = 0) =>
        boundTheRest(state as never, which, ends(high, low), { lower: g, upper: g }, noise, context);
      const descending = values.toReversed();
      const magnitudes = values.map(Math.abs).sort((x, y) => y - x);
      for (const k of [1, 2, 3]) {
        const [above, below] = [Math.max(descending[k]!, g), Math.min(values[k]!, g)];
        const largest = Math.max(magnitudes[k]!, Math.abs(g));
        const high = await bounds('LA', k, 0);
        expect(high.upperBound).toBeCloseTo(above, 12);
        expect(high.lowerBound).toBeUndefined();
        const low = await bounds('SA', 0, k, 0.25);
        expect(low.lowerBound).toBeCloseTo(below - 0.25, 12);
        expect(low.upperBound).toBeUndefined();
        const both = await bounds('BE', 1, k, 0.25);
        expect(both.upperBound).toBeCloseTo(Math.max(descending[1]!, g) + 0.25, 12);
        expect(both.lowerBound).toBeCloseTo(below - 0.25, 12);
        const magnitude = await bounds('LM', k, k, 0.25);
        expect(magnitude.upperBound).toBeCloseTo(largest + 0.25, 12);
        expect(magnitude.lowerBound).toBe(-magnitude.upperBound!);
      }
    }
  });

  test('never too small for any part that lies between the bounds', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const Y = randomBlock(n, n, 1000 + seed).data;
      const C = (i: number, j: number): number => Y[Math.max(i, j) * n + Math.min(i, j)]!;
      const { values, state } = bordered(seed, C);
      const rest = jacobi({
        rows: n - m,
        cols: n - m,
        data: Float64Array.from({ length: (n - m) ** 2 }, (_, at) =>
          C(m + Math.floor(at / (n - m)), m + (at % (n - m))),
        ),
      }).values;
      const outside = { lower: rest[0]! - 1e-12, upper: rest.at(-1)! + 1e-12 };
      for (const k of [0, 1, 2]) {
        const bounds = await boundTheRest(state as never, 'BE', ends(k + 1, k + 1), outside, 1e-12, context);
        expect(misses(values, bounds as Completeness, k + 1, k + 1)).toEqual({ above: false, below: false });
        const { upperBound } = await boundTheRest(state as never, 'LM', ends(k + 1, k + 1), outside, 1e-12, context);
        expect(values.filter((value) => Math.abs(value) > upperBound!).length).toBeLessThanOrEqual(k + 1);
      }
    }
  });
});

const N = 40;
const padded = (...values: number[]): Float64Array => Float64Array.from({ length: N }, (_, i) => values[i] ?? 0);
const SEEDS = repeats(120, 240, 5000);

/**
 * A copy of an eigenvalue is hidden from a single start vector, and everything else outside the basis is zero. The check's
 * first product of g, with a = |u^T g| and b the rest of it, r^2 = a^2 + b^2, gives the bound a^2 / r^2 + a b / (r z): the
 * check ends with a false bound when that is below 1, which is nearly a < z, so the probability that it spends is attained.
 *
 * NumPy 2 and SciPy 1.17, 4 million draws: `a2, b2 = chisquare(1, N), chisquare(37, N); z2 = chi2.ppf(0.5 * 3 / pi**2, 1);
 * mean(a2 / (a2 + b2) + sqrt(a2 * b2 / (a2 + b2) / z2) <= 1)`; for BE 36, the same to 3e-4.
 */
const ONE_RUN = 0.1519;
/** The same with chi2.ppf(0.99 * 3 / (2 * pi)**2, 1): the second check has a quarter of the first one's share, which would be 0.300. */
const SECOND_RUN = 0.0752;

describe(repeatedTitle('bounds are wrong as often as the first check spends on an end, where that is attained'), () => {
  const count = async (values: Float64Array, k: number, options: EigshOptions): Promise<[number, number]> => {
    const wrong: [number, number] = [0, 0];
    const which = options.which ?? 'LM';
    const [high, low] = which === 'BE' ? [Math.ceil(k / 2), Math.floor(k / 2)] : [k, k];
    for (let seed = 0; seed < SEEDS; seed++) {
      const { completeness } = await eigsh(diagonalOperator(values), k, { tol: 1e-6, kernels: 'js', ...options, seed });
      const { above, below } = misses(values, completeness!, high, low);
      wrong[0] += Number(above);
      wrong[1] += Number(below);
    }
    return wrong;
  };

  test.each<[string, Float64Array, number, EigshOptions['which'], 0 | 1]>([
    ['LA', padded(1, 1), 1, 'LA', 0],
    ['SA', padded(-1, -1), 1, 'SA', 1],
    ['LM, positive', padded(1, 1), 1, 'LM', 0],
    ['LM, negative', padded(-1, -1), 1, 'LM', 1],
    ['BE, upper end', padded(1, 1, -1), 2, 'BE', 0],
    ['BE, lower end', padded(-1, -1, 1), 2, 'BE', 1],
  ])('%s', async (_, values, k, which, end) => {
    const wrong = await count(values, k, { which: which!, confidence: 0.5 });
    // a single end has the share of both
    expectRate(wrong[end], SEEDS, which === 'LA' || which === 'SA' ? 2 * ONE_RUN : ONE_RUN);
    expect(wrong[1 - end]).toBe(0);
  });

  test('the second check spends a quarter of what the first did', async () => {
    const values = padded(1, 1);
    const op = diagonalOperator(values);
    const { settings } = parseSearch(op, 1, { which: 'LA', tol: 1e-6, confidence: 0.01 });
    let wrong = 0;
    for (let seed = 0; seed < 2 * SEEDS; seed++) {
      const context = { op, space: hostSpace(N, 'float64'), seed, kernels: jsKernels };
      // a search whose first check has found something, which is converged by now
      const search = { ...(await beginSearch(1, context)), check: { runs: 1, firstProduct: 0, run: undefined } };
      const { completeness } = await iterate(search, settings, context);
      wrong += Number(misses(values, completeness!, 1, 0).above);
    }
    // of a single end
    expectRate(wrong, 2 * SEEDS, 2 * SECOND_RUN);
  });
});

test.each<[EigshOptions['which'], number, number, number | undefined, number | undefined]>([
  ['LA', 2, 0, 4, undefined],
  ['SA', 0, 2, undefined, -3],
  ['BE', 1, 1, 5, -6],
  ['LM', 2, 2, 5, -5],
])('%s: a basis of the whole space leaves nothing to chance', async (which, high, low, upper, lower) => {
  const values = [5, 4, 1, 0.5, -3, -6];
  const { completeness } = await eigsh(diagonalOperator(values), 2, { which: which!, seed: 2 });
  if (completeness!.confidence === 1) {
    expect(misses(values, completeness!, high, low)).toEqual({ above: false, below: false });
  }
  for (const [end, expected] of [
    [completeness!.upperBound, upper],
    [completeness!.lowerBound, lower],
  ] as const) {
    if (expected === undefined) expect(end).toBeUndefined();
    else expect(end).toBeCloseTo(expected, 10);
  }
});

test('what a check has found of the rest does not outlive a restart, which lets directions go', async () => {
  const n = 150;
  const values = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(i + 1));
  const op = diagonalOperator(values);
  const context = { op, space: hostSpace(n, 'float64'), seed: 1, kernels: jsKernels };
  const boundAfter = async (maxMemory: number) => {
    const { settings } = parseSearch(op, 6, { tol: 1e-5, maxMemory });
    const search = await beginSearch(1, context);
    // an earlier check that came to bounds which no other one comes to
    const ended = { lower: -777, upper: 777 };
    const run = { length: 0, diagonal: [], offDiagonal: [], wanted: Array.from(values.subarray(0, 6)), ended };
    return iterate({ ...search, check: { runs: 1, firstProduct: 0, run } }, settings, context);
  };
  const kept = await boundAfter(1e9);
  expect([kept.restarts, kept.completeness!.upperBound! > 776]).toEqual([0, true]);
  const restarted = await boundAfter(64 * n * 8);
  expect(restarted.restarts).toBeGreaterThan(0);
  expect(restarted.completeness!.upperBound!).toBeGreaterThanOrEqual(values[6]!);
  expect(restarted.completeness!.upperBound!).toBeLessThan(2);
});

describe('complete', () => {
  test('a multiple eigenvalue whose copies are all returned, and one whose copies are not', async () => {
    const n = 300;
    const values = Float64Array.from({ length: n }, (_, i) => (i < 3 ? 2 : 1 / (1 + i)));
    const A = diagonalOperator(values);
    const all = await eigsh(A, 3, { seed: 1 });
    expect(Array.from(all.eigenvalues, (value) => Math.round(1e6 * value) / 1e6)).toEqual([2, 2, 2]);
    expect([all.complete, all.completeness!.productsNeeded]).toEqual([true, undefined]);
    // without a check nothing is said
    expect((await eigsh(A, 3, { seed: 1, confidence: 0 })).complete).toBe(false);
    // and none of a search that was cut short
    expect((await eigsh(A, 3, { seed: 1, maxProducts: 4 })).complete).toBe(false);
  });

  // the normalised matrix of a random graph: 1, nine eigenvalues from 0.66 to 0.634, and a semicircle of radius 0.62
  test('above a dense rest: at most a tenth of the products, and a bound within 1.25 of what was left out', async () => {
    const n = 20_000;
    const quantile = (u: number): number => {
      let [low, high] = [0, Math.PI];
      for (let step = 0; step < 50; step++) {
        const middle = (low + high) / 2;
        if (middle - Math.sin(middle) * Math.cos(middle) < Math.PI * u) low = middle;
        else high = middle;
      }
      return Math.cos(low);
    };
    const values = Float64Array.from({ length: n }, (_, i) =>
      i === 0 ? 1 : i < 10 ? 0.66 - (0.026 * (i - 1)) / 8 : 0.62 * quantile((i - 9.5) / (n - 10)),
    );
    const { complete, completeness, numMatvecs } = await eigsh(diagonalOperator(values), 10, { which: 'LA', seed: 1 });
    const { upperBound: upper, numMatvecs: spent, confidence, productsNeeded } = completeness!;
    expect(confidence).toBe(0.99);
    expect(spent).toBeLessThanOrEqual(0.1 * numMatvecs);
    expect(upper!).toBeGreaterThanOrEqual(values[10]!);
    expect(upper!).toBeLessThan(1.25 * values[10]!);
    // acosh(||g|| / x) / acosh(0.634 / 0.62), x the quantile of |N| at 0.99 for one end of the first run
    expect(complete).toBe(false);
    expect(productsNeeded!).toBeGreaterThan(25);
    expect(productsNeeded!).toBeLessThan(120);
  }, 120_000);
});
