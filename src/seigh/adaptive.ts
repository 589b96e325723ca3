/** Sketches that grow until a wanted accuracy is certified. */
import { certify, levelOfLook, parseApostOptions } from '../apost/apost.ts';
import type { DeflatedCertificate } from '../apost/certificate.ts';
import { sumOfSquares } from '../apost/certification.ts';
import type { Matrix } from '../core/block.ts';
import type { Control } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import { extendBasis, extendInverse } from '../multivector/extend.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { sideBySide } from '../multivector/side-by-side.ts';
import { columnNorms, concatenate } from '../multivector/verbs.ts';
import { prepareBlocks } from '../sketch/block-size.ts';
import { measure, measureTestMatrix } from '../sketch/measure.ts';
import type { TestMatrix } from '../sketch/test-matrix.ts';
import { backendOf, type EighResult, makeEighResult, type RitzResult, type RunFacts } from '../spectrum/result.ts';
import { squaredFactors } from '../stats/interval.ts';
import { hmt, type RitzPairs } from './hmt.ts';
import { leaveOneOutError, leaveOneOutSquare } from './leave-one-out.ts';
import type { GoalCall, GoalSettings } from './options.ts';

/** A decomposition with the certificate that ended the search for it. */
export interface AdaptiveResult extends EighResult {
  /** ||A v_i - eigenvalues_i v_i||_2, length r. */
  residualNorms: Float64Array;
  /** Whether the certified relative error is at most `tol`. If not, `maxDims` was reached or rounding does not allow it. */
  converged: boolean;
  /** The last certificate. Its products are among `numMatvecs`, as are those of earlier ones. */
  certificate: DeflatedCertificate;
}

/** The parsed options, and what was prepared from them. */
interface AdaptiveRun extends Control, Omit<GoalSettings, 'kernels' | 'blockSize' | keyof Control> {
  op: LinearOperator;
  n: number;
  blockSize: number;
  kernels: Kernels;
  space: Space;
}

/** Each block adds this fraction of what is there, so that the work of all certificates is a small multiple of the last one's. */
const GROWTH = 1 / 8;

type Parts = readonly [Multivector, ...Multivector[]];

/** More column blocks than this are put together: each costs a call of every pass over the basis. */
const MOST_PARTS = 8;

/** The parts and one more, put together where there are many; what they were is then no longer needed. */
async function append(parts: Parts, added: Multivector, run: AdaptiveRun): Promise<Parts> {
  const all: Parts = [...parts, added];
  if (all.length <= MOST_PARTS) return all;
  const cols = all.reduce((sum, part) => sum + part.cols, 0);
  return [await concatenate(all, await run.space.allocate(cols), run)];
}

/** An orthonormal basis of the range of the sketch so far, and its products, as column blocks: growing copies nothing. */
interface Growing {
  /** Columns of the sketch. */
  dims: number;
  Q: Parts;
  /** A Q. */
  Z: Parts;
  /** Columns of Q. */
  cols: number;
  /** ||Z||_F^2. */
  capturedSquare: number;
  /** Q = Y T; undefined once directions were dropped, because a column of the sketch then lies in the span of others. */
  T: Matrix | undefined;
  numMatvecs: number;
  sketchSeconds: number;
  /** The last block lay in the span of the others up to rounding: no further one can help. */
  exhausted: boolean;
}

/** The next `width` columns of the sketch, and the seconds they took. */
async function sketchBlock(run: AdaptiveRun, firstColumn: number, width: number) {
  const startedAt = performance.now();
  const key = { seed: run.seed, purpose: 'sketch' } as const;
  const Omega: TestMatrix = { distribution: run.testMatrix, key, rows: run.n, cols: width, firstColumn };
  const Y = await measureTestMatrix(run.op, Omega, { ...run, stage: 'sketch' });
  return { Y, seconds: (performance.now() - startedAt) / 1000 };
}

/** A Q and its squared Frobenius norm. */
async function measureBasis(run: AdaptiveRun, Q: Multivector) {
  const Z = await measure(run.op, Q, { ...run, stage: 'recovery' });
  return { Z, square: sumOfSquares(await columnNorms(Z, run)) };
}

async function firstBlock(run: AdaptiveRun, width: number): Promise<Growing> {
  const { Y, seconds } = await sketchBlock(run, 0, width);
  const { basis: Q, T, dropped } = await orthonormalise(Y, run.space, run);
  await run.space.release(Y);
  const { Z, square } = await measureBasis(run, Q);
  return {
    dims: width,
    Q: [Q],
    Z: [Z],
    cols: Q.cols,
    capturedSquare: square,
    T: dropped > 0 ? undefined : T,
    numMatvecs: width + Q.cols,
    sketchSeconds: seconds,
    exhausted: Q.cols === 0,
  };
}

async function grow(run: AdaptiveRun, before: Growing, width: number): Promise<Growing> {
  const { space } = run;
  const { Y, seconds } = await sketchBlock(run, before.dims, width);
  const { added, coupling, exhausted } = await extendBasis(before.Q, Y, space, run);
  await space.release(Y);
  const { Z, square } = await measureBasis(run, added.basis);
  return {
    dims: before.dims + width,
    Q: await append(before.Q, added.basis, run),
    Z: await append(before.Z, Z, run),
    cols: before.cols + added.basis.cols,
    capturedSquare: before.capturedSquare + square,
    T: before.T && added.dropped === 0 ? await extendInverse(before.T, coupling, added.T, run) : undefined,
    numMatvecs: before.numMatvecs + width + added.basis.cols,
    sketchSeconds: before.sketchSeconds + seconds,
    exhausted,
  };
}

/** Ritz pairs; the vectors take the place of a copy of the basis, which itself is kept: rotating it often would wear it. */
async function ritzPairs(run: AdaptiveRun, { Q, Z, cols }: Growing): Promise<RitzPairs> {
  const copy = await concatenate(Q, await run.space.allocate(cols), run);
  const pairs = await hmt({ Q: copy, Z: sideBySide(Z) }, { ...run, rank: cols });
  refuseAsymmetry(run.op, pairs.coreAsymmetry);
  return pairs;
}

/**
 * Whether the error may be below the tolerance at all: ||A - P A P||_F is at least ||A - P A||_F, which leaving columns out
 * estimates, and ||A||_F^2 = ||Z||_F^2 + ||A (I - P)||_F^2.
 */
function mayReach({ T, capturedSquare }: Growing, tol: number): boolean {
  const outside = T ? leaveOneOutSquare(T) : 0;
  return outside <= tol ** 2 * (capturedSquare + outside);
}

/**
 * The relative error that a certificate would probably state: residuals are known, the rest t = ||A (I - P)||_F^2 less
 * ||P A (I - P)||_F^2 comes from leaving columns out, and a certificate multiplies t by the factor of its test vectors.
 */
function predictedBound({ T }: Growing, { values, residualNorms }: RitzPairs, factor: number): number {
  const residual = sumOfSquares(residualNorms);
  const t = Math.max(0, (T ? leaveOneOutSquare(T) : 0) - residual);
  const missed = 2 * residual + factor * t;
  return missed === 0 ? 0 : Math.sqrt(missed / (sumOfSquares(values) + missed));
}

function resultOf(run: AdaptiveRun, growing: Growing, pairs: RitzPairs, seconds: number): RitzResult {
  const { testMatrix, seed, blockSize, kernels } = run;
  const { dims, numMatvecs, sketchSeconds, T, cols } = growing;
  const withEstimate = T ? { ...pairs, leaveOneOutError: leaveOneOutError(T, pairs.residualNorms) } : pairs;
  const facts: RunFacts = {
    numMatvecs,
    dims,
    dropped: dims - cols,
    method: 'hmt',
    testMatrix,
    seed,
    blockSize,
    seconds: { sketch: sketchSeconds, recovery: seconds - sketchSeconds },
    ...backendOf(run.op),
  };
  return makeEighResult(withEstimate, facts, kernels);
}

/**
 * Grows a sketch block by block until its certified relative Frobenius error is at most `tol`.
 *
 * After each block the leave-one-out estimate says what a certificate would find; where that is good enough, fresh test
 * vectors decide. Certificate i must hold with probability 1 - 6 d / (pi i)^2, d = 1 - confidence, and its vectors are
 * independent of everything that led to it; the failures of all certificates add up to at most d, so the statement that
 * ends the search holds with probability `confidence`, whichever certificate that is.
 */
export async function adaptiveSeigh(
  { op, n, dims: first, settings }: GoalCall,
  control: Control,
): Promise<AdaptiveResult> {
  const { tol, confidence, maxDims, tests, seed, kernels: choice } = settings;
  const blockSize = await prepareBlocks(op, maxDims, settings.blockSize);
  const kernels = await selectKernels(choice);
  const run: AdaptiveRun = { ...settings, ...control, op, n, blockSize, kernels, space: hostSpace(n, op.dtype) };
  const certifying = parseApostOptions({ tests, seed, confidence, kernels: choice, ...control });
  const startedAt = performance.now();
  let growing = await firstBlock(run, Math.min(first ?? blockSize, maxDims));
  let certificates = 0;
  let spent = 0;
  for (;;) {
    const isLast = growing.dims >= maxDims || growing.exhausted;
    const factor = squaredFactors(tests, levelOfLook(confidence, certificates + 1)).upper;
    if (isLast || mayReach(growing, tol)) {
      const pairs = await ritzPairs(run, growing);
      if (isLast || predictedBound(growing, pairs, factor) <= tol) {
        const result = resultOf(run, growing, pairs, (performance.now() - startedAt) / 1000);
        const place = { number: certificates + 1, testsUsed: certificates * tests };
        const certificate = await certify(op, result, certifying, place);
        certificates++;
        spent += certificate.numMatvecs;
        const converged = certificate.relativeError.upper <= tol;
        if (converged || isLast) {
          return { ...result, numMatvecs: result.numMatvecs + spent, converged, certificate };
        }
      }
      await run.space.release(pairs.vectors);
    }
    const width = Math.max(blockSize, Math.ceil(GROWTH * growing.dims));
    growing = await grow(run, growing, Math.min(width, maxDims - growing.dims));
  }
}
