/** The public function of the minimum residual method: searches of `eigsh` go by the method itself, as with `cg`. */
import { atDoor } from '../core/door.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type SolverOptions, withSystem } from './linear-system.ts';
import { minimalResiduals } from './minimal-residuals.ts';
import type { SolveResult } from './solve.ts';
import type { VectorLike } from './vectors.ts';

/**
 * Solves (A + s I) x = b for a symmetric A of any sign by the minimum residual method (Paige & Saunders 1975, "Solution of
 * sparse indefinite systems of linear equations"): the residual norm never grows; with a preconditioner M that is
 * sqrt(r^T M r), and the plain norm is followed. One product an iteration, seven vectors of n float64 numbers, eight with a
 * preconditioner. For a singular system without a solution it ends with status `'leastSquares'` near the smallest
 * residual.
 *
 * The residual is measured by a product at the end; the solve goes on from there where the recurrence was too optimistic.
 *
 * @param op symmetric n x n operator. Unless it declares `selfAdjoint`, two products probe its symmetry.
 * @param b n numbers
 * @example
 * const { solution, residualNorm } = await minres(H, gradient, { tol: 1e-8 });
 * @throws as {@link cg}.
 */
export function minres(op: LinearOperator, b: VectorLike, options: SolverOptions = {}): Promise<SolveResult> {
  return atDoor('minres', () => withSystem(op, b, options, minimalResiduals));
}
