/** Sketched eigendecomposition of a symmetric operator: measure, then recover. */
import { checkChoice, checkInteger, checkSeed } from './core/checks.ts';
import { ArgumentError } from './core/errors.ts';
import type { Distribution } from './core/random.ts';
import type { Control } from './core/schedule.ts';
import type { Kernels } from './linalg/kernels/provider.ts';
import { type KernelsChoice, selectKernels } from './linalg/kernels/select.ts';
import type { LinearOperator } from './linops/operator.ts';
import { checkSquare, measureAsymmetry, refuseAsymmetry } from './linops/probes.ts';
import { hostSpace } from './multivector/host.ts';
import type { Space } from './multivector/multivector.ts';
import { orthonormalise } from './multivector/orthonormalise.ts';
import { type Eigenpairs, type RecoveryContext, WHICH, type Which } from './recovery/eigenpairs.ts';
import { hmt, refinedHmt } from './recovery/hmt.ts';
import { nystrom, psdNystrom } from './recovery/nystrom.ts';
import { oversampled } from './recovery/oversampled.ts';
import { type EighResult, type Method, makeEighResult } from './recovery/result.ts';
import { chooseBlockSize } from './sketch/block-size.ts';
import { measure, measureTestMatrix } from './sketch/measure.ts';
import { materialise, TEST_MATRICES, type TestMatrix } from './sketch/test-matrix.ts';

export interface SeighOptions extends Control {
  /** `'hmt'` (default, two passes), `'nystrom'` or `'oversampled'` (one pass). */
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
  /** oversampled only: columns of the inner sketch, at least 2 dims + 1 (default). */
  innerDims?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

const WHERE = 'seigh';
const METHODS: readonly Method[] = ['hmt', 'nystrom', 'oversampled'];

/** The checked options and everything the methods share. */
interface Run extends Control {
  op: LinearOperator;
  n: number;
  dims: number;
  rank: number | undefined;
  which: Which;
  refine: boolean;
  psd: boolean;
  powerIterations: number;
  innerDims: number;
  testMatrix: Distribution;
  seed: number;
  blockSize: number;
  kernels: Kernels;
  space: Space;
}

/** What a method hands back: its eigenpairs, the products it spent and when its first pass ended. */
interface Outcome {
  pairs: Eigenpairs;
  numMatvecs: number;
  dropped: number;
  sketchedAt: number;
}

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
  refuseOption(method, 'psd', options.psd !== undefined, 'nystrom');
  refuseOption(method, 'innerDims', options.innerDims !== undefined, 'oversampled');
  const most = Number.MAX_SAFE_INTEGER;
  const blockSize = chooseBlockSize(WHERE, op, dims, options.blockSize);
  return {
    op,
    n,
    dims,
    rank: options.rank === undefined ? undefined : checkInteger(WHERE, 'rank', options.rank, 1, n, context),
    which: checkChoice(WHERE, 'which', options.which ?? 'LM', WHICH),
    refine: options.refine ?? false,
    psd: options.psd ?? op.psd ?? false,
    powerIterations: checkInteger(WHERE, 'powerIterations', options.powerIterations ?? 0, 0, most),
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

function outerMatrix(run: Run): TestMatrix {
  const key = { seed: run.seed, purpose: 'sketch' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols: run.dims };
}

function recoveryContext(run: Run, defaultRank: number): RecoveryContext {
  return { ...run, rank: run.rank ?? defaultRank };
}

async function runHmt(run: Run): Promise<Outcome> {
  const { op, space, powerIterations } = run;
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, where: WHERE, stage: 'sketch' });
  const sketchedAt = performance.now();
  let { basis: Q } = await orthonormalise(Y, space, run);
  let numMatvecs = run.dims;
  for (let pass = 0; pass < powerIterations; pass++) {
    numMatvecs += Q.cols;
    Q = (await orthonormalise(await measure(op, Q, { ...run, where: WHERE, stage: 'recovery' }), space, run)).basis;
  }
  const k = Q.cols;
  const Z = await measure(op, Q, { ...run, where: WHERE, stage: 'recovery' });
  const recover = run.refine ? refinedHmt : hmt;
  const pairs = await recover({ Q, Z }, recoveryContext(run, run.refine ? 2 * k : k));
  refuseAsymmetry(WHERE, op, pairs.coreAsymmetry);
  return { pairs, numMatvecs: numMatvecs + k, dropped: run.dims - k, sketchedAt };
}

async function runNystrom(run: Run): Promise<Outcome> {
  const { op, space, blockSize, signal } = run;
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, where: WHERE, stage: 'sketch' });
  const sketchedAt = performance.now();
  const Omega = await materialise(outerMatrix(run), space, blockSize, signal);
  const context = recoveryContext(run, run.dims);
  const pairs = await (run.psd ? psdNystrom({ Omega, Y }, context) : nystrom({ Omega, Y }, context, run.rank));
  refuseAsymmetry(WHERE, op, pairs.coreAsymmetry);
  return { pairs, numMatvecs: run.dims, dropped: 0, sketchedAt };
}

async function runOversampled(run: Run): Promise<Outcome> {
  const { op, space, blockSize, signal, innerDims } = run;
  const key = { seed: run.seed, purpose: 'inner' } as const;
  const right: TestMatrix = { distribution: run.testMatrix, key, rows: run.n, cols: innerDims };
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, where: WHERE, stage: 'sketch' });
  const AR = await measureTestMatrix(op, right, { ...run, where: WHERE, stage: 'sketch' });
  const sketchedAt = performance.now();
  const { basis: Q } = await orthonormalise(Y, space, run);
  const R = await materialise(right, space, blockSize, signal);
  const L = await materialise({ ...right, firstColumn: innerDims }, space, blockSize, signal);
  const pairs = await oversampled({ Q, R, AR, L }, recoveryContext(run, Q.cols));
  return { pairs, numMatvecs: run.dims + innerDims, dropped: run.dims - Q.cols, sketchedAt };
}

const RUNNERS: Record<Method, (run: Run) => Promise<Outcome>> = {
  hmt: runHmt,
  nystrom: runNystrom,
  oversampled: runOversampled,
};

/**
 * Low-rank eigendecomposition A ~ V diag(w) V^T of a symmetric operator from `dims` random products.
 *
 * Methods: `hmt`, Rayleigh-Ritz on the range of A Omega (Halko, Martinsson & Tropp 2011): 2 dims products, residual
 * norms, no phantom eigenvalues. `nystrom`: dims products, truncated to half the sketch unless A is positive
 * semidefinite. `oversampled`: 3 dims + 1 products in one pass (Tropp et al. 2019).
 *
 * @param op symmetric n x n operator. Unless it claims `selfAdjoint`, two products probe its symmetry.
 * @param dims columns of the sketch, 1..n
 * @example
 * const { eigenvalues } = await seigh(diagonalOperator([5, -3, 1, 0]), 3, { seed: 1 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator
 * that is not symmetric or returns non-finite values; the signal's reason when aborted.
 */
export async function seigh(op: LinearOperator, dims: number, options: SeighOptions = {}): Promise<EighResult> {
  const method = checkChoice(WHERE, 'method', options.method ?? 'hmt', METHODS);
  const run = await prepare(op, dims, method, options);
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
    { numMatvecs: spent, dims, dropped, method, testMatrix, seed, blockSize, seconds },
    kernels,
  );
}
