/** The wasm backend's matrix products on the machine's BLAS: the same numbers, and no trace left behind. */
import * as tf from '@tensorflow/tfjs-core';
import { currentBackend } from '../../src/tfjs/backends/current.ts';
import { withFastKernels } from '../../src/tfjs/backends/wasm/heap-kernels/replacements.ts';
import { hessian, useBackend } from '../../src/tfjs/index.ts';
import { afterAll, beforeAll, expect } from '../support/jest.ts';
import { nativeTitle, whenNative } from '../support/native.ts';
import { buildNetwork } from '../support/networks.ts';

beforeAll(() => useBackend('wasm'));

afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const shapes: [number[], number[]][] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [7, 5],
    [5, 3],
  ],
  [
    [4, 7, 5],
    [4, 5, 3],
  ],
  [
    [1, 7, 5],
    [6, 5, 3],
  ],
  [
    [2, 3, 7, 5],
    [1, 1, 5, 3],
  ],
  [
    [2, 1, 7, 5],
    [1, 3, 5, 3],
  ],
  // of other ranks
  [
    [7, 5],
    [1, 5, 3],
  ],
  [
    [1, 1, 7, 5],
    [5, 3],
  ],
  [
    [1, 1, 7, 5],
    [3, 5, 3],
  ],
];

whenNative(nativeTitle('every shape, transposition and broadcast gives what the backend gives'), async () => {
  for (const [shapeA, shapeB] of shapes) {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        const flip = (shape: number[]): number[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
        const a = tf.randomNormal(transA ? flip(shapeA) : shapeA, 0, 1, 'float32', 1);
        const b = tf.randomNormal(transB ? flip(shapeB) : shapeB, 0, 1, 'float32', 2);
        const expected = tf.matMul(a, b, transA, transB);
        const got = withFastKernels(() => tf.matMul(a, b, transA, transB));
        expect(got.shape).toEqual(expected.shape);
        const [x, y] = [await got.data(), await expected.data()];
        for (const [i, value] of y.entries()) expect(x[i]).toBeCloseTo(value, 4);
        tf.dispose([a, b, expected, got]);
      }
    }
  }
});

whenNative(nativeTitle('the registry is as before, also after an error'), () => {
  const before = tf.getKernel(tf.BatchMatMul, 'wasm').kernelFunc;
  withFastKernels(() => expect(tf.getKernel(tf.BatchMatMul, 'wasm').kernelFunc).not.toBe(before));
  expect(tf.getKernel(tf.BatchMatMul, 'wasm').kernelFunc).toBe(before);
  expect(() =>
    withFastKernels(() => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(tf.getKernel(tf.BatchMatMul, 'wasm').kernelFunc).toBe(before);
  expect(currentBackend().usesBlas).toBe(true);
});

whenNative(nativeTitle('a Hessian product uses it'), async () => {
  const network = await buildNetwork('mlp_tanh_ce');
  const H = hessian({ ...network.problem, data: network.batches([network.samples]) });
  const X = { rows: H.numParameters, cols: 2, data: new Float32Array(2 * H.numParameters).fill(0.5) };
  await H.matmat(X);
  const original = tf.getKernel(tf.BatchMatMul, 'wasm');
  let ownProducts = 0;
  tf.unregisterKernel(tf.BatchMatMul, 'wasm');
  tf.registerKernel({
    ...original,
    kernelFunc: (call) => {
      ownProducts++;
      return original.kernelFunc(call);
    },
  });
  await H.matmat(X);
  expect(ownProducts).toBe(0);
  tf.unregisterKernel(tf.BatchMatMul, 'wasm');
  tf.registerKernel(original);
  H.dispose();
  network.dispose();
  await new Promise((resolve) => setTimeout(resolve, 0));
});
