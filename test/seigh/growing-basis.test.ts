/** What a growing basis forecasts of its certificate, and where it is certified: formulas evaluated once more. */
import type { Matrix } from '../../src/core/block.ts';
import { denseOperator } from '../../src/index.ts';
import type { KrylovContext } from '../../src/krylov/decomposition.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Multivector, Space } from '../../src/multivector/multivector.ts';
import {
  beginBasis,
  cheapestEnd,
  type Forecast,
  forecastBound,
  type GrowingBasis,
  growBasis,
  isExhausted,
} from '../../src/seigh/growing-basis.ts';
import { squaredFactors } from '../../src/stats/interval.ts';
import { levelAtLook } from '../../src/stats/sequential.ts';
import { describe, expect, test } from '../support/jest.ts';
import { frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';

const forecast = (changes: Partial<Forecast> = {}): Forecast => ({
  ...{ order: 40, captured: 90, coupling: 1, outside: 2, effectiveDimension: 5 },
  ...changes,
});
const basis = (forecasts: Forecast[], changes: Partial<GrowingBasis> = {}): GrowingBasis =>
  ({ forecasts, looks: 0, testsUsed: 0, spent: 0, correction: 1, ...changes }) as GrowingBasis;

describe('the bound that a certificate would state', () => {
  // SciPy 1.17: 10 / chi2.ppf(0.05, 10)
  const factor = 10 / 3.9402991361190605;

  test.each([0, 1, 2])('%i deviations of 8 and 10 vectors on the safe side', (deviations) => {
    const t = 2 * (1 + deviations * Math.sqrt((2 / 5) * (1 / 8 + 1 / 10)));
    const missed = 1 + factor * t;
    expect(forecastBound(forecast(), { tests: 10, level: 0.95, deviations })).toBeCloseTo(missed / (90 + missed), 10);
  });

  test('nothing missed of nothing is no error', () => {
    const nothing = forecast({ captured: 0, coupling: 0, outside: 0, effectiveDimension: 1 });
    expect(forecastBound(nothing, { tests: 10, level: 0.95, deviations: 2 })).toBe(0);
  });
});

describe('where a search ends', () => {
  const shared = { confidence: 0.95, tests: 10 };
  // the level of the first look is 1 - 0.05 * 6 / pi^2. SciPy 1.17: 10 / chi2.ppf(0.05 * 6 / pi**2, 10)
  const firstFactor = 10 / 3.424385416498657;

  test('here, where any success is likely enough', () => {
    const now = basis([forecast({ order: 20, outside: 8 }), forecast()]);
    expect(cheapestEnd(now, { ...shared, tol: 0.9 })).toEqual({ order: 40, tests: 10 });
  });

  test('never, as far as is known, where the error does not fall', () => {
    for (const forecasts of [
      [forecast()],
      [forecast({ order: 36 }), forecast()],
      [forecast({ order: 20 }), forecast()],
    ]) {
      expect(cheapestEnd(basis(forecasts), { ...shared, tol: 0.01 }).order).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('where the square of the error, falling as a power of the order, reaches the tolerance', () => {
    // coupling + outside from 12 to 3 while the order doubles: order^-2
    const forecasts = [
      forecast({ order: 20, coupling: 4, outside: 8 }),
      forecast({ coupling: 0, outside: 3, effectiveDimension: 1e12 }),
    ];
    const tol = 0.1;
    const missed = firstFactor * 3;
    const excess = missed / (90 + missed) / tol ** 2;
    // without scatter all margins say the same
    const { order, tests } = cheapestEnd(basis(forecasts), { ...shared, tol });
    expect(tests).toBe(10);
    expect(Math.abs(order - 40 * excess ** 0.5)).toBeLessThan(1.5);
    // a certificate that found four times as much moves the end to twice the order
    const corrected = cheapestEnd(basis(forecasts, { correction: 4 }), { ...shared, tol });
    expect(Math.abs(corrected.order - 2 * 40 * excess ** 0.5)).toBeLessThan(1.5);
    // more looks leave less to spend: a larger basis
    const later = cheapestEnd(basis(forecasts, { looks: 3 }), { ...shared, tol });
    expect(later.order).toBeGreaterThan(order);
  });

  test('more test vectors where a larger basis would cost more than they do', () => {
    const slowly = [forecast({ order: 2000, outside: 4.4 }), forecast({ order: 4000, outside: 4 })];
    const { tests, order } = cheapestEnd(basis(slowly), { confidence: 0.95, tests: undefined, tol: 0.25 });
    const few = cheapestEnd(basis(slowly), { confidence: 0.95, tests: 10, tol: 0.25 });
    expect(tests).toBeGreaterThan(10);
    expect(order + tests).toBeLessThan(few.order + 10);
  });
});

describe('of all ends the one with the fewest products', () => {
  // of a size with so many vectors: where it fails, another certificate, at a size for the next level
  const ends = (now: Forecast, before: Forecast, { tol, confidence, looks, correction, tests }: Search) => {
    const decay =
      Math.log((before.coupling + before.outside) / (now.coupling + now.outside)) / Math.log(now.order / before.order);
    const factor = (count: number, look: number): number => squaredFactors(count, levelAtLook(confidence, look)).upper;
    const counts = tests === undefined ? Array.from({ length: 25 }, (_, i) => Math.round(10 * 1.2 ** i)) : [tests];
    return counts.flatMap((count) =>
      [0.5, 0.84, 0.98].map((success, deviations) => {
        const level = levelAtLook(confidence, looks + 1);
        const excess = (correction * forecastBound(now, { tests: count, level, deviations })) / tol ** 2;
        const order = excess <= 1 ? now.order : Math.ceil(now.order * excess ** (1 / decay));
        const larger = order * (factor(count, looks + 2) / factor(count, looks + 1)) ** (1 / decay) - order;
        return { order, tests: count, products: order + count + 11 + (1 - success) * (count + 11 + larger) };
      }),
    );
  };
  interface Search {
    tol: number;
    confidence: number;
    looks: number;
    correction: number;
    tests: number | undefined;
  }

  test('over forecasts of many kinds', () => {
    const chosen = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const decay = [0.3, 0.8, 1.5, 3, 8][i % 5]!;
      const order = [30, 100, 400, 1500][i % 4]!;
      const search: Search = {
        tol: [0.3, 0.1, 0.03][i % 3]!,
        confidence: [0.9, 0.99][i % 2]!,
        looks: i % 7 === 6 ? 1 : 0,
        correction: i % 11 === 10 ? 1.3 : 1,
        tests: i % 13 === 12 ? 20 : undefined,
      };
      const outside = 90 * search.tol ** 2 * (0.4 + 0.03 * i);
      const now = forecast({ order, outside, coupling: 0.1 * outside, effectiveDimension: 3 + i });
      const growth = 2 ** decay;
      const before = forecast({ order: order / 2, outside: outside * growth, coupling: 0.1 * outside * growth });
      const all = ends(now, before, search);
      const fewest = Math.min(...all.map(({ products }) => products));
      const end = cheapestEnd(basis([before, now], search), search);
      // where two cost the same to rounding either will do
      const of = all.filter((each) => each.order === end.order && each.tests === end.tests);
      expect(Math.min(...of.map(({ products }) => products))).toBeLessThanOrEqual(fewest * (1 + 1e-12));
      chosen.add(all.findIndex((each) => each.order === end.order && each.tests === end.tests) % 3);
    }
    // now bold, now safe
    expect(chosen.size).toBeGreaterThan(1);
  });

  test('where the error does not fall there is one only if it is here', () => {
    const grows = [forecast({ order: 20, outside: 1 }), forecast({ outside: 4 })];
    const goal = { confidence: 0.95, tests: undefined };
    expect(cheapestEnd(basis(grows), { ...goal, tol: 0.05 })).toEqual({ order: Number.POSITIVE_INFINITY, tests: 10 });
    expect(cheapestEnd(basis(grows), { ...goal, tol: 0.9 })).toEqual({ order: 40, tests: 10 });
  });
});

describe('a basis that grows', () => {
  const n = 16;
  const X = randomBlock(n, n, 5);
  const A = { ...X, data: X.data.map((value, at) => value + transposed(X).data[at]!) as Float64Array };
  const context = (op = denseOperator(A)): KrylovContext => ({
    op,
    space: hostSpace(n, 'float64'),
    seed: 2,
    kernels: jsKernels,
  });
  const begin = (of: KrylovContext) => beginBasis(3, of, { space: of.space, blockSize: 4, stage: 'sketch' });

  test('knows what it has captured, what is coupled to it, and has an estimate of the rest', async () => {
    const of = context();
    let growing = await begin(of);
    for (const width of [3, 2, 4]) {
      growing = await growBasis(growing, width, of);
      const { captured, coupling, outside, order, effectiveDimension } = growing.forecasts.at(-1)!;
      expect(order).toBe(growing.state.H.rows);
      // ||A||_F^2 = ||H||^2 + 2 ||B||^2 + t, and t is estimated from eight vectors: within a factor of four
      const t = frobenius(A) ** 2 - captured - coupling;
      expect(captured).toBeCloseTo(frobenius(growing.state.H as Matrix) ** 2, 9);
      expect(outside / t).toBeGreaterThan(0.25);
      expect(outside / t).toBeLessThan(4);
      expect(effectiveDimension).toBeGreaterThanOrEqual(1);
      expect(isExhausted(growing)).toBe(false);
    }
    expect(growing.forecasts.map(({ order }) => order)).toEqual([3, 5, 9]);
    // the whole space leaves nothing
    while (growing.state.H.rows < n) growing = await growBasis(growing, n - growing.state.H.rows, of);
    expect(growing.forecasts.at(-1)!.coupling).toBeLessThan(1e-20);
    expect(growing.forecasts.at(-1)!.outside).toBeLessThan(1e-20);
    expect(isExhausted(growing)).toBe(true);
  });

  test('holds its columns, those that wait and two blocks of vectors that it never sees, and nothing else', async () => {
    const of = context();
    const inUse = new Set<Multivector>();
    const { space } = of;
    const counting: Space = {
      ...{ rows: n, dtype: 'float64', inMemory: true, panelEntries: space.panelEntries },
      blockColumns: space.blockColumns,
      allocate: async (cols) => {
        const made = await space.allocate(cols);
        inUse.add(made);
        return made;
      },
      release: async (multivector) => void inUse.delete(multivector),
      scope: () => ({ ...counting, close: async () => {} }),
    };
    const counted = { ...of, space: counting };
    let growing = await begin(counted);
    for (const width of [3, 2, 1, 4]) {
      growing = await growBasis(growing, width, counted);
      const { state, heldOut } = growing;
      const held = new Set([...state.V, state.W, heldOut.vectors, heldOut.rest]);
      const extra = [...inUse].filter((each) => !held.has(each) && each.cols > 0);
      expect(extra.map(({ cols }) => cols)).toEqual([]);
    }
  });

  test('counts what was dropped as rounding among what is coupled', async () => {
    const of = context();
    const first = await growBasis(await begin(of), 3, of);
    const { state, forecasts } = await growBasis({ ...first, state: { ...first.state, lost: 0.5 } }, 2, of);
    expect(state.lost).toBeGreaterThanOrEqual(0.5);
    const coupling = 2 * (frobenius(state.B as Matrix) ** 2 + state.lost ** 2);
    expect(forecasts.at(-1)!.coupling / coupling).toBeCloseTo(1, 12);
  });

  test('of nothing is exhausted at once', () => {
    const state = {
      ...{ H: { rows: 2, cols: 2, data: new Float64Array(4) }, B: { rows: 1, cols: 2, data: new Float64Array(2) } },
      ...{ W: { rows: 50, cols: 1, dtype: 'float64' }, lost: 0, roundings: 16 },
    } as unknown as GrowingBasis['state'];
    const nothing = forecast({ captured: 0, coupling: 0, outside: 0, effectiveDimension: 1 });
    expect(isExhausted(basis([nothing], { state }))).toBe(true);
  });

  test('is exhausted where it no longer falls, at four times the noise of the operator in all directions', () => {
    // H lacks 0.1 in symmetry: noise of 0.1 sqrt(50 / 2) a product, sqrt(50) times that in all
    const state = {
      H: { rows: 2, cols: 2, data: Float64Array.of(3, 1, 1.1, 2) },
      B: { rows: 1, cols: 2, data: new Float64Array(2) },
      ...{ W: { rows: 50, cols: 1, dtype: 'float64' }, lost: 0, roundings: 16 },
    } as unknown as GrowingBasis['state'];
    const most = (4 * 0.1 * Math.sqrt(25) * Math.sqrt(50)) ** 2;
    for (const [part, before, exhausted] of [
      [0.99, 1, true],
      [1.01, 1, false],
      [0.99, 16, false],
    ] as const) {
      const left = { coupling: 0.25 * part * most, outside: 0.75 * part * most };
      const earlier = forecast({ order: 20, coupling: before * left.coupling, outside: before * left.outside });
      expect(isExhausted(basis([earlier, forecast(left)], { state }))).toBe(exhausted);
      expect(isExhausted(basis([forecast(left)], { state }))).toBe(false);
    }
  });

  test('is exhausted where an operator of low rank has been found', async () => {
    const v = { rows: n, cols: 2, data: X.data.slice(0, 2 * n) };
    const of = context(denseOperator(multiply(v, transposed(v))));
    let growing = await begin(of);
    growing = await growBasis(growing, 3, of);
    expect(isExhausted(growing)).toBe(false);
    growing = await growBasis(growing, 3, of);
    expect(isExhausted(growing)).toBe(true);
  });
});
