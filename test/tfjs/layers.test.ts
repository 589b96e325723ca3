/** Models of tfjs-layers, and models with several inputs. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import { buildNetwork } from '../support/networks.ts';

beforeAll(() => useBackend('wasm'));

test('a tf.LayersModel brings its trainable weights and runs in inference mode', async () => {
  const network = await buildNetwork('mlp_tanh_ce');
  const model = layers.sequential({
    layers: [
      layers.layers.dense({ inputShape: [7], units: 6, activation: 'tanh' }),
      layers.layers.dropout({ rate: 0.5 }),
      layers.layers.dense({ units: 5 }),
    ],
  });
  model.setWeights(network.parameters);
  const data = network.batches([network.samples]);
  const H = hessian({ model, loss: network.problem.loss, data });
  expect(relativeError(await toDense(H, 83), network.reference.hessian)).toBeLessThan(1e-5);
  H.dispose();
  const frozen = hessian({ model, loss: network.problem.loss, parameters: model.trainableWeights.slice(2), data });
  expect(frozen.shape).toEqual([35, 35]);
  network.dispose();
});

test('x and y may be arrays or dictionaries of tensors', async () => {
  const W = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
  const u = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
  const v = tf.tensor2d([2, 1, 0, 1, 0, 3], [3, 2]);
  const y = { left: tf.zeros([3, 2]), right: tf.ones([3, 2]) };
  const lists = hessian({
    model: ([a, b]: [tf.Tensor2D, tf.Tensor2D]) => [tf.matMul(a, W as tf.Tensor2D), tf.matMul(b, W as tf.Tensor2D)],
    loss: ([a, b], { left, right }: typeof y) =>
      tf.add(tf.mean(tf.squaredDifference(a!, left)), tf.mean(tf.squaredDifference(b!, right))),
    parameters: [W],
    data: [[[u, v], y]],
  });
  const dictionaries = hessian({
    model: ({ both }: { both: tf.Tensor2D }) => tf.matMul(both, W as tf.Tensor2D),
    loss: (outputs, { target }: { target: tf.Tensor }) => tf.mul(2, tf.mean(tf.squaredDifference(outputs, target))),
    parameters: [W],
    data: [[{ both: tf.concat([u, v]) }, { target: tf.concat([y.left, y.right]) }]],
  });
  expect(relativeError(await toDense(lists, 4), await toDense(dictionaries, 4))).toBeLessThan(1e-6);
  lists.dispose();
  dictionaries.dispose();
});
