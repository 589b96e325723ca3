/** The public function of conjugate gradients: searches of `eigsh` go by the method itself, and bundles of pages without it. */
import { atDoor } from '../core/door.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type CgResult, conjugateGradients } from './conjugate-gradients.ts';
import { type SolverOptions, withSystem } from './linear-system.ts';
import type { VectorLike } from './vectors.ts';

/**
 * Solves (A + s I) x = b for a symmetric positive definite A + s I by conjugate gradients (Hestenes & Stiefel 1952), one
 * product an iteration, four vectors of n float64 numbers.
 *
 * When A + s I turns out not to be positive definite, that is no error: the result has the direction d and its curvature
 * d^T (A + s I) d, which trust-region and Newton-CG methods go along (Steihaug 1983; Nash 2000). Curvature within one unit
 * roundoff of the largest ||A d|| / ||d|| seen cannot be told from zero and counts as not positive.
 *
 * The recurrence's residual drifts from the true one; when it says converged, one product measures the true residual, and
 * the solve goes on from there where it is still too large. In float32 a residual can end above `tol`: status `'stagnated'`.
 *
 * @param op symmetric n x n operator. Unless it declares `selfAdjoint`, two products probe its symmetry.
 * @param b n numbers
 * @example
 * const { solution, converged } = await cg(A, b, { shift: 1e-3, tol: 1e-8 });
 * @throws ShapeError when sizes differ; ArgumentError for options out of range; NumericalError for non-finite numbers, an
 * operator that is not symmetric or a preconditioner that is not positive definite; the signal's reason when aborted.
 */
export function cg(op: LinearOperator, b: VectorLike, options: SolverOptions = {}): Promise<CgResult> {
  return atDoor('cg', () => withSystem(op, b, options, conjugateGradients));
}
