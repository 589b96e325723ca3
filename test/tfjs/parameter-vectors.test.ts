/** Vectors of an operator as tensors of its parameters, and back. */
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, ShapeError } from '../../src/core/errors.ts';
import { eigsh } from '../../src/index.ts';
import { type CurvatureOperator, gradient, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { afterAll, beforeAll, expect, test } from '../support/jest.ts';

let W: tf.Variable<tf.Rank.R2>;
let b: tf.Variable<tf.Rank.R1>;
let data: [tf.Tensor, tf.Tensor][];
let H: CurvatureOperator;
const model = (x: tf.Tensor): tf.Tensor => tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, W), b));
const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.losses.meanSquaredError(y, outputs);
const problem = () => ({ model, loss, parameters: [W, b], data });

beforeAll(async () => {
  await useBackend('wasm');
  W = tf.variable(tf.tensor2d([0.1, -0.2, 0.3, 0.4, 0.5, -0.6], [2, 3]), true, 'W');
  b = tf.variable(tf.tensor1d([0.7, -0.8, 0.9]), true, 'b');
  data = [[tf.tensor2d([1, 2, -1, 0.5], [2, 2]), tf.zeros([2, 3])]];
  H = hessian(problem());
});

afterAll(() => H.dispose());

test('the weights as a vector, and the vector as weights', async () => {
  const v = await H.fromParameters([W, b]);
  expect(Array.from(v)).toEqual([0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, -0.8, 0.9].map(Math.fround));
  const tensors = H.toParameters(v);
  expect(tensors.map(({ shape }) => shape)).toEqual([[2, 3], [3]]);
  expect(Array.from(tensors[1]!.dataSync())).toEqual([0.7, -0.8, 0.9].map(Math.fround));
  expect(Array.from(await H.fromParameters(tensors))).toEqual(Array.from(v));
  // a vector that changes later does not change its tensors
  v.fill(5);
  expect(tensors[1]!.dataSync()[0]).toBeCloseTo(0.7, 6);
  tf.dispose(tensors);
});

test('an eigenvector moves the weights: the gradient changes along it by its eigenvalue', async () => {
  const { eigenvalues, eigenvectors } = await eigsh(H, 1, { seed: 1 });
  const { data: v } = await eigenvectors.readColumns(0, 1);
  const steps = H.toParameters(v);
  const at = async (step: number): Promise<Float32Array> => {
    const before = [W.clone(), b.clone()];
    W.assign(tf.add(W, tf.mul(steps[0]!, step)));
    b.assign(tf.add(b, tf.mul(steps[1]!, step)));
    const { gradient: slope } = await gradient(problem());
    W.assign(before[0] as tf.Tensor2D);
    b.assign(before[1] as tf.Tensor1D);
    tf.dispose(before);
    return slope;
  };
  const [up, down] = [await at(3e-3), await at(-3e-3)];
  for (const [i, value] of v.entries()) {
    expect((up[i]! - down[i]!) / 6e-3).toBeCloseTo(eigenvalues[0]! * value, 3);
  }
  tf.dispose(steps);
});

test('integers and lists of numbers are numbers, too; Jacobians do the same', async () => {
  const whole = [tf.ones([2, 3], 'int32'), tf.tensor1d([1, 2, 3], 'int32')];
  expect(Array.from(await H.fromParameters(whole))).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 3]);
  const { loss: _, ...outputs } = problem();
  const J = await jacobian(outputs);
  const [, last] = J.toParameters([0, 0, 0, 0, 0, 0, 4, 5, 6]);
  expect(Array.from(last!.dataSync())).toEqual([4, 5, 6]);
  J.dispose();
  tf.dispose(whole);
});

test('what does not fit is refused by name', async () => {
  expect(() => H.toParameters(new Float32Array(8))).toThrow(
    new ShapeError('hessian: v has 8 numbers and the parameters 9'),
  );
  expect(() => H.toParameters(null as never)).toThrow(ArgumentError);
  await expect(H.fromParameters([W])).rejects.toThrow('hessian: 1 tensors for 2 parameters');
  await expect(H.fromParameters([b, W])).rejects.toThrow("hessian: tensor 0 has the shape [3], parameter 'W' [2,3]");
  await expect(H.fromParameters([W, [1, 2, 3]] as never)).rejects.toThrow(
    'hessian: tensors must be a list of tensors, got an array of 2',
  );
});
