/** Conjugate gradients, which notices when the operator is not positive definite. */
import { NumericalError } from '../core/errors.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { LinearSystem } from './linear-system.ts';
import { type Correction, type SolveResult, solve } from './solve.ts';
import { addScaled, dot, scaleAndAdd, scaled } from './vectors.ts';

/** A direction along which the quadratic form does not grow. */
export interface NegativeCurvature {
  /** d, of length one. */
  direction: Float64Array;
  /** d^T (A + s I) d: negative, or zero to the rounding of the products. */
  curvature: number;
}

/** The result of `cg`. */
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

/** Solves a checked system. */
export async function conjugateGradients(system: LinearSystem): Promise<CgResult> {
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
