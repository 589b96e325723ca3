/** The loop around every solver: corrections from true residuals, until one is small enough or no longer improves. */
import { type Plain, withJson } from '../core/json.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { LinearSystem } from './linear-system.ts';
import { addScaled } from './vectors.ts';

/**
 * How a solve ended. `'converged'`: the residual is small enough. `'leastSquares'`: the system has no solution, the residual
 * is the smallest one (minres). `'negativeCurvature'`: a direction without positive curvature was met (cg).
 * `'maxIterations'`: not yet. `'stagnated'`: rounding in the operator's products allows no smaller residual.
 */
export type SolveStatus = 'converged' | 'leastSquares' | 'negativeCurvature' | 'maxIterations' | 'stagnated';

/** What every solver returns; "not converged" is a field, not an exception. */
export interface SolveResult extends Plain {
  /** x, length n. */
  solution: Float64Array;
  /** Whether ||b - (A + s I) x|| <= tol ||b||. */
  converged: boolean;
  /** How the solve ended. */
  status: SolveStatus;
  /** Iterations, of all restarts together. */
  iterations: number;
  /** Products with single columns: one an iteration, those that measure residuals, and probes of symmetry. */
  numMatvecs: number;
  /** ||b - (A + s I) x||, measured by a product with the solution. */
  residualNorm: number;
  /** Residual norm before the first and after each iteration, as the recurrence has it: for progress and figures. */
  history: number[];
}

/** What a method reached from one residual. */
export interface Correction {
  /** To be added to x. */
  x: Float64Array;
  /** As the method believes; the loop measures. */
  status: Exclude<SolveStatus, 'stagnated'>;
}

/** Approximates (A + s I)^-1 r until its own residual norm is at most `target`; adds to `history` at each iteration. */
export type Method = (system: LinearSystem, r: Float64Array, target: number, history: number[]) => Promise<Correction>;

/** A restart must make the residual at least this much smaller, or rounding has won. */
const WORTHWHILE = 0.5;
/** A residual of so many roundings of its terms, (A + s I) x and b, tells nothing: the system may well have a solution. */
const ROUNDINGS = 16;

/**
 * Runs a method from x0, measures the residual, and starts again from there while the method believes that it has
 * converged, the residual says otherwise, and starting again helps (residual replacement; van der Vorst & Ye 2000).
 */
export async function solve(system: LinearSystem, method: Method): Promise<SolveResult> {
  const { b } = system;
  const { x: solution, r: start } = await system.begin();
  const residual = async (): Promise<Float64Array> => {
    const r = b.slice();
    addScaled(r, -1, await system.multiply(solution));
    return r;
  };
  let r = start;
  let residualNorm = vectorNorm(r);
  const target = system.tol * vectorNorm(b);
  const history = [residualNorm];
  let status: SolveStatus = 'maxIterations';
  while (residualNorm > target && history.length <= system.maxIterations) {
    const correction = await method(system, r, target, history);
    addScaled(solution, 1, correction.x);
    r = await residual();
    const before = residualNorm;
    residualNorm = vectorNorm(r);
    if (correction.status !== 'converged') {
      const terms = system.growth * vectorNorm(solution) + vectorNorm(b);
      const isRounding = residualNorm <= ROUNDINGS * system.roundoff * terms;
      status = correction.status === 'leastSquares' && isRounding ? 'stagnated' : correction.status;
      break;
    }
    if (residualNorm > target && residualNorm > WORTHWHILE * before) {
      status = 'stagnated';
      break;
    }
  }
  const converged = residualNorm <= target;
  return withJson({
    solution,
    converged,
    status: converged ? 'converged' : status,
    iterations: history.length - 1,
    numMatvecs: system.numMatvecs,
    residualNorm,
    history,
  });
}
