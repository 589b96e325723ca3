/** Quantiles against SciPy's, made by test/stats/quantiles.py, against closed forms, and against their own inverse. */
import { readFileSync } from 'node:fs';
import { chiSquareCdf, chiSquareQuantile, studentQuantile } from '../../src/stats/distributions.ts';
import { describe, expect, test } from '../support/jest.ts';

type Row = readonly [argument: number, freedom: number, value: number];

const SCIPY = JSON.parse(readFileSync('test/stats/quantiles.json', 'utf8')) as Record<
  'chiSquareQuantile' | 'chiSquareCdf' | 'studentQuantile',
  Row[]
>;

/** The largest relative difference. */
function apart(rows: readonly Row[], value: (argument: number, freedom: number) => number): number {
  return Math.max(
    ...rows.map(([x, f, expected]) => Math.abs(value(x, f) - expected) / Math.max(Math.abs(expected), 1e-300)),
  );
}

describe('as of SciPy', () => {
  // SciPy itself is off by 5e-12 at 1e6 degrees of freedom and probability 1e-6 (mpmath, 40 digits)
  const ordinary = SCIPY.chiSquareQuantile.filter(([, f]) => f < 1e6);
  const extreme = SCIPY.chiSquareQuantile.filter(([, f]) => f >= 1e6);

  test('chi-square quantiles', () => {
    expect(ordinary.length).toBeGreaterThan(250);
    expect(apart(ordinary, chiSquareQuantile)).toBeLessThan(1e-14);
    expect(apart(extreme, chiSquareQuantile)).toBeLessThan(1e-11);
  });

  test('chi-square probabilities, from 1e-290 to 1', () => {
    // a relative change of the argument changes the logarithm of so small a probability by some hundred times as much
    expect(apart(SCIPY.chiSquareCdf, chiSquareCdf)).toBeLessThan(1e-12);
  });

  test("quantiles of Student's t", () => {
    expect(apart(SCIPY.studentQuantile, studentQuantile)).toBeLessThan(1e-13);
  });
});

describe('closed forms', () => {
  const probabilities = [1e-15, 1e-8, 0.01, 0.3, 0.5, 0.7, 0.999, 1 - 2 ** -40];

  test.each(probabilities)('chi-square of 2 degrees of freedom is exponential: %s', (p) => {
    expect(chiSquareQuantile(p, 2) / (-2 * Math.log1p(-p))).toBeCloseTo(1, 13);
    expect(chiSquareCdf(3, 2)).toBeCloseTo(-Math.expm1(-1.5), 15);
  });

  test.each(probabilities.filter((p) => p !== 0.5))("Student's t of 1 degree of freedom is Cauchy's law: %s", (p) => {
    const cauchy = p < 0.5 ? -1 / Math.tan(Math.PI * p) : 1 / Math.tan(Math.PI * (1 - p));
    expect(studentQuantile(p, 1) / cauchy).toBeCloseTo(1, 13);
  });

  test.each(probabilities.filter((p) => p !== 0.5))("Student's t of 2 degrees of freedom: %s", (p) => {
    expect(studentQuantile(p, 2) / ((p - 0.5) * Math.sqrt(2 / (p * (1 - p))))).toBeCloseTo(1, 13);
  });
});

test('ends of the range', () => {
  expect(chiSquareQuantile(0, 3)).toBe(0);
  expect(chiSquareQuantile(1, 3)).toBe(Number.POSITIVE_INFINITY);
  expect(chiSquareCdf(0, 3)).toBe(0);
  expect(chiSquareCdf(-1, 3)).toBe(0);
  expect(chiSquareCdf(Number.POSITIVE_INFINITY, 3)).toBe(1);
  expect([0, 0.5, 1].map((p) => studentQuantile(p, 3))).toEqual([
    Number.NEGATIVE_INFINITY,
    0,
    Number.POSITIVE_INFINITY,
  ]);
});

test('the probability below a quantile is the one it was asked for, at any number of degrees of freedom', () => {
  for (let f = 1; f < 1e7; f *= 1.7) {
    for (const p of [1e-9, 0.005, 0.5, 0.975]) {
      // the quantile is rounded, by a part of the standard deviation that grows with f
      expect(Math.abs(chiSquareCdf(chiSquareQuantile(p, f), f) / p - 1)).toBeLessThan(1e-14 * Math.sqrt(f) + 1e-13);
    }
  }
});
