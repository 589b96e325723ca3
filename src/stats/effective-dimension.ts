/** How many directions share a sampled error: what makes the likely interval narrower than the certified one. */
import type { Matrix } from '../core/block.ts';
import { chiSquareQuantile } from './distributions.ts';
import { type Interval, withNoise } from './interval.ts';

/**
 * (sum s_j^2)^2 / sum s_j^4 of an operator E with singular values s_j, from the Gram matrix of y_i = E w_i, w_i Gaussian:
 * for i != j, E[||y_i||^2 ||y_j||^2] = (sum s^2)^2 and E[(y_i^T y_j)^2] = sum s^4. At least 1, which it is for rank one
 * whatever the w_i. One vector says nothing: 1.
 */
export function effectiveDimension({ rows: q, data }: Matrix): number {
  let squares = 0;
  let products = 0;
  for (let i = 1; i < q; i++) {
    for (let j = 0; j < i; j++) {
      squares += data[i * q + j]! ** 2;
      products += data[i * q + i]! * data[j * q + j]!;
    }
  }
  return squares === 0 ? 1 : Math.max(1, products / squares);
}

/**
 * Satterthwaite's approximation (1946, "An approximate distribution of estimates of variance components"): the mean of q
 * squares behaves like its expectation times chi2_f / f with f = q times the effective dimension. `noise` as for the certified
 * interval.
 */
export function likelySquaredInterval(
  meanSquare: number,
  tests: number,
  dimension: number,
  confidence: number,
  noise = 0,
): Interval {
  const f = tests * dimension;
  const { lower, upper } = withNoise(meanSquare, noise);
  return {
    estimate: meanSquare,
    lower: Math.min(lower, (lower * f) / chiSquareQuantile(confidence, f)),
    upper: Math.max(upper, (upper * f) / chiSquareQuantile(1 - confidence, f)),
  };
}
