/** Sketched eigendecomposition of a symmetric operator: measure, then recover. */
import { type AccuracyGoal, type AdaptiveResult, adaptiveSeigh, refuseWithGoal } from './adaptive.ts';
import { checkChoice, checkInteger, checkSeed } from './core/checks.ts';
import { ArgumentError } from './core/errors.ts';
import type { Distribution } from './core/random.ts';
import type { Control } from './core/schedule.ts';
import { type KernelsChoice, selectKernels } from './linalg/kernels/select.ts';
import type { LinearOperator } from './linops/operator.ts';
import { checkSquare, measureAsymmetry, refuseAsymmetry } from './linops/probes.ts';
import { hostSpace } from './multivector/host.ts';
import { WHICH, type Which } from './recovery/eigenpairs.ts';
import { type EighResult, type Method, makeEighResult } from './recovery/result.ts';
import { RUNNERS, type Run } from './runners.ts';
import { chooseBlockSize } from './sketch/block-size.ts';
import { TEST_MATRICES } from './sketch/test-matrix.ts';

export interface SeighOptions extends Control {
  /**
   * `'hmt'` (default, two passes), `'nystrom'` or `'oversampled'` (one pass), `'krylov'` (dims products in blocks, each the
   * product of what the one before found new: leading eigenpairs far more accurate, the tail less so).
   */
  method?: Method;
  /** Distribution of the test matrix; `'gaussian'` by default. */
  testMatrix?: Distribution;
  /** Eigenpairs returned at most. Default: all that the method gives (nystrom: half the sketch). */
  rank?: number;
  /** Order of the result: `'LM'` largest magnitude (default), `'LA'` largest, `'SA'` smallest algebraic value first. */
  which?: Which;
  /** hmt only: use the part of A Q outside the sketch too, up to 2 dims eigenpairs for the same products. */
  refine?: boolean;
  /** nystrom only: A is positive semidefinite. Default: the operator's own claim. */
  psd?: boolean;
  /** hmt only: extra passes A Q, re-orthonormalised, before the recovery; each costs dims products. Default 0. */
  powerIterations?: number;
  /** hmt only, without `refine`: the standard error of each eigenvalue over data batches, at no further product. */
  perBatch?: boolean;
  /** oversampled only: columns of the inner sketch, at least 2 dims + 1 (default). */
  innerDims?: number;
  /**
   * Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB; for krylov a
   * tenth of dims: its accuracy depends on it.
   */
  blockSize?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

const WHERE = 'seigh';
const METHODS: readonly Method[] = ['hmt', 'nystrom', 'oversampled', 'krylov'];

function refuseOption(method: Method, name: string, given: boolean, owner: Method): void {
  if (given && method !== owner) {
    throw new ArgumentError(`${WHERE}: ${name} belongs to method '${owner}', got method '${method}'`, { method });
  }
}

async function prepare(op: LinearOperator, dims: number, method: Method, options: SeighOptions): Promise<Run> {
  const n = checkSquare(WHERE, op);
  const context = ` for n = ${n}`;
  checkInteger(WHERE, 'dims', dims, 1, n, context);
  refuseOption(method, 'refine', options.refine === true, 'hmt');
  refuseOption(method, 'powerIterations', options.powerIterations !== undefined, 'hmt');
  refuseOption(method, 'perBatch', options.perBatch === true, 'hmt');
  if (options.perBatch && options.refine) throw new ArgumentError(`${WHERE}: perBatch cannot be combined with refine`);
  refuseOption(method, 'psd', options.psd !== undefined, 'nystrom');
  refuseOption(method, 'innerDims', options.innerDims !== undefined, 'oversampled');
  const most = Number.MAX_SAFE_INTEGER;
  const widest = method === 'krylov' ? Math.ceil(dims / 10) : dims;
  const blockSize = chooseBlockSize(WHERE, op, options.blockSize === undefined ? widest : dims, options.blockSize);
  return {
    op,
    n,
    dims,
    rank: options.rank === undefined ? undefined : checkInteger(WHERE, 'rank', options.rank, 1, n, context),
    which: checkChoice(WHERE, 'which', options.which ?? 'LM', WHICH),
    refine: options.refine ?? false,
    psd: options.psd ?? op.psd ?? false,
    powerIterations: checkInteger(WHERE, 'powerIterations', options.powerIterations ?? 0, 0, most),
    perBatch: options.perBatch ?? false,
    innerDims: checkInteger(WHERE, 'innerDims', options.innerDims ?? 2 * dims + 1, 2 * dims + 1, most),
    testMatrix: checkChoice(WHERE, 'testMatrix', options.testMatrix ?? 'gaussian', TEST_MATRICES),
    seed: checkSeed(WHERE, options.seed ?? 0),
    blockSize,
    kernels: await selectKernels(WHERE, options.kernels),
    space: hostSpace(n, op.dtype),
    onProgress: options.onProgress,
    signal: options.signal,
  };
}

/** Options of a search for an accuracy: those of `hmt`, and the goal. */
export type AdaptiveOptions = AccuracyGoal &
  Omit<SeighOptions, 'rank' | 'refine' | 'psd' | 'powerIterations' | 'perBatch' | 'innerDims'>;

async function search(
  op: LinearOperator,
  first: number | undefined,
  options: AdaptiveOptions,
): Promise<AdaptiveResult> {
  refuseWithGoal(options);
  const dims = first ?? chooseBlockSize(WHERE, op, op.shape[1], options.blockSize);
  const run = await prepare(op, dims, 'hmt', options);
  run.signal?.throwIfAborted();
  const needsProbe = op.selfAdjoint !== true;
  if (needsProbe) refuseAsymmetry(WHERE, op, await measureAsymmetry(WHERE, op, run.seed));
  const result = await adaptiveSeigh({ ...run, kernelsChoice: options.kernels }, options);
  return needsProbe ? { ...result, numMatvecs: result.numMatvecs + 2 } : result;
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
export async function seigh(
  op: LinearOperator,
  dimsOrOptions: number | AdaptiveOptions,
  given: SeighOptions | AdaptiveOptions = {},
): Promise<EighResult> {
  const isGoal = typeof dimsOrOptions === 'object' && dimsOrOptions !== null;
  const options = isGoal ? dimsOrOptions : given;
  const dims = isGoal ? undefined : dimsOrOptions;
  if ('tol' in options && options.tol !== undefined) return search(op, dims, options);
  const method = checkChoice(WHERE, 'method', options.method ?? 'hmt', METHODS);
  const run = await prepare(op, dims as number, method, options);
  run.signal?.throwIfAborted();
  const startedAt = performance.now();
  const needsProbe = op.selfAdjoint !== true;
  if (needsProbe) refuseAsymmetry(WHERE, op, await measureAsymmetry(WHERE, op, run.seed));
  const { pairs, numMatvecs, dropped, sketchedAt } = await RUNNERS[method](run);
  const seconds = { sketch: (sketchedAt - startedAt) / 1000, recovery: (performance.now() - sketchedAt) / 1000 };
  const { testMatrix, seed, blockSize, kernels } = run;
  const spent = numMatvecs + (needsProbe ? 2 : 0);
  return makeEighResult(
    pairs,
    { numMatvecs: spent, dims: run.dims, dropped, method, testMatrix, seed, blockSize, seconds },
    kernels,
  );
}
