/** The jackknife: what a leave-one-out estimate would be without one of its vectors tells how much it scatters. */
import type { Matrix } from '../core/block.ts';

/**
 * Standard error of the mean of k leave-one-out samples, which are not independent, from `sampleWithout(i, l)`: sample i when
 * vector l had not been drawn. By the inequality of Efron & Stein 1981, "The jackknife estimate of variance", its square is in
 * expectation at least the variance of the estimate from k - 1 vectors, whatever the dependence (Epperly & Tropp 2024,
 * "Efficient error and variance estimation for randomized matrix computations").
 */
export function jackknifeError(k: number, sampleWithout: (i: number, l: number) => number): number {
  const estimates = new Float64Array(k);
  for (let l = 0; l < k; l++) {
    for (let i = 0; i < k; i++) if (i !== l) estimates[l]! += sampleWithout(i, l) / (k - 1);
  }
  const mean = estimates.reduce((sum, value) => sum + value, 0) / k;
  const squares = estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((k - 1) / k) * squares);
}

/** x_i^T B x_i after the part of x_i along x_l has been taken out, N the Gram matrix of the x and M that of x and B x. */
export function formWithout(M: Matrix, N: Matrix, i: number, l: number): number {
  const k = N.cols;
  const along = N.data[i * k + l]! / N.data[l * k + l]!;
  const cross = M.data[i * k + l]! + M.data[l * k + i]!;
  return M.data[i * k + i]! - along * cross + along ** 2 * M.data[l * k + l]!;
}
