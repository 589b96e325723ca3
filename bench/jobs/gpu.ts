/**
 * Hessian products on a GPU: milliseconds and GFLOP/s by model, batch and block, what the device could do, and the work of
 * reference. Prints a lap. `--small` is a trial of the same on any adapter, also a software one.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { apost, seigh } from 'eigensketch';
import { type BackendName, type CurvatureOperator, hessian, useBackend } from 'eigensketch/tfjs';
import { resnet } from '../../examples/support/resnet.ts';
import { countOperations, timeKernels } from '../support/device-time.ts';
import { perceptron, randomBatch, smallCnn } from '../support/models.ts';
import { hessian784, loadNetwork784 } from '../support/network784.ts';

const { values: flags } = parseArgs({
  options: { backend: { type: 'string', default: 'webgpu' }, small: { type: 'boolean', default: false } },
});
const name = flags.backend as BackendName;
const onHost = name === 'wasm';
const record = await useBackend(name, onHost || flags.small ? {} : { requireHardware: true });
const metrics: Record<string, number> = {};

/** No measurement goes on once it has taken this long. */
const PATIENCE_MS = 8000;

/** Least milliseconds of up to five runs after one that warms up; a first run that is slow already counts by itself. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  let least = performance.now() - started;
  if (least > PATIENCE_MS) return least;
  for (let i = 0; i < 5 && performance.now() - started < PATIENCE_MS; i++) {
    const begun = performance.now();
    await work();
    least = Math.min(least, performance.now() - begun);
  }
  return least;
}

/** GFLOP/s of matrix products [m, k] x [k, n], ten at a time. */
async function productRate(m: number, k: number, n: number): Promise<number> {
  const [a, b] = [tf.randomNormal([m, k]), tf.randomNormal([k, n])];
  const milliseconds = await fastest(async () => {
    const last = tf.tidy(() => {
      const products = Array.from({ length: 10 }, () => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D));
      return tf.slice(products.at(-1)!, [0, 0], [1, 1]);
    });
    await last.data();
    last.dispose();
  });
  tf.dispose([a, b]);
  return (2 * m * k * n * 10) / (1e6 * milliseconds);
}

function columns(H: CurvatureOperator, cols: number) {
  const data = Float32Array.from({ length: H.numParameters * cols }, (_, i) => Math.sin(i));
  return { rows: H.numParameters, cols, data };
}

async function measure(what: string, model: tf.LayersModel, samples: number, blocks: readonly number[]): Promise<void> {
  const batch = randomBatch(model, samples);
  const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, outputs);
  const H = hessian({ model, loss, data: [batch], check: false, cache: true });
  for (const cols of blocks) {
    const X = columns(H, cols);
    const label = `${what}, batch ${samples}, block ${cols}`;
    const milliseconds = await fastest(() => H.matmat(X));
    metrics[label] = milliseconds / cols;
    if (onHost) continue;
    metrics[`${label}: GFLOP/s`] = (await countOperations(() => H.matmat(X))) / (1e6 * milliseconds);
    const isLast = cols === blocks.at(-1) || milliseconds > PATIENCE_MS;
    if (isLast && name === 'webgpu') {
      const device = await timeKernels(() => H.matmat(X));
      metrics[`${label}: kernels`] = device.kernels;
      metrics[`${label}: share of time busy`] = device.milliseconds / milliseconds;
    }
    if (isLast) break;
  }
  H.dispose();
  tf.dispose(batch);
}

if (!onHost) {
  const side = flags.small ? 128 : 4096;
  metrics[`matrix product of order ${side}: GFLOP/s`] = await productRate(side, side, side);
  const width = 50 * (flags.small ? 16 : 256);
  metrics[`matrix product 50 x 784 x ${width}: GFLOP/s`] = await productRate(50, 784, width);
}
if (!flags.small) await measure('784-50-10', perceptron(), 50, [1, 16, 64, 256, 1024]);
if (flags.small) {
  await measure('784-50-10', perceptron(), 4, [1, 4]);
  await measure('narrow ResNet', resnet([2, 2], 8), 1, [1]);
} else {
  await measure('CNN', smallCnn(), 128, onHost ? [4] : [1, 4, 16, 64]);
  const large = resnet();
  await measure('ResNet-18', large, 128, onHost ? [1] : [1, 4, 16]);
  if (!onHost) await measure('ResNet-18', large, 512, [1, 4]);
}

if (!onHost) {
  const dims = flags.small ? 16 : 2000;
  const H = hessian784(await loadNetwork784(name), flags.small ? 1 : 2);
  await seigh(H, 2, { seed: 9 });
  const started = performance.now();
  const sketch = await seigh(H, dims, { testMatrix: 'rademacher', seed: 1, ...(flags.small ? { blockSize: 16 } : {}) });
  const certificate = await apost(H, sketch, { tests: flags.small ? 3 : 30, confidence: 0.99, seed: 2 });
  metrics[`work of reference, dims ${dims}: seconds`] = (performance.now() - started) / 1000;
  metrics[`work of reference, dims ${dims}: seconds of the sketch`] = sketch.secondsByStage.sketch;
  metrics[`work of reference, dims ${dims}: relativeErrorUpper`] = certificate.relativeError.upper;
}
console.log(JSON.stringify({ metrics, info: { device: record.device, backend: record } }));
