/** From the end of an iteration to the record of a result. */

import type { KrylovContext } from '../krylov/decomposition.ts';
import { leadingRitzPairs } from '../krylov/ritz.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Eigenpairs } from '../spectrum/eigenpairs.ts';
import { backendOf, type EighResult, makeEighResult } from '../spectrum/result.ts';
import type { Completeness } from './completeness.ts';
import { type EigshStatus, type SearchSettings, type SearchState, unconvergedOf } from './iteration.ts';
import type { SearchSeconds } from './stopwatch.ts';

/** How a search for eigenpairs ended. */
export interface EigshFacts {
  /** Every pair has ||A v - w v|| <= tol |w|, or the rounding of the element type, which nothing can better. */
  converged: boolean;
  /** Pairs of which that is true. */
  numConverged: number;
  /**
   * `'converged'`; `'noise'` where the noise of the operator is above `tol` and the residuals have reached it;
   * `'maxProducts'`; `'signal'`.
   */
  status: EigshStatus;
  /** The tolerance that was asked for. */
  tol: number;
  /** What the eigenvalues are the nearest to, where that was asked for. */
  sigma?: number;
  /** Norm of what noise and rounding add to A v for a unit vector v, as far as the products have shown it. */
  noiseFloor: number;
  /** How often the basis was made narrower. */
  restarts: number;
  /**
   * Whether at `confidence` nothing beyond the last returned eigenvalue is missing: `completeness.complete`; false without a
   * check.
   */
  complete: boolean;
  /** What else A may have, at `confidence`; absent where the search was stopped before, or not asked for a check. */
  completeness?: Completeness;
}

/** Leading eigenpairs, and how the search for them ended; as a LinearOperator it applies V diag(eigenvalues) V^T. */
export interface EigshResult extends EighResult<SearchSeconds>, EigshFacts {
  /** ||A v_i - eigenvalues_i v_i||_2, length k. */
  residualNorms: Float64Array;
  /** As in {@link EigshFacts}. */
  noiseFloor: number;
}

/** What a search says of its end beside its pairs; `complete` follows. */
type Ended = Omit<EigshFacts, 'complete' | 'converged'> &
  Pick<EigshResult, 'numMatvecs' | 'dims' | 'blockSize'> & { count: number };

/** The record of a search for the eigenpairs of `op`; the caller knows the seconds. */
export function searchResult(
  op: LinearOperator,
  pairs: Eigenpairs & { residualNorms: Float64Array },
  { numMatvecs, dims, blockSize, count, numConverged, completeness, ...facts }: Ended,
  { seed, kernels }: Pick<KrylovContext, 'seed' | 'kernels'>,
): EigshResult {
  const made = {
    numMatvecs,
    dims,
    dropped: 0,
    method: 'krylov',
    testMatrix: 'gaussian',
    seed,
    blockSize,
    secondsByStage: { products: 0, other: 0 },
    ...backendOf(op),
  } as const;
  return {
    ...makeEighResult(pairs, made, kernels),
    residualNorms: pairs.residualNorms,
    converged: numConverged === count,
    numConverged,
    ...facts,
    complete: completeness?.complete === true,
    ...(completeness ? { completeness } : {}),
  };
}

/** The leading pairs of a search as a result; the caller knows the seconds. */
export async function leadingPairs(
  { state, ritz, floors, numMatvecs, restarts, status, completeness }: SearchState,
  { count, which, tol, blockSize }: SearchSettings,
  context: KrylovContext,
): Promise<EigshResult> {
  const pairs = await leadingRitzPairs(state, ritz, which, count, context);
  const numConverged = pairs.values.length - unconvergedOf(ritz, count, tol, floors.rounding).length;
  const ended = { numMatvecs, dims: state.H.rows, blockSize, count, numConverged, status, tol, restarts };
  return searchResult(
    context.op,
    pairs,
    { ...ended, noiseFloor: floors.noise, ...(completeness ? { completeness } : {}) },
    context,
  );
}
