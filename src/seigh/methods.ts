/** How each method goes from products to eigenpairs. */
import type { Matrix } from '../core/block.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { leadingRitzPairs, ritzValues } from '../krylov/ritz.ts';
import { krylovSubspace } from '../krylov/subspace.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { measure, measureTestMatrix } from '../sketch/measure.ts';
import { materialise, type TestMatrix } from '../sketch/test-matrix.ts';
import type { Eigenpairs, RecoveryContext, Which } from '../spectrum/eigenpairs.ts';
import type { Method } from '../spectrum/result.ts';
import { type BatchCores, collectingBatches, samplingErrors } from './batch-sampling.ts';
import { type BasisMeasurement, hmt, refinedHmt } from './hmt.ts';
import { leaveOneOutError } from './leave-one-out.ts';
import { nystrom, psdNystrom } from './nystrom.ts';
import { oversampled } from './oversampled.ts';

const WHERE = 'seigh';

/** The checked options that a recovery needs, and where it works. */
export interface Recovery extends Control {
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

/** The checked options and everything the methods share. */
export interface Run extends Recovery {
  op: LinearOperator;
  perBatch: boolean;
}

/** Eigenpairs, and the directions of the sketch that were numerically dependent on the others. */
export interface Recovered {
  pairs: Eigenpairs;
  dropped: number;
}

/** What a method hands back: its eigenpairs, the products it spent and when its first pass ended. */
export interface Outcome extends Recovered {
  numMatvecs: number;
  sketchedAt: number;
}

/** Omega, n x dims. */
export function outerMatrix(run: Pick<Recovery, 'n' | 'dims' | 'seed' | 'testMatrix'>): TestMatrix {
  const key = { seed: run.seed, purpose: 'sketch' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols: run.dims };
}

/** The inner test matrix of `oversampled` that the operator multiplies, n x innerDims. */
export function innerMatrix(run: Pick<Recovery, 'n' | 'innerDims' | 'seed' | 'testMatrix'>): TestMatrix {
  const key = { seed: run.seed, purpose: 'inner' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols: run.innerDims };
}

function recoveryContext(run: Recovery, defaultRank: number): RecoveryContext {
  return { ...run, rank: run.rank ?? defaultRank };
}

async function ritzPairs(
  measurement: BasisMeasurement,
  run: Recovery,
  batches: BatchCores | undefined,
): Promise<Eigenpairs> {
  const { rotation, ...pairs } = await hmt(measurement, recoveryContext(run, measurement.Q.cols));
  return batches ? { ...pairs, samplingErrors: await samplingErrors(WHERE, batches, rotation, run) } : pairs;
}

/**
 * Eigenpairs from Z = A Q.
 * @param T of the first orthonormalisation, Q = Y T
 * @param dropped by the first orthonormalisation
 * @throws NumericalError for an operator that is not symmetric.
 */
export async function recoverHmt(
  measurement: BasisMeasurement,
  run: Recovery,
  { T, dropped }: { T: Matrix; dropped: number },
  batches?: BatchCores,
): Promise<Recovered> {
  const k = measurement.Q.cols;
  const pairs = run.refine
    ? await refinedHmt(measurement, recoveryContext(run, 2 * k))
    : await ritzPairs(measurement, run, batches);
  refuseAsymmetry(run.space, pairs.coreAsymmetry);
  // the sketch knows the error of its own range only: not of a power iteration's, nor without residuals of all pairs
  if (run.powerIterations === 0 && dropped === 0 && pairs.residualNorms?.length === k) {
    pairs.leaveOneOutError = leaveOneOutError(T, pairs.residualNorms);
  }
  return { pairs, dropped: run.dims - k };
}

async function runHmt(run: Run): Promise<Outcome> {
  const { op, space, powerIterations } = run;
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, stage: 'sketch' });
  const sketchedAt = performance.now();
  const first = await orthonormalise(Y, space, run);
  await space.release(Y);
  let Q = first.basis;
  let numMatvecs = run.dims;
  for (let pass = 0; pass < powerIterations; pass++) {
    numMatvecs += Q.cols;
    const AQ = await measure(op, Q, { ...run, stage: 'recovery' });
    await space.release(Q);
    Q = (await orthonormalise(AQ, space, run)).basis;
    await space.release(AQ);
  }
  numMatvecs += Q.cols;
  const collecting = run.perBatch ? collectingBatches(WHERE, op, Q, run) : undefined;
  const Z = await measure(collecting?.op ?? op, Q, { ...run, stage: 'recovery' });
  const recovered = await recoverHmt({ Q, Z }, run, first, collecting?.batches);
  await space.release(Z);
  return { ...recovered, numMatvecs, sketchedAt };
}

/**
 * Eigenpairs from Y = A Omega alone.
 * @throws NumericalError for an operator that is not symmetric.
 */
export async function recoverNystrom(Y: Multivector, run: Recovery): Promise<Recovered> {
  const { space, blockSize, signal } = run;
  const Omega = await materialise(outerMatrix(run), space, blockSize, signal);
  const context = recoveryContext(run, run.dims);
  const pairs = await (run.psd ? psdNystrom({ Omega, Y }, context) : nystrom({ Omega, Y }, context, run.rank));
  refuseAsymmetry(space, pairs.coreAsymmetry);
  return { pairs, dropped: 0 };
}

async function runNystrom(run: Run): Promise<Outcome> {
  const Y = await measureTestMatrix(run.op, outerMatrix(run), { ...run, stage: 'sketch' });
  const sketchedAt = performance.now();
  return { ...(await recoverNystrom(Y, run)), numMatvecs: run.dims, sketchedAt };
}

/** Eigenpairs from the outer sketch Y = A Omega and the inner one A R. */
export async function recoverOversampled(Y: Multivector, AR: Multivector, run: Recovery): Promise<Recovered> {
  const { space, blockSize, signal, innerDims } = run;
  const { basis: Q } = await orthonormalise(Y, space, run);
  const right = innerMatrix(run);
  const R = await materialise(right, space, blockSize, signal);
  const L = await materialise({ ...right, firstColumn: innerDims }, space, blockSize, signal);
  const pairs = await oversampled({ Q, R, AR, L }, recoveryContext(run, Q.cols));
  return { pairs, dropped: run.dims - Q.cols };
}

async function runOversampled(run: Run): Promise<Outcome> {
  const { op, innerDims } = run;
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, stage: 'sketch' });
  const AR = await measureTestMatrix(op, innerMatrix(run), { ...run, stage: 'sketch' });
  const sketchedAt = performance.now();
  return { ...(await recoverOversampled(Y, AR, run)), numMatvecs: run.dims + innerDims, sketchedAt };
}

async function runKrylov(run: Run): Promise<Outcome> {
  const { op, dims, which } = run;
  const context = { ...run };
  const state = await krylovSubspace(run, context);
  const sketchedAt = performance.now();
  const ritz = await ritzValues(state, which, context);
  const pairs = await leadingRitzPairs(state, ritz, which, run.rank ?? dims, context);
  refuseAsymmetry(op, pairs.coreAsymmetry);
  return { pairs, numMatvecs: dims, dropped: 0, sketchedAt };
}

/** Measures and recovers by each method. */
export const RUNNERS: Record<Method, (run: Run) => Promise<Outcome>> = {
  hmt: runHmt,
  nystrom: runNystrom,
  oversampled: runOversampled,
  krylov: runKrylov,
};
