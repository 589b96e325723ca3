/** The loop of block Krylov iteration: expand, look, restart, until the wanted pairs are there. */
import { breathe, type Control } from '../core/schedule.ts';
import { relativeAsymmetry, selectColumns } from '../linalg/small.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import { compress, type Decomposition, expand, type KrylovContext, refill } from './decomposition.ts';
import { type Floors, floorsOf, type KrylovWhich, type RitzValues, ritzValues } from './ritz.ts';

/** What is wanted, and what it may cost. */
export interface Goal extends Control {
  /** Eigenpairs. */
  count: number;
  which: KrylovWhich;
  /** A pair is good when ||A v - theta v|| <= tol |theta|. */
  tol: number;
  /** Columns of one product. */
  blockSize: number;
  /** Columns of the basis at most, before it is restarted. */
  basisColumns: number;
  /** Products with single columns at most. */
  maxProducts: number;
}

/**
 * Why an iteration ended: every pair reached `tol` or the rounding of its element type; the operator's noise does not let
 * them; the products or the caller's patience were spent.
 */
export type Stopped = 'converged' | 'noise' | 'maxProducts' | 'signal';

/** Where an iteration stands. */
export interface Standing {
  state: Decomposition;
  ritz: RitzValues;
  floors: Floors;
  numMatvecs: number;
  restarts: number;
  stopped: Stopped;
}

/** How many of the first `count` pairs have a residual of at most `tol` of their value, or of `floor`. */
export function countSettled({ values, residualNorms }: RitzValues, count: number, tol: number, floor: number): number {
  let settled = 0;
  for (let i = 0; i < Math.min(count, values.length); i++) {
    if (residualNorms[i]! <= Math.max(tol * Math.abs(values[i]!), floor)) settled++;
  }
  return settled;
}

/**
 * Restarts keep this many columns: half way between what is wanted and what fits. Unwanted Ritz vectors near the wanted
 * ones are worth keeping, they take part in the next ones' convergence (Wu & Simon 2000, section 4).
 */
function columnsKept({ count, basisColumns, blockSize }: Goal): number {
  return Math.max(1, Math.min(Math.ceil((count + basisColumns) / 2), basisColumns - blockSize));
}

/**
 * Goes on from `state` until the goal is reached. Once A leaves the basis invariant, random directions continue it: they
 * find further copies of multiple eigenvalues. When `count` random columns have been drawn and the basis is still
 * invariant, every eigenvalue has shown as often as `count` pairs can hold (with probability one).
 *
 * @throws NumericalError for an operator that is not symmetric, or whose products are not finite.
 */
export async function iterate(start: Decomposition, goal: Goal, context: KrylovContext): Promise<Standing> {
  const { count, which, tol, blockSize, basisColumns, maxProducts, onProgress, signal } = goal;
  const n = context.space.rows;
  let state = start;
  let numMatvecs = 0;
  let restarts = 0;
  for (;;) {
    numMatvecs += state.W.cols;
    state = await expand(state, context);
    refuseAsymmetry(context.where, context.op, relativeAsymmetry(state.H));
    const ritz = await ritzValues(state, which, context);
    const floors = floorsOf(state);
    const standing = { state, ritz, floors, numMatvecs, restarts };
    const settled = countSettled(ritz, count, tol, floors.noise);
    onProgress?.({ stage: 'krylov', done: settled, total: count, numMatvecs });
    const m = state.H.rows;
    const isInvariant = state.W.cols === 0;
    if (settled >= count && !(isInvariant && m < n && state.drawn < count)) {
      const isConverged = countSettled(ritz, count, tol, floors.rounding) >= count;
      return { ...standing, stopped: isConverged ? 'converged' : 'noise' };
    }
    state = await refill(state, isInvariant ? Math.max(blockSize, count - state.drawn) : blockSize, context);
    if (numMatvecs + state.W.cols > maxProducts) return { ...standing, stopped: 'maxProducts' };
    await breathe();
    if (signal?.aborted) return { ...standing, stopped: 'signal' };
    if (m + state.W.cols > basisColumns) {
      const kept = Array.from({ length: Math.min(m, columnsKept(goal)) }, (_, i) => i);
      state = await compress(
        state,
        selectColumns(ritz.S, kept, () => 1),
        context,
      );
      restarts++;
    }
  }
}
