/** What all estimators of a call share: random columns, products, and their count. */

import { unitRoundoff } from '../core/dtype.ts';
import type { DenseDistribution, Purpose } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { VerbContext } from '../multivector/verbs.ts';
import { prepareBlocks } from '../sketch/block-size.ts';
import { type MeasureContext, measure } from '../sketch/measure.ts';
import { materialise } from '../sketch/test-matrix.ts';
import type { ParsedEstimator } from './options.ts';

/** A call under way. */
export interface EstimatorRun {
  readonly op: LinearOperator;
  /** Columns of the operator. */
  readonly n: number;
  readonly seed: number;
  readonly confidence: number;
  /** Of vectors that are multiplied. */
  readonly space: Space;
  readonly verbs: VerbContext;
  readonly measuring: MeasureContext;
  /** Unit roundoff of the operator's products. */
  readonly roundoff: number;
  numMatvecs: number;
}

/**
 * A call with parsed options that makes about `columns` products at first; calibrates the operator.
 * @throws the signal's reason when it is aborted already.
 */
export async function estimatorRun(
  op: LinearOperator,
  options: ParsedEstimator,
  columns: number,
): Promise<EstimatorRun> {
  const [m, n] = op.shape;
  const { confidence, seed, onProgress, signal } = options;
  signal?.throwIfAborted();
  const blockSize = await prepareBlocks(op, columns, options.blockSize);
  return {
    op,
    n,
    seed,
    confidence,
    space: hostSpace(n, op.dtype),
    verbs: { kernels: await selectKernels(options.kernels), signal },
    measuring: { space: hostSpace(m, op.dtype), blockSize, stage: 'trace', onProgress, signal },
    roundoff: unitRoundoff(op.dtype),
    numMatvecs: 0,
  };
}

/** `count` random columns of a purpose's stream, from column `first` on. */
export function drawColumns(
  run: EstimatorRun,
  purpose: Purpose,
  distribution: DenseDistribution,
  first: number,
  count: number,
): Promise<Multivector> {
  const { n, seed, space, measuring, verbs } = run;
  const columns = { distribution, key: { seed, purpose }, rows: n, cols: count, firstColumn: first };
  return materialise(columns, space, measuring.blockSize, verbs.signal);
}

/** A X, counted. */
export function multiply(run: EstimatorRun, X: Multivector): Promise<Multivector> {
  run.numMatvecs += X.cols;
  return measure(run.op, X, run.measuring);
}

/** Columns that a visitor sees, with their products. */
export interface MultipliedColumns {
  W: Multivector;
  /** A W. */
  AW: Multivector;
  /** How many came before. */
  done: number;
}

/**
 * Random columns and their products, a block at a time, for estimators that need each of them once: memory for one block,
 * whatever their number.
 */
export async function forEachBlock(
  run: EstimatorRun,
  distribution: DenseDistribution,
  first: number,
  count: number,
  visit: (columns: MultipliedColumns) => Promise<void>,
): Promise<void> {
  const { op, measuring } = run;
  const { blockSize, onProgress } = measuring;
  for (let done = 0; done < count; done += blockSize) {
    const W = await drawColumns(run, 'trace', distribution, first + done, Math.min(blockSize, count - done));
    const report: Control['onProgress'] = (progress) =>
      onProgress?.({ ...progress, done: done + progress.done, total: count });
    const AW = await measure(op, W, { ...measuring, onProgress: report });
    run.numMatvecs += W.cols;
    await visit({ W, AW, done });
    await run.space.release(W);
    await measuring.space.release(AW);
  }
}
