/** Sketches that grow until a wanted accuracy is certified. */

import type { Matrix } from '../core/block.ts';
import type { Control } from '../core/schedule.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { Space } from '../multivector/multivector.ts';
import { columnNorms, concatenate } from '../multivector/verbs.ts';
import { GrownRange } from '../sketch/grown-range.ts';
import { measure, measureTestMatrix } from '../sketch/measure.ts';
import type { TestMatrix } from '../sketch/test-matrix.ts';
import { backendOf, makeEighResult, type RitzResult, type RunFacts } from '../spectrum/result.ts';
import { squaredFactors } from '../stats/interval.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { type AdaptiveResult, certifyNext, endedBy, type Looks, NO_LOOKS, type Workplace } from './certified-search.ts';
import { hmt, type RitzPairs } from './hmt.ts';
import { leaveOneOutError, leaveOneOutSquare } from './leave-one-out.ts';
import type { AdaptiveCall, AdaptiveSettings } from './options.ts';

/** The parsed options, and what was prepared from them. */
interface AdaptiveRun extends Control, Omit<AdaptiveSettings, 'kernels' | 'blockSize' | keyof Control> {
  op: LinearOperator;
  n: number;
  blockSize: number;
  kernels: Kernels;
  space: Space;
}

/** Each block adds this fraction of what is there, so that the work of all certificates is a small multiple of the last one's. */
const GROWTH = 1 / 8;

/** The sketch as it grows, and how much of A it has captured. */
interface Sketch {
  range: GrownRange;
  /** ||A Q||_F^2. */
  capturedSquare: number;
}

function emptyRange(run: AdaptiveRun): GrownRange {
  const { op, n, space, kernels, signal, testMatrix: distribution, seed } = run;
  const key = { seed, purpose: 'sketch' } as const;
  return new GrownRange({
    ...{ space, kernels, signal },
    sketch(firstColumn, cols) {
      const Omega: TestMatrix = { distribution, key, rows: n, cols, firstColumn };
      return measureTestMatrix(op, Omega, { ...run, stage: 'sketch' });
    },
    multiply: (Q) => measure(op, Q, { ...run, stage: 'recovery' }),
  });
}

async function grow({ range, capturedSquare }: Sketch, width: number, run: AdaptiveRun): Promise<Sketch> {
  const { Z } = await range.grow(width);
  return { range, capturedSquare: capturedSquare + sumOfSquares(await columnNorms(Z, run)) };
}

/** Q = Y T; unknown once directions were dropped, because a column of the sketch then lies in the span of others. */
const inverseOf = ({ T, dropped }: GrownRange): Matrix | undefined => (dropped === 0 ? T : undefined);

/** Ritz pairs; the vectors take the place of a copy of the basis, which itself is kept: rotating it often would wear it. */
async function ritzPairs({ Q, Z }: GrownRange, run: AdaptiveRun): Promise<RitzPairs> {
  const copy = await concatenate(Q.parts, await run.space.allocate(Q.cols), run);
  const pairs = await hmt({ Q: copy, Z: Z.all }, { ...run, rank: Q.cols });
  refuseAsymmetry(run.op, pairs.coreAsymmetry);
  return pairs;
}

/**
 * Whether the error may be below the tolerance at all: ||A - P A P||_F is at least ||A - P A||_F, which leaving columns out
 * estimates, and ||A||_F^2 = ||Z||_F^2 + ||A (I - P)||_F^2.
 */
function mayReach({ range, capturedSquare }: Sketch, tol: number): boolean {
  const T = inverseOf(range);
  const outside = T ? leaveOneOutSquare(T) : 0;
  return outside <= tol ** 2 * (capturedSquare + outside);
}

/**
 * The relative error that a certificate would probably state: residuals are known, the rest t = ||A (I - P)||_F^2 less
 * ||P A (I - P)||_F^2 comes from leaving columns out, and a certificate multiplies t by the factor of its test vectors.
 */
function predictedBound(range: GrownRange, { values, residualNorms }: RitzPairs, factor: number): number {
  const T = inverseOf(range);
  const residual = sumOfSquares(residualNorms);
  const t = Math.max(0, (T ? leaveOneOutSquare(T) : 0) - residual);
  const missed = 2 * residual + factor * t;
  return missed === 0 ? 0 : Math.sqrt(missed / (sumOfSquares(values) + missed));
}

function resultOf(range: GrownRange, pairs: RitzPairs, seconds: number, run: AdaptiveRun): RitzResult {
  const { testMatrix, seed, blockSize, kernels } = run;
  const { dims, dropped, numMatvecs, sketchSeconds } = range;
  const T = inverseOf(range);
  const withEstimate = T ? { ...pairs, leaveOneOutError: leaveOneOutError(T, pairs.residualNorms) } : pairs;
  const facts: RunFacts = {
    numMatvecs,
    dims,
    dropped,
    method: 'hmt',
    testMatrix,
    seed,
    blockSize,
    secondsByStage: { sketch: sketchSeconds, recovery: seconds - sketchSeconds },
    ...backendOf(run.op),
  };
  return makeEighResult(withEstimate, facts, kernels);
}

/**
 * Grows a sketch block by block until its certified relative Frobenius error is at most `tol`.
 *
 * After each block the leave-one-out estimate says what a certificate would find; where that is good enough, fresh test
 * vectors decide ({@link certifyNext}).
 */
export async function adaptiveSeigh(
  { op, n, dims: first, settings }: AdaptiveCall,
  { space, widest: blockSize }: Workplace,
  control: Control,
): Promise<AdaptiveResult> {
  const { tol, confidence, maxDims, tests = 10 } = settings;
  const kernels = await selectKernels(settings.kernels);
  const run: AdaptiveRun = { ...settings, ...control, op, n, blockSize, kernels, space };
  const startedAt = performance.now();
  const range = emptyRange(run);
  let sketch = await grow({ range, capturedSquare: 0 }, Math.min(first ?? blockSize, maxDims), run);
  let used: Looks = NO_LOOKS;
  for (;;) {
    const isLast = range.dims >= maxDims || range.isExhausted;
    const factor = squaredFactors(tests, levelAtLook(confidence, used.looks + 1)).upper;
    if (isLast || mayReach(sketch, tol)) {
      const pairs = await ritzPairs(range, run);
      if (isLast || predictedBound(range, pairs, factor) <= tol) {
        const result = resultOf(range, pairs, (performance.now() - startedAt) / 1000, run);
        const look = await certifyNext(op, result, used, { ...settings, ...control, tests });
        if (look.converged || isLast) return endedBy(look, result, { tol, isExhausted: range.isExhausted });
        used = look.used;
      }
      await run.space.release(pairs.vectors);
    }
    const width = Math.max(blockSize, Math.ceil(GROWTH * range.dims));
    sketch = await grow(sketch, Math.min(width, maxDims - range.dims), run);
  }
}
