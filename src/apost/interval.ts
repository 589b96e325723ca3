/** Intervals for a Frobenius norm from products with Gaussian vectors, valid for every matrix. */
import jstat from 'jstat';

/**
 * A number with two certified ends. `lower` and `upper` are one-sided statements: each holds with probability at least
 * the stated confidence 1 - d, both together with at least 1 - 2d.
 */
export interface Interval {
  estimate: number;
  lower: number;
  upper: number;
}

const { chisquare } = jstat.jStat;

/** Factors on a mean of squares that turn it into one-sided bounds of its expectation. */
export interface SquaredFactors {
  lower: number;
  upper: number;
}

/**
 * With y_i = ||E w_i||^2, w_i i.i.d. standard Gaussian, i = 1..q, and any matrix E:
 * P(mean(y) <= x ||E||_F^2) <= P(chi2_q <= q x) for x <= 1, and P(mean(y) >= x ||E||_F^2) <= P(chi2_q >= q x) for
 * x >= 1 + 1/q. Both are attained by rank one (Szekely & Bakirov 2003; Roosta-Khorasani, Szekely & Ascher 2015).
 * So mean(y) / x bounds ||E||_F^2 from above and below at the chi-square quantiles, moved into those ranges.
 */
export function squaredFactors(tests: number, confidence: number): SquaredFactors {
  const low = Math.min(chisquare.inv(1 - confidence, tests) / tests, 1);
  const high = Math.max(chisquare.inv(confidence, tests) / tests, 1 + 1 / tests);
  return { lower: 1 / high, upper: 1 / low };
}

/** The interval of an expectation of squares, from the mean of `tests` of them. */
export function squaredInterval(meanSquare: number, tests: number, confidence: number): Interval {
  const factors = squaredFactors(tests, confidence);
  return { estimate: meanSquare, lower: factors.lower * meanSquare, upper: factors.upper * meanSquare };
}

/** An interval pushed through an increasing function. */
export function mapInterval(interval: Interval, increasing: (value: number) => number): Interval {
  return {
    estimate: increasing(interval.estimate),
    lower: increasing(interval.lower),
    upper: increasing(interval.upper),
  };
}

/** P(chi2_q <= x). */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  return chisquare.cdf(x, degreesOfFreedom);
}
