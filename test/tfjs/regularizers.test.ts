/** Penalties of a tf.LayersModel's regularizers: part of the loss as in training, once. */
import * as tf from '@tensorflow/tfjs';
import { ggn, gradient, hessian, useBackend } from '../../src/tfjs/index.ts';
import { toDense } from '../support/dense.ts';
import { describe, expect, test } from '../support/jest.ts';

await useBackend('wasm');

const L2 = 0.05;
const kernelRegularizer = () => tf.regularizers.l2({ l2: L2 });
const kernelInitializer = () => tf.initializers.randomNormal({ seed: 3 });
const x = (samples: number): tf.Tensor => tf.randomNormal([samples, 3], 0, 1, 'float32', samples);
const y = (samples: number): tf.Tensor => tf.randomNormal([samples, 2], 0, 1, 'float32', samples + 9);
/** Batches of different sizes. */
const data = [5, 5, 2].map((samples) => [x(samples), y(samples)] as [tf.Tensor, tf.Tensor]);
const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Tensor => tf.losses.meanSquaredError(labels, outputs);

function sequential(): tf.LayersModel {
  const dense = tf.layers.dense({
    units: 2,
    inputShape: [3],
    kernelRegularizer: kernelRegularizer(),
    kernelInitializer: kernelInitializer(),
  });
  return tf.sequential({ layers: [dense] });
}

function functional(): tf.LayersModel {
  const input = tf.input({ shape: [3] });
  const dense = tf.layers.dense({
    units: 2,
    kernelRegularizer: kernelRegularizer(),
    kernelInitializer: kernelInitializer(),
  });
  return tf.model({ inputs: input, outputs: dense.apply(input) as tf.SymbolicTensor });
}

describe.each([
  ['tf.sequential', sequential],
  ['tf.model', functional],
])('%s', (_, make) => {
  test.each(['mean', 'sum'] as const)(
    "reduction '%s': 2 l2 on the diagonal of the kernel, nothing elsewhere",
    async (reduction) => {
      const model = make();
      for (const curvature of [hessian, ggn]) {
        const [A, B] = await Promise.all(
          [true, false].map(async (regularizers) => {
            const H = curvature({ model, loss, data, reduction, regularizers });
            const dense = await toDense(H, 8);
            H.dispose();
            return dense;
          }),
        );
        // six weights of the kernel, then two of the bias
        for (let i = 0; i < 64; i++) {
          const onKernel = i % 9 === 0 && i < 6 * 9;
          expect(A![i]! - B![i]!).toBeCloseTo(onKernel ? 2 * L2 : 0, 5);
        }
      }
    },
  );

  test('by default: the loss of a training step that changes nothing, and its gradient', async () => {
    const model = make();
    model.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
    const [[inputs, labels]] = data as [[tf.Tensor, tf.Tensor]];
    const trained = (await model.trainOnBatch(inputs, labels)) as number;
    const problem = { model, loss, data: [[inputs, labels]] as [tf.Tensor, tf.Tensor][] };
    const found = await gradient(problem);
    expect(found.loss).toBeCloseTo(trained, 5);
    const without = await gradient({ ...problem, regularizers: false });
    const kernel = [...model.trainableWeights[0]!.read().dataSync()];
    expect(without.loss).toBeCloseTo(trained - L2 * kernel.reduce((sum, value) => sum + value * value, 0), 5);
    for (const [i, value] of kernel.entries()) {
      expect(found.gradient[i]! - without.gradient[i]!).toBeCloseTo(2 * L2 * value, 5);
    }
  });
});

test('a loss that is no scalar is found with regularizers, too', async () => {
  const H = hessian({ model: sequential(), loss: (outputs: tf.Tensor) => outputs, data });
  await expect(H.loss()).rejects.toThrow('hessian: loss (batch 0) must return a scalar, got a tensor of shape [5,2]');
});
