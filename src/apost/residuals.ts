/** What residuals say about single eigenvalues, without probability. */

import type { Interval } from '../stats/interval.ts';
import type { Inertia } from './certificate.ts';

/**
 * theta_i +- (||A v_i - theta_i v_i|| + noise): each contains an eigenvalue of the symmetric A (Parlett 1998, theorem
 * 4.5.1). `noise` covers the difference between exact products and the computed ones behind the residuals.
 */
export function residualIntervals(theta: Float64Array, residualNorms: Float64Array, noise: number): Interval[] {
  return Array.from(theta, (estimate, i) => {
    const radius = residualNorms[i]! + noise;
    return { estimate, lower: estimate - radius, upper: estimate + radius };
  });
}

/**
 * A has at least as many negative (positive) eigenvalues as its compression V^T A V (Cauchy interlacing); Ritz values
 * within `noise` of zero are not counted.
 */
export function inertiaAtLeast(theta: Float64Array, noise: number): Inertia {
  let negative = 0;
  let positive = 0;
  for (const value of theta) {
    if (value < -noise) negative++;
    if (value > noise) positive++;
  }
  return { negative, positive };
}
