/** The error of a sketched approximation, estimated from the sketch itself: no products. */
import type { Matrix } from '../core/block.ts';
import { vectorNorm } from '../core/vector-norm.ts';

/**
 * Estimate of ||A - P A||_F^2, P the projector on the range of Y = A Omega, Omega with k columns that are
 * independent of each other and have E[w w^T] = I.
 *
 * Column j tests the basis of the other k - 1: (I - P_j) y_j with P_j the projector without column j is independent of
 * w_j in P_j, so the mean of ||(I - P_j) y_j||^2 over j has the expectation of ||A - P_j A||_F^2, that of one column fewer.
 * With Y = Q T^-1, ||(I - P_j) y_j|| = 1 / ||row j of T||: the distance of a column from the span of the others is one
 * over the norm of its row in the inverse (Epperly & Tropp 2024, "Efficient error and variance estimation for randomized
 * matrix computations", section 3).
 *
 * @param T k x k with orthonormal Y T, k at least 1
 */
export function leaveOneOutSquare({ rows, cols, data }: Matrix): number {
  let total = 0;
  for (let j = 0; j < rows; j++) {
    let square = 0;
    for (let at = j * cols; at < (j + 1) * cols; at++) square += data[at]! ** 2;
    total += 1 / square;
  }
  return total / rows;
}

/**
 * Estimate of ||A - P A P||_F: its square is ||A - P A||_F^2, estimated as above, plus ||P A (I - P)||_F^2, which the
 * residuals give exactly.
 */
export function leaveOneOutError(T: Matrix, residualNorms: Float64Array): number {
  return Math.hypot(Math.sqrt(leaveOneOutSquare(T)), vectorNorm(residualNorms));
}
