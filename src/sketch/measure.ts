/** The measurement loop: an operator times a tall block, a few columns at a time. */
import type { Block } from '../core/block.ts';
import { breathe, type Control, type Progress } from '../core/schedule.ts';
import { applyAdjoint, applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { type TestMatrix, testColumns } from './test-matrix.ts';

/** What a measurement needs besides the operator and its input. */
export interface MeasureContext extends Control {
  /** The public function on whose behalf products are made, for messages. */
  where: string;
  /** Where results are kept. */
  space: Space;
  /** Columns of one product. */
  blockSize: number;
  stage: Progress['stage'];
}

type Apply = typeof applyOperator;

async function measureColumns(
  op: LinearOperator,
  cols: number,
  columns: (start: number, end: number) => Promise<Block> | Block,
  apply: Apply,
  context: MeasureContext,
): Promise<Multivector> {
  const { where, space, blockSize, stage, onProgress, signal } = context;
  const out = await space.allocate(cols);
  onProgress?.({ stage, done: 0, total: cols });
  for (let start = 0; start < cols; start += blockSize) {
    signal?.throwIfAborted();
    const end = Math.min(start + blockSize, cols);
    await out.writeColumns(start, await apply(op, await columns(start, end), { where, firstColumn: start }));
    onProgress?.({ stage, done: end, total: cols });
    await breathe(signal);
  }
  return out;
}

/** Y = A Omega. */
export function measureTestMatrix(
  op: LinearOperator,
  Omega: TestMatrix,
  context: MeasureContext,
): Promise<Multivector> {
  const columns = (start: number, end: number): Block => testColumns(Omega, start, end, op.dtype);
  return measureColumns(op, Omega.cols, columns, applyOperator, context);
}

/** A X for a multivector X. */
export function measure(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureColumns(op, X.cols, (start, end) => X.readColumns(start, end), applyOperator, context);
}

/** A^T X for a multivector X. */
export function measureAdjoint(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureColumns(op, X.cols, (start, end) => X.readColumns(start, end), applyAdjoint, context);
}
