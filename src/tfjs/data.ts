/** Data as users have it: batches of [x, y] in arrays, iterables, async iterables, or functions that return one. */
import { Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../core/errors.ts';

/** A tensor, or an array or dictionary of tensors (or of such): what models take and return. */
export type TensorContainer = Tensor | readonly TensorContainer[] | { readonly [name: string]: TensorContainer };

/** One batch. */
export type Batch<X, Y> = readonly [x: X, y: Y];

/** Batches that can be walked through. */
export type Batches<X, Y> = Iterable<Batch<X, Y>> | AsyncIterable<Batch<X, Y>>;

/** Batches, or a function that returns them. They are read once. */
export type Data<X, Y> = Batches<X, Y> | (() => Batches<X, Y> | Promise<Batches<X, Y>>);

function isIterable(value: unknown): boolean {
  const candidate = value as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  return (
    typeof candidate === 'object' &&
    (typeof candidate?.[Symbol.iterator] === 'function' || typeof candidate?.[Symbol.asyncIterator] === 'function')
  );
}

function noData(): ArgumentError {
  return new ArgumentError('hessian: data is empty; pass at least one batch [x, y]', {});
}

/** What can be known of `data` before it is read. @throws ArgumentError */
export function checkData(data: unknown): void {
  if (Array.isArray(data) && data.length === 0) throw noData();
  if (typeof data === 'function' || isIterable(data)) return;
  throw new ArgumentError(
    'hessian: data must be an array or iterable of batches [x, y], or a function that returns one, got ' +
      `${data === null ? 'null' : typeof data}`,
    {},
  );
}

/** Reads the batches in order. @throws ArgumentError when there is none or one is not a pair. */
export async function* readBatches<X, Y>(data: Data<X, Y>): AsyncGenerator<Batch<X, Y>> {
  const batches = typeof data === 'function' ? await data() : data;
  if (!isIterable(batches)) checkData(batches);
  let index = 0;
  for await (const batch of batches) {
    if (!Array.isArray(batch) || batch.length !== 2) {
      throw new ArgumentError(`hessian: batch ${index} of data must be a pair [x, y]`, { batch: index });
    }
    yield batch as unknown as Batch<X, Y>;
    index++;
  }
  if (index === 0) throw noData();
}

function firstTensor(container: unknown): Tensor | undefined {
  if (container instanceof Tensor) return container;
  if (typeof container !== 'object' || container === null) return undefined;
  for (const part of Object.values(container)) {
    const found = firstTensor(part);
    if (found) return found;
  }
  return undefined;
}

/** Samples of a batch: the leading axis of the first tensor of x. @throws ArgumentError when there is none. */
export function countSamples(x: unknown, batch: number): number {
  const count = firstTensor(x)?.shape[0];
  if (count !== undefined && count > 0) return count;
  throw new ArgumentError(
    `hessian: batch ${batch} has no leading axis of samples in x, which reduction: 'mean' weights it by; ` +
      "give x that axis, or pass reduction: 'sum'",
    { batch },
  );
}
