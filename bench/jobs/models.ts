/** Milliseconds of one Hessian product of a small CNN and of ResNet-18, at several block sizes. Prints a lap. */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { resnet } from '../../examples/support/resnet.ts';

const { values: flags } = parseArgs({ options: { reverse: { type: 'boolean', default: false } } });
await useBackend('wasm');

/** Three 3 x 3 convolutions, the later two strided, and a dense layer: 24,330 parameters. */
function smallCnn(): tf.Sequential {
  const convolution = (filters: number, strides: number, seed: number) =>
    ({
      filters,
      strides,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed }),
    }) as const;
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution(16, 1, 1), inputShape: [32, 32, 3] }),
      tf.layers.conv2d(convolution(32, 2, 2)),
      tf.layers.conv2d(convolution(64, 2, 3)),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }) }),
    ],
  });
}

/** Milliseconds per column of the fastest of `repeats` products, after one that records and warms up. */
async function measure(model: tf.LayersModel, batch: number, cols: number, repeats: number): Promise<number> {
  const images = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 5);
  const labels = tf.oneHot(tf.randomUniform([batch], 0, 10, 'int32', 6), 10);
  const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, outputs);
  const mode = flags.reverse ? 'reverse' : 'forward';
  const H = hessian({ model, loss, data: [[images, labels]], mode, check: false });
  const n = H.numParameters;
  const X = { rows: n, cols, data: Float32Array.from({ length: n * cols }, (_, i) => Math.sin(i)) };
  // in the same memory every time, as every algorithm of the library does
  const out = { rows: n, cols, data: new Float32Array(n * cols) };
  await H.matmat(X, out);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await H.matmat(X, out);
    least = Math.min(least, performance.now() - started);
  }
  H.dispose();
  return least / cols;
}

const metrics: Record<string, number> = {};
const cnn = smallCnn();
for (const cols of flags.reverse ? [1] : [1, 4, 16, 64]) {
  metrics[`CNN, batch 32, block ${cols}`] = await measure(cnn, 32, cols, 5);
}
const large = resnet();
for (const cols of flags.reverse ? [1] : [1, 4]) {
  metrics[`ResNet-18, batch 8, block ${cols}`] = await measure(large, 8, cols, 1);
}
console.log(JSON.stringify({ metrics, info: { backend: tf.getBackend(), kernels: process.env.EIGENSKETCH_KERNELS } }));
