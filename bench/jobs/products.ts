/** Milliseconds of one Hessian product of the 784-50-10 network, by batch and block size. Prints a lap. */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { hessian, useBackend } from 'eigensketch/tfjs';

const { values: flags } = parseArgs({ options: { naive: { type: 'boolean', default: false } } });
const SAMPLES = [50, 200, 1000];
const BLOCKS = [1, 16, 64, 128, 256];
const SHAPES: [number, number?][] = [[784, 50], [50], [50, 10], [10]];

await useBackend('wasm');
const [W1, b1, W2, b2] = SHAPES.map((shape, i) =>
  tf.variable(tf.randomNormal(shape as [number], 0, 0.05, 'float32', i + 1)),
) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
const parameters = [W1, b1, W2, b2];
const n = parameters.reduce((total, { size }) => total + size, 0);
const network = (x: tf.Tensor, weights: tf.Tensor[]): tf.Tensor => {
  const [A, a, B, b] = weights as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(x, A), a)), B), b);
};

async function best(work: () => Promise<unknown>, repeats: number): Promise<number> {
  await work();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await work();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

/** As a user would without this library: gradients of gradients, one vector at a time. */
async function naive(x: tf.Tensor, y: tf.Tensor): Promise<number> {
  const loss = (...weights: tf.Tensor[]): tf.Scalar => tf.losses.meanSquaredError(y, network(x, weights));
  const v = parameters.map(({ shape }) => tf.randomNormal(shape, 0, 1, 'float32', 9));
  const slope = (...weights: tf.Tensor[]): tf.Scalar =>
    tf.addN(
      tf
        .grads(loss)(weights)
        .map((g, i) => tf.sum(tf.mul(g, v[i]!))),
    ) as tf.Scalar;
  return best(async () => {
    const products = tf.tidy(() => tf.grads(slope)(parameters));
    await Promise.all(products.map((product) => product.data()));
    tf.dispose(products);
  }, 20);
}

const metrics: Record<string, number> = {};
for (const samples of SAMPLES) {
  const x = tf.randomUniform([samples, 784], 0, 1, 'float32', 5);
  const y = tf.randomNormal([samples, 10], 0, 1, 'float32', 6);
  if (flags.naive) {
    metrics[`batch ${samples}, block 1`] = await naive(x, y);
    continue;
  }
  const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.meanSquaredError(labels, outputs);
  const H = hessian({ model: (input: tf.Tensor) => network(input, parameters), loss, parameters, data: [[x, y]] });
  for (const cols of samples === 50 ? BLOCKS : [128]) {
    const X = { rows: n, cols, data: Float32Array.from({ length: n * cols }, (_, i) => Math.sin(i)) };
    // in the same memory every time, as every algorithm of the library does
    const out = { rows: n, cols, data: new Float32Array(n * cols) };
    metrics[`batch ${samples}, block ${cols}`] = (await best(() => H.matmat(X, out), cols === 1 ? 30 : 8)) / cols;
  }
  H.dispose();
}
console.log(JSON.stringify({ metrics, info: { backend: tf.getBackend(), kernels: process.env.EIGENSKETCH_KERNELS } }));
