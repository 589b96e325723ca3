/** Hessians of plain functions, by hand. */
import * as tf from '@tensorflow/tfjs-core';
import { hessianOf, useBackend } from '../../src/tfjs/index.ts';
import { toDense } from '../support/dense.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(['forward', 'reverse'] as const)('2 x^3 y^3 at (1, 1) has [[12, 18], [18, 12]], mode %s', async (mode) => {
    const f = (x: tf.Tensor, y: tf.Tensor) => tf.mul(2, tf.mul(tf.pow(x, 3), tf.pow(y, 3)));
    const H = hessianOf(f as never, [tf.scalar(1), tf.scalar(1)], { mode });
    const matrix = await toDense(H, 2);
    expect(matrix[0]).toBeCloseTo(12, 4);
    expect(matrix[1]).toBeCloseTo(18, 4);
    expect(matrix[2]).toBeCloseTo(18, 4);
    expect(matrix[3]).toBeCloseTo(12, 4);
    expect(await H.loss()).toBeCloseTo(2, 6);
    H.dispose();
  });

  test('x^T A x / 2 has A, for one tensor', async () => {
    const A = tf.tensor2d([2, -1, 0, -1, 2, -1, 0, -1, 2], [3, 3]);
    const f = (x: tf.Tensor) => tf.mul(0.5, tf.sum(tf.mul(x, tf.dot(A, x as tf.Tensor1D))));
    const H = hessianOf(f as never, tf.tensor1d([1, 2, 3]));
    expect([...(await toDense(H, 3))]).toEqual([2, -1, 0, -1, 2, -1, 0, -1, 2]);
    H.dispose();
  });

  test('|x - c|^2 at x = c has 2 I, with the very tensor c as the point', async () => {
    const c = tf.tensor1d([1, 2]);
    const H = hessianOf((x) => tf.sum(tf.square(tf.sub(x!, c))), c);
    expect([...(await toDense(H, 2))]).toEqual([2, 0, 0, 2]);
    H.dispose();
  });

  test('a linear function has zero', async () => {
    const H = hessianOf((x) => tf.sum(x!), tf.tensor1d([1, 2]));
    expect([...(await toDense(H, 2))]).toEqual([0, 0, 0, 0]);
    H.dispose();
  });

  test('holds its own copy of the point and returns it', async () => {
    const x = tf.tensor1d([1, 2]);
    const { numTensors } = tf.memory();
    const H = hessianOf((t) => tf.sum(tf.mul(tf.square(t!), t!)), x);
    x.dispose();
    expect([...(await toDense(H, 2))]).toEqual([6, 0, 0, 12]);
    H.dispose();
    await Promise.resolve();
    expect(tf.memory().numTensors).toBe(numTensors - 1);
  });

  test.each([
    ['f must be a function of tensors, got 3', 3, [1]],
    ['x0 must be a float32 tensor or an array of them', () => tf.scalar(1), 4],
    ['x0 must be a float32 tensor or an array of them', () => tf.scalar(1), []],
  ])('throws at once: %s', (message, f, x0) => {
    expect(() => hessianOf(f as never, x0 as never)).toThrow(`hessianOf: ${message}`);
  });

  test('says that f must return a scalar', async () => {
    const H = hessianOf((x) => tf.square(x!), tf.tensor1d([1, 2]));
    await expect(H.loss()).rejects.toThrow(
      'hessianOf: f (x0) must return a scalar, got a tensor of shape [2]; reduce it with tf.mean or tf.sum',
    );
    H.dispose();
  });
});
