/** What eigsh says of the eigenvalues that it did not return: the formulas, and how often the bounds are wrong where they can be. */
import type { Matrix } from '../../src/core/block.ts';
import { iterate } from '../../src/eigsh/check.ts';
import { boundTheRest, endsOf } from '../../src/eigsh/completeness.ts';
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
    const one = await spectrumBounds(first, level, jsKernels);
    // p(x) = x - 0.5
    const distance = (length * 0.2) / quantile;
    expect(one.upper).toBeCloseTo(0.5 + distance, 10);
    expect(one.lower).toBeCloseTo(0.5 - distance, 10);
    expect([one.smallest, one.largest]).toEqual([0.5, 0.5]);
    // [[0.5, 0.2], [0.2, -0.1]]: p(x) = (x - 0.2)^2 - 0.13
    const next = { ...first, diagonal: [0.5, -0.1], offDiagonal: [0.2, 0.03] };
    const two = await spectrumBounds(next, level, jsKernels);
    const root = Math.sqrt(0.13 + (length * 0.2 * 0.03) / quantile);
    expect(two.upper).toBeCloseTo(0.2 + root, 10);
    expect(two.lower).toBeCloseTo(0.2 - root, 10);
    expect(two.largest).toBeCloseTo(0.2 + Math.sqrt(0.13), 12);
    expect(two.smallest).toBeCloseTo(0.2 - Math.sqrt(0.13), 12);
  });
});

describe('bounds of the rest from bounds of the part outside Ritz vectors', () => {
  const [m, b, n] = [4, 2, 7];
  /** [[D, B^T, 0], [B, C]] with random diagonal D and B; C is given. */
  function bordered(seed: number, C: (i: number, j: number) => number) {
    const X = randomBlock(n, n, seed).data;
    const entry = (i: number, j: number): number => X[Math.max(i, j) * n + Math.min(i, j)]!;
    const data = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      if (i >= m && j >= m) return C(i, j);
      return Math.max(i, j) >= m + b || (i !== j && Math.max(i, j) < m) ? 0 : entry(i, j);
    });
    const coupling: Matrix = {
      rows: b,
      cols: m,
      data: Float64Array.from({ length: b * m }, (_, at) => data[(m + Math.floor(at / m)) * n + (at % m)]!),
    };
    const known = { values: Float64Array.from({ length: m }, (_, i) => data[i * n + i]!), coupling };
    return { values: jacobi({ rows: n, cols: n, data }).values, known };
  }
  const ends = (high: number, low: number) => ({ high, low, upper: 0, lower: 0, above: 0, below: 0 });
  const context = { kernels: jsKernels } as never;

  test.each([0.3, -0.2, 2, -2])('attained where that part is %d times the identity', async (g) => {
    for (let seed = 1; seed <= 6; seed++) {
      const { values, known } = bordered(seed, (i, j) => (i === j ? g : 0));
      const bounds = (which: 'LM' | 'LA' | 'SA' | 'BE', high: number, low: number, noise = 0) =>
        boundTheRest(known, which, ends(high, low), { lower: g, upper: g }, noise, context);
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
      const { values, known } = bordered(seed, C);
      const rest = jacobi({
        rows: n - m,
        cols: n - m,
        data: Float64Array.from({ length: (n - m) ** 2 }, (_, at) =>
          C(m + Math.floor(at / (n - m)), m + (at % (n - m))),
        ),
      }).values;
      const outside = { lower: rest[0]! - 1e-12, upper: rest.at(-1)! + 1e-12 };
      for (const k of [0, 1, 2]) {
        const bounds = await boundTheRest(known, 'BE', ends(k + 1, k + 1), outside, 1e-12, context);
        expect(misses(values, bounds as Completeness, k + 1, k + 1)).toEqual({ above: false, below: false });
        const { upperBound } = await boundTheRest(known, 'LM', ends(k + 1, k + 1), outside, 1e-12, context);
        expect(values.filter((value) => Math.abs(value) > upperBound!).length).toBeLessThanOrEqual(k + 1);
      }
    }
  });
});

describe('complete, of bounds of the rest', () => {
  const context = { kernels: jsKernels } as never;
  const ask = (
    which: 'LA' | 'SA' | 'LM' | 'BE',
    values: readonly number[],
    count: number,
    coupling: number,
    C: number,
  ) => {
    const row = values.map((_, i) => (i === values.length - 1 ? coupling : 0));
    const known = {
      values: Float64Array.from(values),
      coupling: { rows: 1, cols: values.length, data: Float64Array.from(row) },
    };
    const outside = { lower: -Math.abs(C), upper: Math.abs(C) };
    return boundTheRest(known, which, endsOf(known, which, count, 1e-3), outside, 0, context);
  };

  test.each(['LA', 'SA', 'LM', 'BE'] as const)(
    '%s: not where a missed eigenvalue may lie between the wanted ones',
    async (which) => {
      const sign = which === 'SA' ? -1 : 1;
      const wanted = which === 'BE' ? [2, -2, 1, -1] : [2 * sign, sign];
      // [[0.9, 0.5], [0.5, 0.8]] reaches to 0.85 + sqrt(0.0025 + 0.25) = 1.35, [[0.9, 0.1], [0.1, 0.8]] to 0.96
      const near = 0.9 * sign;
      const open = await ask(which, [...wanted, near], wanted.length, 0.5, 0.8);
      expect(open.complete).toBe(false);
      expect(Math.abs(open.upperBound ?? open.lowerBound!)).toBeCloseTo(1, 12);
      const closed = await ask(which, [...wanted, near], wanted.length, 0.1, 0.8);
      expect(closed.complete).toBe(true);
      // beyond the last one, or the last one itself not told from the rest
      expect((await ask(which, [...wanted, near], wanted.length, 0.1, 1.1)).complete).toBe(false);
    },
  );

  test.each(['LA', 'SA', 'LM'] as const)('%s: ties of the last one are no misses', async (which) => {
    const sign = which === 'SA' ? -1 : 1;
    const values = [2, 1.0002, 1, 1].map((value) => sign * value);
    expect((await ask(which, values, 3, 0, 0.8)).complete).toBe(true);
    expect((await ask(which, values, 3, 0, 1.0005)).complete).toBe(true);
    expect((await ask(which, values, 3, 0, 1.002)).complete).toBe(false);
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
    const known = {
      values: values.slice(0, 6),
      outsideOf: [],
      coupling: { rows: 0, cols: 6, data: new Float64Array(0) },
    };
    const run = { ...known, length: 0, diagonal: [], offDiagonal: [], vectors: [], ended };
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

  // the couplings of a basis of 50 columns to the rest are larger than the gap from 1.1 to 1
  test.each<[EigshOptions['which'], number, 'spread' | 'clustered']>([
    ['LA', 1, 'spread'],
    ['LA', 1, 'clustered'],
    ['LA', 2, 'spread'],
    ['SA', 1, 'spread'],
    ['LM', 1, 'spread'],
    ['LM', 2, 'clustered'],
  ])('%s, blocks of %i, %s: a gap of a tenth is told at the confidence asked for', async (which, blockSize, kind) => {
    const n = 5000;
    const lead = (i: number): number => (kind === 'spread' ? 2 - i / 10 : i < 7 ? 2 - i / 1e4 : 1.1 + (9 - i) / 1e4);
    const magnitudes = Float64Array.from({ length: n }, (_, i) => (i < 10 ? lead(i) : (n - i) / (n - 10)));
    const values = which === 'SA' ? magnitudes.map((value) => -value) : magnitudes;
    const found = await eigsh(diagonalOperator(values), 10, { which: which!, blockSize, confidence: 0.99, seed: 1 });
    const { upperBound, lowerBound, productsNeeded } = found.completeness!;
    expect([found.complete, productsNeeded]).toEqual([true, undefined]);
    const bound = upperBound ?? -lowerBound!;
    expect(bound).toBeGreaterThanOrEqual(1);
    expect(bound).toBeLessThanOrEqual(1.1);
    expect(found.eigenvalues.every((value, i) => Math.abs(value - values[i]!) < 1e-7)).toBe(true);
  });
});
