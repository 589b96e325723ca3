/** The measurement loop: an operator times a tall block, a few columns at a time. */
import { host } from '#host';
import { type Block, recycled } from '../core/block.ts';
import type { FloatArray } from '../core/dtype.ts';
import { breathe, type Control, type Progress } from '../core/schedule.ts';
import { applyAdjoint, applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { type TestMatrix, testColumns } from './test-matrix.ts';

/** Consecutive columns that are measured together. */
export interface ColumnRange {
  start: number;
  end: number;
  /** They were measured before, and only count. */
  isThere?: boolean;
}

/** Where products go. */
export interface Sink {
  /** Takes A X for the columns X of a range; `seconds` are those of the product, without those in which another was made. */
  write(range: ColumnRange, product: Block, seconds: number): Promise<void>;
  /** Hears of a product that failed, before the measurement ends with its error. */
  fail?(range: ColumnRange, error: unknown): Promise<void>;
}

/** What the measurement loop needs: which columns to make, and where their products go. */
export interface MeasureOptions extends Control {
  stage: Progress['stage'];
  /** Columns of the widest range. */
  width: number;
  ranges: Iterable<ColumnRange> | AsyncIterable<ColumnRange>;
  /** Columns of all ranges. */
  total: number;
  sink: Sink;
  /** Where a single range is measured: memory in which its product may be made. */
  target?: FloatArray | undefined;
}

/** What a measurement in memory needs besides the operator and its input. */
export interface MeasureContext extends Control {
  /** Where results are kept. */
  space: Space;
  /** Columns of one product. */
  blockSize: number;
  stage: Progress['stage'];
}

type Apply = typeof applyOperator;
/** Columns `start..end` of what is multiplied, in `into` or elsewhere. */
export type Columns = (start: number, end: number, into: Block) => Promise<Block> | Block;

/** Memory for one product after the other. */
interface Slot {
  input(cols: number): Block;
  product?(cols: number): Block;
  giveBack?(): void;
}

async function slotFor(
  op: LinearOperator,
  inputRows: number,
  width: number,
  apply: Apply,
  target: FloatArray | undefined,
): Promise<Slot> {
  const { shape, dtype } = op;
  // products of the adjoint are always in memory of their own
  if (apply !== applyOperator) return { input: recycled(inputRows, width, dtype) };
  const lent = await op.lend?.(width);
  return {
    input: recycled(inputRows, width, dtype, lent?.input),
    product: recycled(shape[0], width, dtype, lent?.product ?? target),
    giveBack: () => lent?.giveBack(),
  };
}

/** A product that was asked for. */
interface UnderWay {
  range: ColumnRange;
  product: Promise<Block>;
  startedAt: number;
}

/**
 * The measurement loop of all methods: products with ranges of columns, one after the other, each handed to a sink as soon as it
 * is known. Where products of the operator overlap, the columns of the next are made, and those of the last written, while one
 * is under way.
 *
 * An error or an abort ends it after the products under way, which the sink still gets: they were paid for.
 */
export async function measureColumns(
  op: LinearOperator,
  inputRows: number,
  columns: Columns,
  { stage, width, ranges, total, sink, target, onProgress, signal }: MeasureOptions,
  apply: Apply = applyOperator,
): Promise<void> {
  const slots = await Promise.all(
    Array.from({ length: op.overlaps ? 2 : 1 }, () => slotFor(op, inputRows, width, apply, target)),
  );
  const underWay: UnderWay[] = [];
  let done = 0;
  let measured = 0;
  let lastEnd = Number.NEGATIVE_INFINITY;
  const count = async ({ start, end }: ColumnRange): Promise<void> => {
    done += end - start;
    onProgress?.({ stage, done, total });
    await breathe(signal);
  };
  const finish = async (): Promise<void> => {
    const { range, product, startedAt } = underWay.shift()!;
    const Y = await product.catch(async (error: unknown) => {
      await sink.fail?.(range, error);
      throw error;
    });
    const endedAt = performance.now();
    await sink.write(range, Y, (endedAt - Math.max(startedAt, lastEnd)) / 1000);
    lastEnd = endedAt;
    await count(range);
  };
  onProgress?.({ stage, done, total });
  try {
    for await (const range of ranges) {
      signal?.throwIfAborted();
      if (range.isThere) {
        await count(range);
        continue;
      }
      const cols = range.end - range.start;
      const slot = slots[measured++ % slots.length]!;
      const X = await columns(range.start, range.end, slot.input(cols));
      const startedAt = performance.now();
      const product = apply(op, X, { firstColumn: range.start }, slot.product?.(cols));
      // It is awaited later; until then a failure must not count as one that nobody heard of.
      product.catch(() => {});
      underWay.push({ range, product, startedAt });
      // The device is given its commands before this thread makes more columns.
      if (slots.length > 1) await host.nextTask();
      if (underWay.length === slots.length) await finish();
    }
    while (underWay.length > 0) await finish();
  } finally {
    while (underWay.length > 0) await finish().catch(() => undefined);
    for (const slot of slots) slot.giveBack?.();
  }
}

/** Ranges of `blockSize` columns. */
function* rangesOf(cols: number, blockSize: number): Generator<ColumnRange> {
  for (let start = 0; start < cols; start += blockSize) yield { start, end: Math.min(start + blockSize, cols) };
}

async function measureInto(
  op: LinearOperator,
  cols: number,
  inputRows: number,
  columns: Columns,
  { space, blockSize, ...context }: MeasureContext,
  apply?: Apply,
): Promise<Multivector> {
  const out = await space.allocate(cols);
  const sink: Sink = { write: ({ start }, product) => out.writeColumns(start, product) };
  const width = Math.min(blockSize, cols);
  const ranges = rangesOf(cols, blockSize);
  // a product with all columns is made where it is to stay
  const target = width === cols ? out.viewRows?.(0, out.rows).data : undefined;
  await measureColumns(op, inputRows, columns, { ...context, width, ranges, total: cols, sink, target }, apply);
  return out;
}

/** Y = A Omega. */
export function measureTestMatrix(
  op: LinearOperator,
  Omega: TestMatrix,
  context: MeasureContext,
): Promise<Multivector> {
  const columns: Columns = (start, end, into) => testColumns(Omega, start, end, op.dtype, into);
  return measureInto(op, Omega.cols, Omega.rows, columns, context);
}

/** A X for a multivector X. */
export function measure(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureInto(op, X.cols, X.rows, X.readColumns.bind(X), context);
}

/** A^T X for a multivector X. */
export function measureAdjoint(op: LinearOperator, X: Multivector, context: MeasureContext): Promise<Multivector> {
  return measureInto(op, X.cols, X.rows, X.readColumns.bind(X), context, applyAdjoint);
}
