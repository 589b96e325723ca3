/** Sketched eigendecomposition of a symmetric operator: measure, then recover. */
import { CERTIFIED_LENGTHS } from './apost/certificate.ts';
import { atDoor } from './core/door.ts';
import { type Control, supervise } from './core/schedule.ts';
import { atScale } from './linops/at-scale.ts';
import type { LinearOperator } from './linops/operator.ts';
import { probeSymmetry } from './linops/probes.ts';
import type { AdaptiveResult } from './seigh/certified-search.ts';
import { decompose, prepareRun } from './seigh/decompose.ts';
import {
  type AdaptiveCall,
  type AdaptiveOptions,
  parseCall,
  type RitzOptions,
  type SeighOptions,
  type SketchCall,
} from './seigh/options.ts';
import { backendOf, type EighResult, makeEighResult, type RitzResult, type SketchSeconds } from './spectrum/result.ts';

/** What of a result is in units of A. */
const LENGTHS = [
  'eigenvalues',
  'residualNorms',
  'noiseFloor',
  'leaveOneOutError',
  'samplingErrors',
  ...CERTIFIED_LENGTHS.map((name) => `certificate.${name}`),
];

async function search(call: AdaptiveCall, control: Control): Promise<AdaptiveResult> {
  const { op, settings } = call;
  control.signal?.throwIfAborted();
  if (settings.store !== undefined) {
    const { storedAccuracy } = await import('#store');
    return storedAccuracy(call, control);
  }
  // pages that do not ask for an accuracy need not load how it is reached
  const { reachAccuracyInMemory } = await import('./on-demand.ts');
  const probed = await probeSymmetry(op, settings.seed);
  const result = await reachAccuracyInMemory(call, control);
  return { ...result, numMatvecs: result.numMatvecs + probed };
}

async function sketch(call: SketchCall, control: Control): Promise<EighResult<SketchSeconds>> {
  const { op, dims, method } = call;
  control.signal?.throwIfAborted();
  if (call.settings.store !== undefined) {
    // HDF5 is loaded for those who use it
    const { storedSeigh } = await import('#store');
    return storedSeigh(call, control);
  }
  const run = await prepareRun(call, control);
  const startedAt = performance.now();
  const probed = await probeSymmetry(op, run.seed);
  const { pairs, numMatvecs, dropped, sketchedAt } = await decompose(call, run);
  const secondsByStage = {
    sketch: (sketchedAt - startedAt) / 1000,
    recovery: (performance.now() - sketchedAt) / 1000,
  };
  const { testMatrix, seed, blockSize, kernels } = run;
  return makeEighResult(
    pairs,
    {
      numMatvecs: numMatvecs + probed,
      dims,
      dropped,
      method,
      testMatrix,
      seed,
      blockSize,
      secondsByStage,
      ...backendOf(op),
    },
    kernels,
  );
}

/**
 * The form of `seigh` that finds out by itself how many columns a required accuracy takes, from 8 on.
 *
 * @param op symmetric n x n operator. Unless it declares `selfAdjoint`, two products probe its symmetry.
 * @throws as the forms with `dims`.
 */
export function seigh(op: LinearOperator, options: AdaptiveOptions): Promise<AdaptiveResult>;
/**
 * Low-rank eigendecomposition A ~ V diag(w) V^T of a symmetric operator from `dims` random products.
 *
 * Methods: `hmt`, Rayleigh-Ritz on the range of A Omega (Halko, Martinsson & Tropp 2011): 2 dims products, residual
 * norms, no phantom eigenvalues. `nystrom`: dims products, truncated to half the sketch unless A is positive
 * semidefinite. `oversampled`: 3 dims + 1 products in one pass (Tropp et al. 2019). `krylov`: dims products, Rayleigh-Ritz
 * on a block Krylov space with residual norms (Musco & Musco 2015); for a few leading pairs to an accuracy see `eigsh`.
 *
 * With `tol`, a block Krylov basis grows from `dims` columns (default 8) until the certified relative Frobenius error is at most
 * `tol`; `method: 'hmt'` grows a sketch instead, for several times the products. See {@link AdaptiveResult}. Not reaching it is a
 * field of the result, not an exception.
 *
 * @param op symmetric n x n operator. Unless it declares `selfAdjoint`, two products probe its symmetry.
 * @param dims columns of the sketch, 1..n
 * @example
 * const { eigenvalues } = await seigh(diagonalOperator([5, -3, 1, 0]), 3, { seed: 1 });
 * const { certificate, converged } = await seigh(A, { tol: 1e-2, confidence: 0.99, maxDims: 500 });
 * @throws ArgumentError for options out of range, unknown or of another method, ShapeError for a rectangular operator,
 * both before the first product; NumericalError for an operator that is not symmetric or returns non-finite values;
 * StoreError when a directory belongs to another run or operator, is damaged or cannot be written; the signal's reason when
 * aborted.
 */
export function seigh(op: LinearOperator, dims: number, options: AdaptiveOptions): Promise<AdaptiveResult>;
export function seigh(op: LinearOperator, dims: number, options?: RitzOptions): Promise<RitzResult>;
export function seigh(op: LinearOperator, dims: number, options?: SeighOptions): Promise<EighResult<SketchSeconds>>;
export function seigh(
  op: LinearOperator,
  dimsOrOptions: number | AdaptiveOptions,
  options?: SeighOptions | AdaptiveOptions,
): Promise<EighResult<SketchSeconds>> {
  return atDoor('seigh', async () => {
    const call = parseCall(op, dimsOrOptions, options);
    const refuse = call.settings.store !== undefined;
    return supervise<EighResult<SketchSeconds>>(call.settings, (control) =>
      atScale(
        call.op,
        LENGTHS,
        (op) => (call.kind === 'adaptive' ? search({ ...call, op }, control) : sketch({ ...call, op }, control)),
        { refuse },
      ),
    );
  });
}
