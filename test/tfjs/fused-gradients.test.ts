/** Gradients of dilated convolutions that are fused with their bias, which TensorFlow.js refuses to take. */
import * as tf from '@tensorflow/tfjs-core';
import { gradient, useBackend } from '../../src/tfjs/index.ts';
import { productError } from '../support/differences.ts';
import { afterAll, beforeAll, expect, test } from '../support/jest.ts';

beforeAll(() => useBackend('wasm'));

afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const cubes = (outputs: tf.Tensor): tf.Scalar => tf.mean(tf.pow(outputs, 3));

/** A variable whose initial tensor goes away. */
const variable = (make: () => tf.Tensor): tf.Variable => tf.tidy(() => tf.variable(make()));

const OPERATIONS = {
  'fused.conv2d': { filter: [2, 2, 2, 3], bias: [3], operation: tf.fused.conv2d },
  'fused.depthwiseConv2d': { filter: [2, 2, 2, 1], bias: [2], operation: tf.fused.depthwiseConv2d },
} as const;

test.each(Object.entries(OPERATIONS))('%s: differences of the loss, and of the gradient', async (_, shapes) => {
  const filter = variable(() => tf.randomNormal([...shapes.filter], 0, 1, 'float32', 1)) as tf.Variable<tf.Rank.R4>;
  const bias = variable(() => tf.randomNormal([...shapes.bias], 0, 1, 'float32', 2));
  const scale = variable(() => tf.scalar(0.7));
  const parameters = [scale, filter, bias];
  const images = tf.randomNormal([2, 5, 6, 2], 0, 1, 'float32', 3);
  // the images move with a parameter, too: their gradient counts
  const model = (x: tf.Tensor): tf.Tensor =>
    shapes.operation({ x: tf.mul(x, scale) as tf.Tensor4D, filter, strides: 1, pad: 'same', dilations: [2, 3], bias });
  const problem = { model, loss: cubes, parameters, data: [[images, tf.zeros([2])]] as [tf.Tensor, tf.Tensor][] };
  const found = (await gradient(problem)).gradient;
  const rows = found.length;
  // a direction, and the loss at both ends of a step along it
  const direction = Array.from({ length: rows }, (__, i) => Math.cos(i + 1));
  const moved = async (step: number): Promise<number> => {
    let offset = 0;
    const before = parameters.map((each) => each.clone());
    for (const each of parameters) {
      const part = direction.slice(offset, offset + each.size).map((value) => step * value);
      offset += each.size;
      tf.tidy(() => each.assign(tf.add(each, tf.tensor(part, each.shape)) as never));
    }
    const { loss } = await gradient(problem);
    for (const [i, each] of parameters.entries()) {
      each.assign(before[i] as never);
      before[i]!.dispose();
    }
    return loss;
  };
  const step = 0.01;
  // central differences of order four
  const [near, far] = [(await moved(step)) - (await moved(-step)), (await moved(2 * step)) - (await moved(-2 * step))];
  const slope = (8 * near - far) / (12 * step);
  const expected = direction.reduce((sum, value, i) => sum + value * found[i]!, 0);
  expect(Math.abs(slope - expected) / Math.abs(expected)).toBeLessThan(1e-3);
  expect(await productError(problem as never, parameters)).toBeLessThan(2e-3);
  await Promise.resolve();
  tf.dispose([...parameters, images, problem.data[0]![1]]);
});

test("TensorFlow.js's engine is its own again, also after an error", async () => {
  const { customGrad, runKernel } = tf.engine();
  const W = variable(() => tf.ones([2]));
  const data = [[tf.ones([2]), tf.ones([2])]] as [tf.Tensor, tf.Tensor][];
  const failing = gradient({
    model: () => {
      throw new RangeError('inside');
    },
    loss: cubes,
    parameters: [W],
    data,
  });
  await expect(failing).rejects.toThrow('inside');
  expect(tf.engine().customGrad).toBe(customGrad);
  expect(tf.engine().runKernel).toBe(runKernel);
  tf.dispose([W, ...data[0]!]);
});
