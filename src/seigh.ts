/** Sketched eigendecomposition of a symmetric operator: measure, then recover. */

import { checkChoice } from './core/checks.ts';
import { atDoor } from './core/door.ts';
import type { LinearOperator } from './linops/operator.ts';
import { measureAsymmetry, refuseAsymmetry } from './linops/probes.ts';
import type { Multivector } from './multivector/multivector.ts';
import { type AccuracyGoal, type AdaptiveResult, adaptiveSeigh, refuseWithGoal } from './seigh/adaptive.ts';
import { type Outcome, RUNNERS, type Run } from './seigh/methods.ts';
import { METHODS, prepareRun, type SeighOptions } from './seigh/options.ts';
import { chooseBlockSize } from './sketch/block-size.ts';
import { backendOf, type EighResult, type Method, makeEighResult } from './spectrum/result.ts';

const WHERE = 'seigh';

/** Options of a search for an accuracy: those of `hmt`, and the goal. */
export type AdaptiveOptions = AccuracyGoal &
  Omit<SeighOptions, 'rank' | 'refine' | 'psd' | 'powerIterations' | 'perBatch' | 'innerDims'>;

async function search(
  op: LinearOperator,
  first: number | undefined,
  options: AdaptiveOptions,
): Promise<AdaptiveResult> {
  refuseWithGoal(options);
  const dims = first ?? chooseBlockSize(op, op.shape[1], options.blockSize);
  const run = await prepareRun(op, dims, 'hmt', options);
  run.signal?.throwIfAborted();
  const needsProbe = op.selfAdjoint !== true;
  if (needsProbe) refuseAsymmetry(op, await measureAsymmetry(op, run.seed));
  const result = await adaptiveSeigh({ ...run, kernelsChoice: options.kernels }, options);
  return needsProbe ? { ...result, numMatvecs: result.numMatvecs + 2 } : result;
}

/** What a method gives; all other tall blocks that it made are given back, also after an error. */
async function recover(run: Run, method: Method): Promise<Outcome> {
  const space = run.space.scope();
  let kept: Multivector[] = [];
  try {
    const outcome = await RUNNERS[method]({ ...run, space });
    kept = [outcome.pairs.vectors];
    return outcome;
  } finally {
    await space.close(kept);
  }
}

/**
 * Low-rank eigendecomposition A ~ V diag(w) V^T of a symmetric operator from `dims` random products.
 *
 * Methods: `hmt`, Rayleigh-Ritz on the range of A Omega (Halko, Martinsson & Tropp 2011): 2 dims products, residual
 * norms, no phantom eigenvalues. `nystrom`: dims products, truncated to half the sketch unless A is positive
 * semidefinite. `oversampled`: 3 dims + 1 products in one pass (Tropp et al. 2019). `krylov`: dims products, Rayleigh-Ritz
 * on a block Krylov space with residual norms (Musco & Musco 2015); for a few leading pairs to an accuracy see `eigsh`.
 *
 * With `tol`, `hmt` grows its sketch from `dims` columns (default: one block) until the certified relative Frobenius error
 * is at most `tol`; see {@link AdaptiveResult}. Not reaching it is a field of the result, not an exception.
 *
 * @param op symmetric n x n operator. Unless it claims `selfAdjoint`, two products probe its symmetry.
 * @param dims columns of the sketch, 1..n
 * @example
 * const { eigenvalues } = await seigh(diagonalOperator([5, -3, 1, 0]), 3, { seed: 1 });
 * const { certificate, converged } = await seigh(A, { tol: 1e-2, confidence: 0.99, maxDims: 500 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator
 * that is not symmetric or returns non-finite values; the signal's reason when aborted.
 */
export function seigh(op: LinearOperator, options: AdaptiveOptions): Promise<AdaptiveResult>;
export function seigh(op: LinearOperator, dims: number, options: AdaptiveOptions): Promise<AdaptiveResult>;
export function seigh(op: LinearOperator, dims: number, options?: SeighOptions): Promise<EighResult>;
export function seigh(
  op: LinearOperator,
  dimsOrOptions: number | AdaptiveOptions,
  given: SeighOptions | AdaptiveOptions = {},
): Promise<EighResult> {
  return atDoor('seigh', async () => {
    const isGoal = typeof dimsOrOptions === 'object' && dimsOrOptions !== null;
    const options = isGoal ? dimsOrOptions : given;
    const dims = isGoal ? undefined : dimsOrOptions;
    if ('tol' in options && options.tol !== undefined) return search(op, dims, options);
    const method = checkChoice(WHERE, 'method', options.method ?? 'hmt', METHODS);
    const run = await prepareRun(op, dims as number, method, options);
    run.signal?.throwIfAborted();
    if (options.store !== undefined) {
      // HDF5 is loaded for those who use it
      const { storedSeigh } = await import('./store/sketch/seigh.ts');
      return storedSeigh(run, method, options.store, options);
    }
    const startedAt = performance.now();
    const needsProbe = op.selfAdjoint !== true;
    if (needsProbe) refuseAsymmetry(op, await measureAsymmetry(op, run.seed));
    const { pairs, numMatvecs, dropped, sketchedAt } = await recover(run, method);
    const seconds = { sketch: (sketchedAt - startedAt) / 1000, recovery: (performance.now() - sketchedAt) / 1000 };
    const { testMatrix, seed, blockSize, kernels } = run;
    const spent = numMatvecs + (needsProbe ? 2 : 0);
    return makeEighResult(
      pairs,
      { numMatvecs: spent, dims: run.dims, dropped, method, testMatrix, seed, blockSize, seconds, ...backendOf(op) },
      kernels,
    );
  });
}
