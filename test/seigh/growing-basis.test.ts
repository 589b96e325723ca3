/** What a growing basis forecasts of its certificate, and where it is certified: formulas evaluated once more. */
import { describe, expect, test } from '@jest/globals';
import type { Matrix } from '../../src/core/block.ts';
import { denseOperator } from '../../src/index.ts';
import type { KrylovContext } from '../../src/krylov/decomposition.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import {
  beginBasis,
  cheapestEnd,
  type Forecast,
  forecastBound,
  type GrowingBasis,
  growBasis,
  isExhausted,
} from '../../src/seigh/growing-basis.ts';
import { frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';

const forecast = (changes: Partial<Forecast> = {}): Forecast => ({
  ...{ order: 40, captured: 90, coupling: 1, outside: 2, effectiveDimension: 5 },
  ...changes,
});
const basis = (forecasts: Forecast[], changes: Partial<GrowingBasis> = {}): GrowingBasis =>
  ({ forecasts, looks: 0, testsUsed: 0, spent: 0, lastLook: 0, correction: 1, ...changes }) as GrowingBasis;

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
