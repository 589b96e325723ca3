/** Tangents have one axis more than what they are tangents of: kernels must work with five and six axes, too. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../src/tfjs/index.ts';
import { BACKEND, describeBackend } from '../support/backends.ts';
import { relativeError } from '../support/dense.ts';
import { expect, test } from '../support/jest.ts';

/** Numbers between -1 and 1, the same at every run. */
const numbers = (shape: number[]): tf.Tensor =>
  tf.tensor(
    Array.from({ length: shape.reduce((size, n) => size * n, 1) }, (_, i) => Math.sin(1 + 2.7 * i)),
    shape,
  );

const FIVE = [2, 3, 2, 4, 3];
const SIX = [2, 3, 2, 2, 4, 3];
const last = <T>(shape: readonly number[], value: T, others: T): T[] =>
  shape.map((_, axis) => (axis === shape.length - 1 ? value : others));
const pads = (shape: readonly number[], value: [number, number]): [number, number][] => last(shape, [0, 0], value);

/** What rules do with tangents. */
const OPERATIONS: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  'sums with a broadcast': (x) => tf.add(x, numbers(x.shape.map((n, axis) => (axis % 2 === 0 ? n : 1)))),
  'products with a broadcast': (x) => tf.mul(x, numbers(last(x.shape, 1, 0).map((one, axis) => one || x.shape[axis]!))),
  'where with a broadcast': (x) => tf.where(tf.greater(numbers([...x.shape.slice(0, -1), 1]), 0), x, tf.zerosLike(x)),
  transpose: (x) => tf.transpose(x, [...Array(x.rank).keys()].reverse()),
  'transpose of two axes': (x) => tf.transpose(x, [1, 0, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 2)]),
  reverse: (x) => tf.reverse(x, [0, 2]),
  'reverse of the last axis': (x) => tf.reverse(x, x.rank - 1),
  'sum over an inner axis': (x) => tf.sum(x, 2),
  'sum over all but the last axis': (x) => tf.sum(x, [...Array(x.rank - 1).keys()]),
  'max over an inner axis': (x) => tf.max(x, 2),
  prod: (x) => tf.prod(x, 1),
  tile: (x) =>
    tf.tile(
      x,
      x.shape.map((_, axis) => (axis % 2 === 0 ? 2 : 1)),
    ),
  pad: (x) => tf.pad(x, pads(x.shape, [1, 2]), 0),
  'pad with minus infinity': (x) => tf.maximum(tf.pad(x, pads(x.shape, [1, 0]), Number.NEGATIVE_INFINITY), -5),
  'mirror pad': (x) => tf.mirrorPad(x, pads(x.shape, [1, 1]), 'reflect'),
  slice: (x) => tf.slice(x, last(x.shape, 0, 1), last(x.shape, x.shape[x.rank - 1]!, 1)),
  'strided slice': (x) =>
    tf.stridedSlice(
      x,
      x.shape.map(() => 0),
      x.shape,
      x.shape.map((_, axis) => 1 + (axis % 2)),
    ),
  concat: (x) => tf.concat([x, tf.neg(x), x], 2),
  stack: (x) => tf.stack(tf.unstack(x, 1), 2),
  split: (x) => tf.concat(tf.split(x, [1, 2], 1).reverse(), 1),
  gather: (x) => tf.gather(x, tf.tensor1d([2, 0, 1, 2], 'int32'), 1),
  'cumulative sum': (x) => tf.cumsum(x, 1),
  'cumulative sum from the end': (x) => tf.cumsum(x, 2, true, true),
  'cumulative product from the end': (x) => tf.cumprod(x, 1, false, true),
};

await describeBackend('kernels on tensors with many axes', () => {
  const cases = Object.entries(OPERATIONS).flatMap(([name, run]) =>
    [FIVE, SIX].map((shape) => [name, shape.length, shape, run] as const),
  );
  test.each(cases)('%s of %i axes is the same as on cpu', async (_, __, shape, run) => {
    const outputs: (Float32Array | undefined)[] = [];
    const shapes: number[][] = [];
    for (const backend of ['cpu', BACKEND] as const) {
      await useBackend(backend);
      const y = tf.tidy(() => run(numbers(shape)));
      shapes.push(y.shape);
      outputs.push((await y.data()) as Float32Array);
      y.dispose();
    }
    expect(shapes[1]).toEqual(shapes[0]);
    expect(relativeError(outputs[1]!, outputs[0]!)).toBeLessThan(1e-6);
  });
});
