/** How each method goes from products to eigenpairs. */
import type { Distribution } from './core/random.ts';
import type { Control } from './core/schedule.ts';
import { leadingRitzPairs, ritzValues } from './krylov/ritz.ts';
import { krylovSubspace } from './krylov/subspace.ts';
import type { Kernels } from './linalg/kernels/provider.ts';
import type { LinearOperator } from './linops/operator.ts';
import { refuseAsymmetry } from './linops/probes.ts';
import type { Space } from './multivector/multivector.ts';
import { orthonormalise } from './multivector/orthonormalise.ts';
import type { Eigenpairs, RecoveryContext, Which } from './recovery/eigenpairs.ts';
import { type BasisMeasurement, hmt, refinedHmt } from './recovery/hmt.ts';
import { leaveOneOutError } from './recovery/leave-one-out.ts';
import { nystrom, psdNystrom } from './recovery/nystrom.ts';
import { oversampled } from './recovery/oversampled.ts';
import type { Method } from './recovery/result.ts';
import { type BatchCores, collectingBatches, samplingErrors } from './recovery/sampling.ts';
import { measure, measureTestMatrix } from './sketch/measure.ts';
import { materialise, type TestMatrix } from './sketch/test-matrix.ts';

const WHERE = 'seigh';

/** The checked options and everything the methods share. */
export interface Run extends Control {
  op: LinearOperator;
  n: number;
  dims: number;
  rank: number | undefined;
  which: Which;
  refine: boolean;
  psd: boolean;
  powerIterations: number;
  perBatch: boolean;
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

function outerMatrix(run: Run): TestMatrix {
  const key = { seed: run.seed, purpose: 'sketch' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols: run.dims };
}

function recoveryContext(run: Run, defaultRank: number): RecoveryContext {
  return { ...run, rank: run.rank ?? defaultRank };
}

async function ritzPairs(
  measurement: BasisMeasurement,
  run: Run,
  batches: BatchCores | undefined,
): Promise<Eigenpairs> {
  const { rotation, ...pairs } = await hmt(measurement, recoveryContext(run, measurement.Q.cols));
  return batches ? { ...pairs, samplingErrors: await samplingErrors(WHERE, batches, rotation, run) } : pairs;
}

async function runHmt(run: Run): Promise<Outcome> {
  const { op, space, powerIterations } = run;
  const Y = await measureTestMatrix(op, outerMatrix(run), { ...run, where: WHERE, stage: 'sketch' });
  const sketchedAt = performance.now();
  const { basis, T, dropped } = await orthonormalise(Y, space, run);
  let Q = basis;
  let numMatvecs = run.dims;
  for (let pass = 0; pass < powerIterations; pass++) {
    numMatvecs += Q.cols;
    Q = (await orthonormalise(await measure(op, Q, { ...run, where: WHERE, stage: 'recovery' }), space, run)).basis;
  }
  const k = Q.cols;
  const collecting = run.perBatch ? collectingBatches(WHERE, op, Q, run) : undefined;
  const Z = await measure(collecting?.op ?? op, Q, { ...run, where: WHERE, stage: 'recovery' });
  const pairs = run.refine
    ? await refinedHmt({ Q, Z }, recoveryContext(run, 2 * k))
    : await ritzPairs({ Q, Z }, run, collecting?.batches);
  refuseAsymmetry(WHERE, op, pairs.coreAsymmetry);
  // the sketch knows the error of its own range only: not of a power iteration's, nor without residuals of all pairs
  if (powerIterations === 0 && dropped === 0 && pairs.residualNorms?.length === k) {
    pairs.leaveOneOutError = leaveOneOutError(T, pairs.residualNorms);
  }
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

async function runKrylov(run: Run): Promise<Outcome> {
  const { op, dims, which } = run;
  const context = { where: WHERE, ...run };
  const state = await krylovSubspace(run, context);
  const sketchedAt = performance.now();
  const ritz = await ritzValues(state, which, context);
  const pairs = await leadingRitzPairs(state, ritz, which, run.rank ?? dims, context);
  refuseAsymmetry(WHERE, op, pairs.coreAsymmetry);
  return { pairs, numMatvecs: dims, dropped: 0, sketchedAt };
}

/** Measures and recovers by each method. */
export const RUNNERS: Record<Method, (run: Run) => Promise<Outcome>> = {
  hmt: runHmt,
  nystrom: runNystrom,
  oversampled: runOversampled,
  krylov: runKrylov,
};
