/** The measurement loop: an operator times a tall block, a few columns at a time. */
import { setImmediate } from 'node:timers/promises';
import { type Block, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { breathe, type Control, type Progress } from '../core/schedule.ts';
import { applyAdjoint, applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { type TestMatrix, testColumns } from './test-matrix.ts';

/** What a measurement needs besides the operator and its input. */
export interface MeasureContext extends Control {
  /** Where results are kept. */
  space: Space;
  /** Columns of one product. */
  blockSize: number;
  stage: Progress['stage'];
}

type Apply = typeof applyOperator;
/** Columns `start..end` of what is multiplied, in `into` or elsewhere. */
type Columns = (start: number, end: number, into: Block) => Promise<Block> | Block;

/** Blocks in the same memory time after time: fresh memory costs a large product as much as its arithmetic. */
function recycled(rows: number, mostCols: number, dtype: DType): (cols: number) => Block {
  const { data } = zeros(rows, mostCols, dtype);
  return (cols) => ({ rows, cols, data: data.subarray(0, rows * cols) });
}

async function measureColumns(
  op: LinearOperator,
  cols: number,
  inputRows: number,
  columns: Columns,
  apply: Apply,
  context: MeasureContext,
): Promise<Multivector> {
  const { space, blockSize, stage, onProgress, signal } = context;
  const out = await space.allocate(cols);
  const width = Math.min(blockSize, cols);
  // Where products overlap, the columns of the next are made, and those of the last written, while one is under way.
  const slots = Array.from({ length: op.overlaps ? 2 : 1 }, () => ({
    input: recycled(inputRows, width, op.dtype),
    product: recycled(space.rows, width, op.dtype),
  }));
  const underWay: { start: number; end: number; product: Promise<Block> }[] = [];
  const finish = async (): Promise<void> => {
    const { start, end, product } = underWay[0]!;
    await out.writeColumns(start, await product);
    underWay.shift();
    onProgress?.({ stage, done: end, total: cols });
    await breathe(signal);
  };
  onProgress?.({ stage, done: 0, total: cols });
  try {
    for (let start = 0, turn = 0; start < cols; start += blockSize, turn++) {
      signal?.throwIfAborted();
      const end = Math.min(start + blockSize, cols);
      const slot = slots[turn % slots.length]!;
      const X = await columns(start, end, slot.input(end - start));
      const product = apply(op, X, { firstColumn: start }, slot.product(end - start));
      // It is awaited later; until then a failure must not count as one that nobody heard of.
      product.catch(() => {});
      underWay.push({ start, end, product });
      // The device is given its commands before this thread makes more columns.
      if (slots.length > 1) await setImmediate();
      if (underWay.length === slots.length) await finish();
    }
    while (underWay.length > 0) await finish();
  } finally {
    await Promise.allSettled(underWay.map(({ product }) => product));
  }
  return out;
}

/** Y = A Omega. */
export function measureTestMatrix(
  op: LinearOperator,
  Omega: TestMatrix,
  context: MeasureContext,
): Promise<Multivector> {
  const columns: Columns = (start, end, into) => testColumns(Omega, start, end, op.dtype, into);
  return measureColumns(op, Omega.cols, Omega.rows, columns, applyOperator, context);
}

/** A X for a multivector X. */
export function measure(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureColumns(op, X.cols, X.rows, X.readColumns.bind(X), applyOperator, context);
}

/** A^T X for a multivector X. */
export function measureAdjoint(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureColumns(op, X.cols, X.rows, X.readColumns.bind(X), applyAdjoint, context);
}
