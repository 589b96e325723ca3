/**
 * Residual norms from a few Gaussian combinations of the rows of the residuals, and what these say. With s_j standard Gaussian and
 * independent of R = A V - V diag(theta), the numbers s_j^T r_i are Gaussian with variance ||r_i||^2, so that their mean
 * square, of m of them, is distributed as ||r_i||^2 chi2_m / m.
 */
import { unitRoundoff } from '../core/dtype.ts';

/** Combinations that are taken of the rows. */
export const RESIDUAL_SAMPLES = 100;

/**
 * A root mean square of 100 is below the truth over 2 with probability P(chi2_100 <= 25) = 1.1e-15: one of 10,000 pairs with 1.1e-11,
 * which counts as certain, as the like does for the orthonormality of many columns.
 */
const BOUND_FACTOR = 2;

/** What sums of n terms in float64 add to a sampled norm: their errors add up like a random walk. */
export function roundingOfSamples(theta: Float64Array, n: number): number {
  const largest = theta.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (Math.sqrt(n) / 8) * unitRoundoff('float64') * largest;
}

/** Upper bounds of residual norms from the means of the squares of their samples. */
export function residualBounds(meanSquares: Float64Array, theta: Float64Array, n: number): Float64Array {
  const rounding = roundingOfSamples(theta, n);
  return meanSquares.map((square) => BOUND_FACTOR * (Math.sqrt(square) + rounding));
}

/** The estimates behind such bounds. */
export const residualEstimates = (bounds: Float64Array): Float64Array => bounds.map((bound) => bound / BOUND_FACTOR);
