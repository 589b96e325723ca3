/** Products repeat bit by bit where TensorFlow.js adds floats in the order of a device's threads. */

import * as tf from '@tensorflow/tfjs-core';
import { hessian, useBackend } from '../../src/tfjs/index.ts';
import { BACKEND, describeBackend } from '../support/backends.ts';
import { expect, test } from '../support/jest.ts';
import { dot } from '../support/recorded.ts';

const REPEATS = 6;
const wave = (size: number, step: number): number[] => Array.from({ length: size }, (_, i) => Math.sin(1 + step * i));
const places = (size: number, count: number): number[] => Array.from({ length: size }, (_, i) => (i * i + i) % count);

/** Sums of so many terms: an entry at place `at` is the sum of products of numbers of `left` and `right`. */
interface Case {
  run(): tf.Tensor;
  /** In float64, on its own. */
  expected(): number[];
}

const [ROWS, SEGMENTS, WIDTH] = [4000, 8, 3];
const segments = places(ROWS, SEGMENTS);
const updates = wave(ROWS * WIDTH, 0.7).map(Math.fround);
const summedBySegment = (): number[] => {
  const sums = new Array(SEGMENTS * WIDTH).fill(0);
  for (const [at, value] of updates.entries()) sums[segments[Math.floor(at / WIDTH)]! * WIDTH + (at % WIDTH)] += value;
  return sums;
};

const [M, K, N] = [12, 3001, 13];
const a = wave(M * K, 0.31).map(Math.fround);
const b = wave(K * N, 0.53).map(Math.fround);
const product = (): number[] =>
  Array.from({ length: M * N }, (_, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    return dot(
      a.slice(i * K, (i + 1) * K),
      Array.from({ length: K }, (_, k) => b[k * N + j]!),
    );
  });
const transposed = (values: readonly number[], rows: number, cols: number): number[] =>
  Array.from({ length: rows * cols }, (_, at) => values[(at % cols) * rows + Math.floor(at / cols)]!);

const CHANNELS = 2080;
const image = (filter: number) =>
  Array.from({ length: 12 * CHANNELS }, (_, i) => Math.fround(Math.cos(filter + 0.17 * i)));
const filters = wave(CHANNELS * N, 0.11).map(Math.fround);

const cases: Record<string, Case> = {
  'sums by segment': {
    run: () => tf.unsortedSegmentSum(tf.tensor2d(updates, [ROWS, WIDTH]), tf.tensor1d(segments, 'int32'), SEGMENTS),
    expected: summedBySegment,
  },
  'scattered rows': {
    run: () =>
      tf.scatterND(tf.tensor2d(segments, [ROWS, 1], 'int32'), tf.tensor2d(updates, [ROWS, WIDTH]), [SEGMENTS, WIDTH]),
    expected: summedBySegment,
  },
  'a product with long sums': {
    run: () => tf.matMul(tf.tensor2d(a, [M, K]), tf.tensor2d(b, [K, N])),
    expected: product,
  },
  'a product of transposes': {
    run: () =>
      tf.matMul(tf.tensor2d(transposed(a, K, M), [K, M]), tf.tensor2d(transposed(b, N, K), [N, K]), true, true),
    expected: product,
  },
  'a fused product': {
    run: () => tf.fused.matMul({ a: tf.tensor2d(a, [M, K]), b: tf.tensor2d(b, [K, N]), bias: tf.ones([N]) }),
    expected: () => product().map((value) => value + 1),
  },
  'a convolution with windows as large as the images': {
    run: () => tf.conv2d(tf.tensor4d(a, [M, 1, K, 1]), tf.tensor4d(b, [1, K, 1, N]), 1, 'valid'),
    expected: product,
  },
  'a convolution of one image': {
    run: () =>
      tf.conv2d(tf.tensor4d(image(1), [1, 3, 4, CHANNELS]), tf.tensor4d(filters, [1, 1, CHANNELS, N]), 1, 'same'),
    expected: () =>
      Array.from({ length: 12 * N }, (_, at) => {
        const pixel = Math.floor(at / N);
        return dot(
          image(1).slice(pixel * CHANNELS, (pixel + 1) * CHANNELS),
          Array.from({ length: CHANNELS }, (_, k) => filters[k * N + (at % N)]!),
        );
      }),
  },
};

await describeBackend('repeated sums', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    await useBackend(BACKEND);
    const { run, expected } = cases[name]!;
    const first = await read(run);
    const exact = expected();
    const size = Math.hypot(...exact);
    for (const [at, value] of first.entries()) expect(Math.abs(value - exact[at]!)).toBeLessThanOrEqual(1e-5 * size);
    for (let repeat = 1; repeat < REPEATS; repeat++) expect(await read(run)).toEqual(first);
  });

  test('products of the Hessian of lookups in a table', async () => {
    await useBackend(BACKEND);
    const inputs = tf.tensor1d(segments, 'int32');
    const targets = tf.tensor2d(updates, [ROWS, WIDTH]);
    const W = tf.variable(tf.tensor2d(wave(SEGMENTS * WIDTH, 0.9), [SEGMENTS, WIDTH]));
    const H = hessian({
      model: (x: tf.Tensor1D) => tf.tanh(tf.gather(W, x)),
      loss: 'meanSquaredError',
      parameters: [W],
      data: [[inputs, targets]],
    });
    const X = { rows: H.shape[0], cols: 2, data: Float32Array.from(wave(2 * H.shape[0], 0.4)) };
    const first = (await H.matmat(X)).data.slice();
    for (let repeat = 1; repeat < REPEATS; repeat++) expect((await H.matmat(X)).data).toEqual(first);
    H.dispose();
    tf.dispose([inputs, targets, W]);
  });
});

async function read(run: () => tf.Tensor): Promise<number[]> {
  const found = tf.tidy(run);
  const values = Array.from(await found.data());
  found.dispose();
  return values;
}
