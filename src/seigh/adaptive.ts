/** Sketches that grow until a wanted accuracy is certified. */
import { certify, levelOfLook, parseApostOptions } from '../apost/apost.ts';
import type { Certificate } from '../apost/certificate.ts';
import { sumOfSquares } from '../apost/certification.ts';
import type { Matrix } from '../core/block.ts';
import { checkBetween, checkInteger } from '../core/checks.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import type { KernelsChoice } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import { extendBasis, extendInverse } from '../multivector/extend.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { columnNorms, concatenate } from '../multivector/verbs.ts';
import { measure, measureTestMatrix } from '../sketch/measure.ts';
import type { TestMatrix } from '../sketch/test-matrix.ts';
import type { Eigenpairs, Which } from '../spectrum/eigenpairs.ts';
import { backendOf, type EighResult, makeEighResult, type RunFacts } from '../spectrum/result.ts';
import { squaredFactors } from '../stats/interval.ts';
import { hmt, type RitzPairs } from './hmt.ts';
import { leaveOneOutError, leaveOneOutSquare } from './leave-one-out.ts';

/** What to reach, and what to spend on it at most. */
export interface AccuracyGoal {
  /** Certified relative Frobenius error to reach, between 0 and 1. */
  tol: number;
  /** Probability that the certified error holds, however often it was looked at. Default 0.99. */
  confidence?: number;
  /** Columns of the sketch at most. Default: n, but no more than 1000. */
  maxDims?: number;
  /** Test products of each look. Default 10. */
  tests?: number;
}

/** A decomposition with the certificate that ended the search for it. */
export interface AdaptiveResult extends EighResult {
  /** Whether the certified relative error is at most `tol`. If not, `maxDims` was reached or rounding does not allow it. */
  converged: boolean;
  /** The last look's certificate. Its products are among `numMatvecs`, as are those of earlier looks. */
  certificate: Certificate;
}

/** What the driver has checked and prepared. */
export interface AdaptiveRun extends Control {
  op: LinearOperator;
  n: number;
  /** Columns of the first block. */
  dims: number;
  which: Which;
  testMatrix: Distribution;
  seed: number;
  blockSize: number;
  kernels: Kernels;
  kernelsChoice: KernelsChoice | undefined;
  space: Space;
}

const WHERE = 'seigh';
/** Each block adds this fraction of what is there, so that the work of all looks is a small multiple of the last one's. */
const GROWTH = 1 / 8;

/** @throws ArgumentError for options that a search cannot honour: it certifies plain Ritz pairs of full rank. */
export function refuseWithGoal(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (name === 'method' && value === 'hmt')) continue;
    if (
      ['method', 'rank', 'refine', 'psd', 'powerIterations', 'perBatch', 'innerDims', 'store', 'memory'].includes(name)
    ) {
      throw new ArgumentError(`${WHERE}: ${name} cannot be combined with tol, got ${value}`, { [name]: value });
    }
  }
}

/** The sketch Y so far, an orthonormal basis of its range and the products of that. */
interface Growing {
  /** Columns of Y. */
  dims: number;
  Q: Multivector;
  /** A Q. */
  Z: Multivector;
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
  const { Z, square } = await measureBasis(run, Q);
  return {
    dims: width,
    Q,
    Z,
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
  const { added, coupling, exhausted } = await extendBasis([before.Q], Y, space, run);
  const { Z, square } = await measureBasis(run, added.basis);
  const cols = before.Q.cols + added.basis.cols;
  return {
    dims: before.dims + width,
    Q: await concatenate([before.Q, added.basis], await space.allocate(cols), run),
    Z: await concatenate([before.Z, Z], await space.allocate(cols), run),
    capturedSquare: before.capturedSquare + square,
    T: before.T && added.dropped === 0 ? await extendInverse(before.T, coupling, added.T, run) : undefined,
    numMatvecs: before.numMatvecs + width + added.basis.cols,
    sketchSeconds: before.sketchSeconds + seconds,
    exhausted,
  };
}

/** Ritz pairs on a copy of basis and products, which themselves are kept as they are: rotating them often would wear them. */
async function ritzPairs(run: AdaptiveRun, { Q, Z }: Growing): Promise<RitzPairs> {
  const copy = async (X: Multivector): Promise<Multivector> => concatenate([X], await run.space.allocate(X.cols), run);
  const products = await copy(Z);
  const pairs = await hmt({ Q: await copy(Q), Z: products }, { ...run, rank: Q.cols });
  await run.space.release(products);
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
 * The relative error that a look would probably certify: residuals are known, the rest t = ||A (I - P)||_F^2 less
 * ||P A (I - P)||_F^2 comes from leaving columns out, and a look multiplies t by the factor of its test vectors.
 */
function predictedBound({ T }: Growing, { values, residualNorms }: RitzPairs, factor: number): number {
  const residual = sumOfSquares(residualNorms);
  const t = Math.max(0, (T ? leaveOneOutSquare(T) : 0) - residual);
  const missed = 2 * residual + factor * t;
  return missed === 0 ? 0 : Math.sqrt(missed / (sumOfSquares(values) + missed));
}

function resultOf(run: AdaptiveRun, growing: Growing, pairs: Eigenpairs, seconds: number): EighResult {
  const { testMatrix, seed, blockSize, kernels } = run;
  const { dims, numMatvecs, sketchSeconds, T, Q } = growing;
  const withEstimate =
    T && pairs.residualNorms ? { ...pairs, leaveOneOutError: leaveOneOutError(T, pairs.residualNorms) } : pairs;
  const facts: RunFacts = {
    numMatvecs,
    dims,
    dropped: dims - Q.cols,
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
 * vectors decide. Look i must hold with probability 1 - 6 d / (pi i)^2, d = 1 - confidence, and its vectors are independent
 * of everything that led to it; the failures of all looks add up to at most d, so the statement that ends the search
 * holds with probability `confidence`, whichever look that is.
 *
 * @throws ArgumentError for a goal out of range.
 */
export async function adaptiveSeigh(run: AdaptiveRun, goal: AccuracyGoal): Promise<AdaptiveResult> {
  const { op, n, blockSize, seed, onProgress, signal } = run;
  const tol = checkBetween(WHERE, 'tol', goal.tol, 0, 1);
  const confidence = checkBetween(WHERE, 'confidence', goal.confidence ?? 0.99, 0, 1);
  const maxDims = checkInteger(WHERE, 'maxDims', goal.maxDims ?? Math.min(n, 1000), 1, n, ` for n = ${n}`);
  const tests = checkInteger(WHERE, 'tests', goal.tests ?? 10, 1, Number.MAX_SAFE_INTEGER);
  const certifying = parseApostOptions({ tests, seed, confidence, kernels: run.kernelsChoice, onProgress, signal });
  const startedAt = performance.now();
  let growing = await firstBlock(run, Math.min(run.dims, maxDims));
  let looks = 0;
  let spent = 0;
  for (;;) {
    const isLast = growing.dims >= maxDims || growing.exhausted;
    const factor = squaredFactors(tests, levelOfLook(confidence, looks + 1)).upper;
    if (isLast || mayReach(growing, tol)) {
      const pairs = await ritzPairs(run, growing);
      if (isLast || predictedBound(growing, pairs, factor) <= tol) {
        const result = resultOf(run, growing, pairs, (performance.now() - startedAt) / 1000);
        const certificate = await certify(op, result, certifying, { number: looks + 1, testsUsed: looks * tests });
        looks++;
        spent += certificate.numMatvecs;
        const converged = certificate.relativeError.upper <= tol;
        if (converged || isLast) {
          return { ...result, numMatvecs: result.numMatvecs + spent, converged, certificate };
        }
      }
    }
    const width = Math.max(blockSize, Math.ceil(GROWTH * growing.dims));
    growing = await grow(run, growing, Math.min(width, maxDims - growing.dims));
  }
}
