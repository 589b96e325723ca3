/** What all estimators of a call share: random columns, products, and their count. */
import { checkBetween, checkInteger, checkSeed } from '../core/checks.ts';
import { unitRoundoff } from '../core/dtype.ts';
import type { Distribution, Purpose } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { type KernelsChoice, selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOperator } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { concatenate, type VerbContext } from '../multivector/verbs.ts';
import { chooseBlockSize } from '../sketch/block-size.ts';
import { type MeasureContext, measure } from '../sketch/measure.ts';
import { materialise } from '../sketch/test-matrix.ts';

/** Options that all estimators share. */
export interface EstimatorOptions extends Control {
  /** Products with single columns. With `tol`, those of the first look. Default 60. */
  products?: number;
  /** Probability that each end of an interval holds, between 0 and 1. Default 0.99. */
  confidence?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** A call under way. */
export interface EstimatorRun {
  readonly where: string;
  readonly op: LinearOperator;
  /** Columns of the operator. */
  readonly n: number;
  readonly seed: number;
  readonly products: number;
  readonly confidence: number;
  /** Of vectors that are multiplied. */
  readonly space: Space;
  readonly verbs: VerbContext;
  readonly measuring: MeasureContext;
  /** Unit roundoff of the operator's products. */
  readonly roundoff: number;
  numMatvecs: number;
}

const USUAL_PRODUCTS = 60;
const MOST = Number.MAX_SAFE_INTEGER;

/** @throws ArgumentError for options out of range, as checkOperator; the signal's reason when it is aborted already. */
export async function estimatorRun(
  where: string,
  op: LinearOperator,
  options: EstimatorOptions,
  leastProducts: number,
): Promise<EstimatorRun> {
  const [m, n] = checkOperator(where, op);
  const products = checkInteger(where, 'products', options.products ?? USUAL_PRODUCTS, leastProducts, MOST);
  const blockSize = chooseBlockSize(where, op, products, options.blockSize);
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  return {
    where,
    op,
    n,
    seed: checkSeed(where, options.seed ?? 0),
    products,
    confidence: checkBetween(where, 'confidence', options.confidence ?? 0.99, 0, 1),
    space: hostSpace(n, op.dtype),
    verbs: { kernels: await selectKernels(where, options.kernels), signal },
    measuring: { where, space: hostSpace(m, op.dtype), blockSize, stage: 'trace', onProgress, signal },
    roundoff: unitRoundoff(op.dtype),
    numMatvecs: 0,
  };
}

/** `count` random columns of a purpose's stream, from column `first` on. */
export function drawColumns(
  run: EstimatorRun,
  purpose: Purpose,
  distribution: Distribution,
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

/** [X Y], or Y alone where there is no X yet. */
export async function beside(run: EstimatorRun, X: Multivector | undefined, Y: Multivector): Promise<Multivector> {
  return X ? concatenate([X, Y], await run.space.allocate(X.cols + Y.cols)) : Y;
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
  distribution: Distribution,
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
