/** Conjugate gradients, which notices when the operator is not positive definite. */
import { atDoor } from '../core/door.ts';
import { NumericalError } from '../core/errors.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type LinearSystem, type SolverOptions, withSystem } from './linear-system.ts';
import { type Correction, type SolveResult, solve } from './solve.ts';
import { addScaled, dot, scaleAndAdd, scaled, type VectorLike } from './vectors.ts';

/** A direction along which the quadratic form does not grow. */
export interface NegativeCurvature {
  /** d, of length one. */
  direction: Float64Array;
  /** d^T (A + s I) d: negative, or zero to the rounding of the products. */
  curvature: number;
}

/** The result of {@link cg}. */
export interface CgResult extends SolveResult {
  /** Present when such a direction ended the solve; `solution` is then what was reached before. */
  negativeCurvature?: NegativeCurvature;
}

async function preconditioned(system: LinearSystem, r: Float64Array): Promise<{ z: Float64Array; rz: number }> {
  const z = await system.precondition(r);
  const rz = dot(r, z);
  if (rz > 0) return { z, rz };
  throw new NumericalError(`the preconditioner is not positive definite: r^T M r = ${rz}`, { rz });
}

async function conjugateGradients(system: LinearSystem): Promise<CgResult> {
  let negativeCurvature: NegativeCurvature | undefined;
  const result = await solve(system, async (_, start, target, history): Promise<Correction> => {
    const x = new Float64Array(system.n);
    const r = start.slice();
    let { z: p, rz } = await preconditioned(system, r);
    while (history.length <= system.maxIterations) {
      const Ap = await system.multiply(p);
      const square = dot(p, p);
      const curvature = dot(p, Ap) / square;
      if (curvature <= system.roundoff * system.growth) {
        negativeCurvature = { direction: scaled(1 / Math.sqrt(square), p), curvature };
        return { x, status: 'negativeCurvature' };
      }
      const step = rz / (curvature * square);
      addScaled(x, step, p);
      addScaled(r, -step, Ap);
      const residualNorm = vectorNorm(r);
      history.push(residualNorm);
      await system.report(history.length - 1);
      if (residualNorm <= target) return { x, status: 'converged' };
      const next = await preconditioned(system, r);
      scaleAndAdd(p, next.rz / rz, next.z);
      rz = next.rz;
    }
    return { x, status: 'maxIterations' };
  });
  return negativeCurvature ? { ...result, negativeCurvature } : result;
}

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
