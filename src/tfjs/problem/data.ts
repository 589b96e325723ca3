/** Data as users have it: batches in arrays, iterables, async iterables, tf.data datasets, or functions that return one. */
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError, ShapeError } from '../../core/errors.ts';
import { type Field, refuse } from '../../core/parse.ts';
import { type TensorContainer, tensorsIn, withTensors } from './containers.ts';

/** One batch. */
export type Batch<X, Y> = readonly [x: X, y: Y] | { readonly xs: X; readonly ys: Y };

/** The part of a tf.data.Dataset that is used. Its batches are `{ xs, ys }` or `[x, y]`. */
export interface DatasetLike<X, Y> {
  /** A new pass over the data. */
  iterator(): Promise<{ next(): Promise<{ value: Batch<X, Y>; done: boolean }> }>;
}

/** Batches that can be walked through. */
export type Batches<X, Y> = Iterable<Batch<X, Y>> | AsyncIterable<Batch<X, Y>> | DatasetLike<X, Y>;

/** Batches, or a function that returns them. */
export type Data<X, Y> = Batches<X, Y> | (() => Batches<X, Y> | Promise<Batches<X, Y>>);

/** A batch as it is used. */
export interface ReadBatch {
  readonly x: TensorContainer;
  readonly y: unknown;
  /** Disposes the tensors that are not the user's. */
  release(): void;
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  const candidate = value as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  return (
    typeof candidate === 'object' &&
    (typeof candidate?.[Symbol.iterator] === 'function' || typeof candidate?.[Symbol.asyncIterator] === 'function')
  );
}

function isDataset(value: unknown): value is DatasetLike<unknown, unknown> {
  const candidate = value as Partial<DatasetLike<unknown, unknown>> | null | undefined;
  return typeof candidate === 'object' && typeof candidate?.iterator === 'function';
}

/** The error of data without batches. */
export function noData(): ArgumentError {
  return new ArgumentError('data is empty; pass at least one batch [x, y]');
}

/** The `data` option: what can be known of it before it is read. */
export const DATA: Field<Data<unknown, unknown>> = {
  kind: 'value',
  parse(value, name) {
    if (Array.isArray(value)) {
      if (value.length === 0) throw noData();
      for (const [index, batch] of value.entries()) asPair(batch, index);
    } else if (typeof value !== 'function' && (ArrayBuffer.isView(value) || !(isIterable(value) || isDataset(value)))) {
      const kinds = 'an array or iterable of batches [x, y], a tf.data.Dataset, or a function that returns one';
      return refuse(name, kinds, value);
    }
    return value as Data<unknown, unknown>;
  },
};

async function* elements(batches: DatasetLike<unknown, unknown>): AsyncGenerator<unknown> {
  const iterator = await batches.iterator();
  for (let { value, done } = await iterator.next(); !done; { value, done } = await iterator.next()) yield value;
}

function asPair(batch: unknown, index: number): [unknown, unknown] {
  if (Array.isArray(batch) && batch.length === 2) return batch as [unknown, unknown];
  const { xs, ys } = (batch ?? {}) as { xs?: unknown; ys?: unknown };
  if (xs !== undefined && ys !== undefined) return [xs, ys];
  throw new ArgumentError(`batch ${index} of data must be a pair [x, y] or { xs, ys }`, { batch: index });
}

/** @throws ArgumentError naming a tensor of the batch that was disposed */
function checkAlive(name: string, container: unknown, index: number): void {
  const gone = tensorsIn(container).find(({ tensor }) => tensor.isDisposed);
  if (gone) {
    throw new ArgumentError(`${name}${gone.path} of batch ${index} is disposed`, { batch: index });
  }
}

/** @throws ShapeError for numbers that do not fill a tensor, after `made` is released */
function asTensors(name: string, container: unknown, index: number, made: Tensor[]): unknown {
  try {
    return withTensors(container, made);
  } catch (error) {
    dispose(made);
    if (error instanceof ShapeError) throw new ShapeError(`${name} of batch ${index}: ${error.message}`, error.values);
    throw error;
  }
}

/**
 * Reads the batches in order. Tensors made of numbers and those of a dataset are disposed by `release`, all others
 * are the user's.
 * @throws ArgumentError for a batch that is no pair or has disposed tensors
 */
export async function* readBatches(data: Data<unknown, unknown>): AsyncGenerator<ReadBatch> {
  const batches = typeof data === 'function' ? await data() : data;
  DATA.parse(batches, 'data');
  const owned = !isIterable(batches);
  let index = 0;
  for await (const batch of owned ? elements(batches as DatasetLike<unknown, unknown>) : batches) {
    const [first, second] = asPair(batch, index);
    checkAlive('x', first, index);
    checkAlive('y', second, index);
    const made: Tensor[] = [];
    const x = asTensors('x', first, index, made) as TensorContainer;
    const y = asTensors('y', second, index, made);
    yield { x, y, release: () => dispose(owned ? ([x, y] as never) : made) };
    index++;
  }
}

/** Samples of a batch: the leading axis of the first tensor of x. @throws ArgumentError when there is none. */
export function countSamples(x: unknown, batch: number): number {
  const count = tensorsIn(x)[0]?.tensor.shape[0];
  if (count !== undefined && count > 0) return count;
  throw new ArgumentError(
    `batch ${batch} has no leading axis of samples in x, which reduction: 'mean' weights it by; ` +
      "give x that axis, or pass reduction: 'sum'",
    { batch },
  );
}
