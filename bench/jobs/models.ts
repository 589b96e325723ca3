/** Milliseconds of one Hessian product of a small CNN and of ResNet-18, at several block sizes. Prints a lap. */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { resnet } from '../../examples/support/resnet.ts';
import { randomBatch, smallCnn } from '../support/models.ts';

const { values: flags } = parseArgs({ options: { reverse: { type: 'boolean', default: false } } });
await useBackend('wasm');

/** Milliseconds per column of the fastest of `repeats` products, after one that records and warms up. */
async function measure(model: tf.LayersModel, batch: number, cols: number, repeats: number): Promise<number> {
  const data = [randomBatch(model, batch)];
  const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, outputs);
  const mode = flags.reverse ? 'reverse' : 'forward';
  const H = hessian({ model, loss, data, mode, check: false });
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
