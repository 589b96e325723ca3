/** How many test products buy which certainty: against the tails of chi-square. */
import { apostErrorBounds, planTests } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';

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
    // the law holds from a factor of sqrt(1 + 1/q). SciPy 1.17: chi2.sf(4 * 1.25, 4)
    expect(apostErrorBounds(4, Math.sqrt(1.25)).overestimate).toBeCloseTo(0.2872974951836458, 10);
    expect(apostErrorBounds(4, 1.118).overestimate).toBe(1);
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
