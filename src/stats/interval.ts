/** Intervals for a Frobenius norm from products with Gaussian vectors, valid for every matrix. */
import { chiSquareQuantile } from './distributions.ts';

/**
 * A number with two certified ends. `lower` and `upper` are one-sided statements: each holds with probability at least
 * the stated confidence 1 - d, both together with at least 1 - 2d.
 */
export interface Interval {
  /** The best single number. */
  estimate: number;
  /** Lower end. */
  lower: number;
  /** Upper end. */
  upper: number;
}

/** Factors on a mean of squares that turn it into one-sided bounds of its expectation. */
export interface SquaredFactors {
  lower: number;
  upper: number;
}

/** A search asks for the same few at every step, and each is two roots of the incomplete gamma function. */
const knownFactors = new Map<string, Readonly<SquaredFactors>>();
const MOST_KNOWN = 1000;

/**
 * With y_i = ||E w_i||^2, w_i i.i.d. standard Gaussian, i = 1..q, and any matrix E:
 * P(mean(y) <= x ||E||_F^2) <= P(chi2_q <= q x) for x <= 1, and P(mean(y) >= x ||E||_F^2) <= P(chi2_q >= q x) for
 * x >= 1 + 1/q. Both are attained by rank one (Szekely & Bakirov 2003; Roosta-Khorasani, Szekely & Ascher 2015).
 * So mean(y) / x bounds ||E||_F^2 from above and below at the chi-square quantiles, moved into those ranges.
 */
export function squaredFactors(tests: number, confidence: number): Readonly<SquaredFactors> {
  const key = `${tests} ${confidence}`;
  const known = knownFactors.get(key);
  if (known) return known;
  const low = Math.min(chiSquareQuantile(1 - confidence, tests) / tests, 1);
  const high = Math.max(chiSquareQuantile(confidence, tests) / tests, 1 + 1 / tests);
  const factors = { lower: 1 / high, upper: 1 / low };
  if (knownFactors.size >= MOST_KNOWN) knownFactors.clear();
  knownFactors.set(key, factors);
  return factors;
}

/**
 * The interval of an expectation of squares, from the mean of `tests` of them, each the square of a length known up to
 * `noise`: root mean squares obey the triangle inequality, so that of the exact lengths is within `noise` of the measured.
 */
export function squaredInterval(meanSquare: number, tests: number, confidence: number, noise = 0): Interval {
  const factors = squaredFactors(tests, confidence);
  const { lower, upper } = withNoise(meanSquare, noise);
  return { estimate: meanSquare, lower: factors.lower * lower, upper: factors.upper * upper };
}

/** The square of a length that is known up to `noise`. */
export function withNoise(square: number, noise: number): Interval {
  const length = Math.sqrt(square);
  if (noise === 0) return { estimate: square, lower: square, upper: square };
  return { estimate: square, lower: Math.max(0, length - noise) ** 2, upper: (length + noise) ** 2 };
}

/** An interval pushed through an increasing function. */
export function mapInterval(interval: Interval, increasing: (value: number) => number): Interval {
  return {
    estimate: increasing(interval.estimate),
    lower: increasing(interval.lower),
    upper: increasing(interval.upper),
  };
}
