/** XOR with two softmax units: the whole 9 x 9 Hessian, drawn before and after training. */
import * as tf from '@tensorflow/tfjs';
import { seigh } from 'eigensketch';
import { hessian, useBackend } from 'eigensketch/tfjs';

await useBackend('cpu');
const x = tf.tensor2d([0, 0, 0, 1, 1, 0, 1, 1], [4, 2]);
const y = tf.tensor2d([0, 1, 1, 0], [4, 1]);
const initializer = (seed: number) => tf.initializers.randomNormal({ stddev: 1.5, seed });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 2, activation: 'softmax', inputShape: [2], kernelInitializer: initializer(1) }),
    tf.layers.dense({ units: 1, kernelInitializer: initializer(2) }),
  ],
});
const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.meanSquaredError(labels, outputs);
const NAMES = ['W11', 'W12', 'W21', 'W22', 'b1', 'b2', 'v1', 'v2', 'c'];

/** One character for each entry: how large it is against the largest, upper row of signs. */
function draw(matrix: Float32Array, n: number): string {
  const largest = Math.max(...matrix.map(Math.abs));
  const cell = (value: number): string => {
    const share = Math.abs(value) / largest;
    const shade = ' ░▒▓█'[Math.ceil(4 * Math.min(1, share - 0.01))] ?? ' ';
    return `${value < 0 && shade !== ' ' ? '-' : ' '}${shade.repeat(2)}`;
  };
  const row = (i: number) => Array.from({ length: n }, (_, j) => cell(matrix[i * n + j]!)).join(' ');
  const header = `     ${NAMES.map((name) => name.padStart(3)).join(' ')}`;
  return [header, ...NAMES.map((name, i) => `${name.padStart(4)} ${row(i)}`)].join('\n');
}

async function show(title: string): Promise<void> {
  const H = hessian({ model, loss, data: [[x, y]] });
  const n = H.numParameters;
  const identity = new Float32Array(n * n).map((_, at) => (at % (n + 1) === 0 ? 1 : 0));
  const { data } = await H.matmat({ rows: n, cols: n, data: identity });
  const { eigenvalues } = await seigh(H, n, { seed: 1 });
  console.log(`${title}: loss ${(await H.loss()).toFixed(4)}, ${n} parameters`);
  console.log(draw(data as Float32Array, n));
  console.log(`eigenvalues ${Array.from(eigenvalues, (value) => value.toFixed(3)).join(', ')}\n`);
  H.dispose();
}

await show('before training');
model.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' });
await model.fit(x, y, { epochs: 300, verbose: 0, shuffle: false });
await show('after training');
