/**
 * Lanczos, from exact to a picture. A linear model: as many steps as features give its Hessian 2 X^T X / N to rounding. Then
 * a VGG-like network on images, where 90 steps show how all of its eigenvalues are distributed.
 *
 *     node dist/examples/lanczos-density.js            a thin network, its moments checked against the whole Hessian
 *     node dist/examples/lanczos-density.js --full     3.5 million parameters, 32 x 32 images
 */
import * as tf from '@tensorflow/tfjs';
import { type LanczosResult, lanczos, spectralDensity } from 'eigensketch';
import { densitySvg } from 'eigensketch/report';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { progressReporter } from '../src/cli/progress.ts';
import { wholeMatrix } from './support/exact.ts';
import { makeImages } from './support/images.ts';
import { notebookFlags, saveFigure, secondsSince } from './support/notebook.ts';
import { vgg } from './support/vgg.ts';

const { full, out } = notebookFlags();
await useBackend('wasm');
const onProgress = progressReporter(process.stderr);

/** V T V^T, row-major. */
async function multiplyOut({ V, T }: LanczosResult): Promise<Float64Array> {
  const { rows: n, cols: m, data } = await V.toBlock();
  const at = (i: number, j: number): number => (j >= 0 && j < m ? data[i * m + j]! : 0);
  const VT = (i: number, j: number): number =>
    at(i, j - 1) * (T.offDiagonal[j - 1] ?? 0) + at(i, j) * T.diagonal[j]! + at(i, j + 1) * (T.offDiagonal[j] ?? 0);
  return new Float64Array(n * n).map((_, entry) => {
    let sum = 0;
    for (let j = 0; j < m; j++) sum += VT(Math.floor(entry / n), j) * at(entry % n, j);
    return sum;
  });
}

const [samples, features] = full ? [2000, 200] : [500, 30];
const X = tf.randomNormal<tf.Rank.R2>([samples, features], 0, 1, 'float32', 1);
const weights = tf.variable(tf.randomNormal([features, 1], 0, 1, 'float32', 2));
const linear = hessian({
  model: (x: tf.Tensor2D) => tf.matMul(x, weights as unknown as tf.Tensor2D),
  loss: (outputs, y: tf.Tensor2D) => tf.losses.meanSquaredError(y, outputs),
  parameters: [weights],
  data: [[X, tf.randomNormal<tf.Rank.R2>([samples, 1], 0, 1, 'float32', 3)]],
});
const exact = await tf.mul(2 / samples, tf.matMul(X, X, true)).data();
const length = Math.hypot(...exact);
console.log(`linear model of ${features} features: |V T V' - 2 X'X / N| / |2 X'X / N| by order`);
for (const order of [Math.ceil(features / 2), features - 1, features]) {
  const recovered = await multiplyOut(await lanczos(linear, order, { seed: 1 }));
  const error = Math.hypot(...recovered.map((value, i) => value - exact[i]!)) / length;
  console.log(`  ${String(order).padStart(3)}  ${error.toExponential(1)}`);
}
linear.dispose();

const shape = full
  ? { widths: [64, 128], hidden: 1024, size: 32, classes: 10 }
  : { widths: [3, 4], hidden: 8, size: 16, classes: 4 };
const { images, labels } = makeImages({ samples: full ? 32 : 64, size: shape.size, channels: 3, classes: shape.classes, seed: 4 }); // biome-ignore format: one thing
const model = vgg(shape);
const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, outputs);
let started = performance.now();
model.compile({ optimizer: tf.train.adam(full ? 1e-4 : 0.01), loss: (y, outputs) => loss(outputs, y) });
await model.fit(images, labels, { epochs: full ? 8 : 20, batchSize: 16, shuffle: false, verbose: 0 });
const trainingSeconds = secondsSince(started);

const batch = full ? 8 : 32;
const data = Array.from({ length: images.shape[0] / batch }, (_, i): [tf.Tensor, tf.Tensor] => [
  tf.slice(images, i * batch, batch),
  tf.slice(labels, i * batch, batch),
]);
const H = hessian({ model, loss, data });
const n = H.numParameters;
console.log(`\nVGG-like network: ${n} parameters, ${shape.size} x ${shape.size} images`);
console.log(`training     ${trainingSeconds.toFixed(1)} s, loss ${(await H.loss()).toFixed(4)}`);

started = performance.now();
const density = await spectralDensity(H, { order: 90, runs: full ? 3 : 10, seed: 1, onProgress });
const { moments, integral, numMatvecs, rules, runs } = density;
console.log(`density      order 90, ${runs} runs, ${numMatvecs} products in ${secondsSince(started).toFixed(1)} s`);
console.log(`integral     ${integral.toFixed(6)}`);
const nodes = rules.flatMap((rule) => Array.from(rule.nodes));
const [smallest, largest] = [Math.min(...nodes), Math.max(...nodes)];
console.log(`eigenvalues  from ${smallest.toExponential(3)} to ${largest.toExponential(3)}`);

/** tr(H) / n and tr(H^2) / n, the sum of all squared entries over n. */
function momentsOf(matrix: Float64Array): number[] {
  const trace = matrix.reduce((sum, value, at) => (at % (n + 1) === 0 ? sum + value : sum), 0);
  return [trace / n, matrix.reduce((sum, value) => sum + value * value, 0) / n];
}

const known = full ? undefined : momentsOf(await wholeMatrix(H));
for (const p of [1, 2]) {
  const { estimate, lower, upper } = moments[p]!;
  const exactly = known ? `, exactly ${known[p - 1]!.toExponential(4)}` : '';
  const band = `[${lower.toExponential(3)}, ${upper.toExponential(3)}]`;
  console.log(`tr(H^${p}) / n  ${estimate.toExponential(4)}, each end of ${band} at 95 %${exactly}`);
}
H.dispose();

await saveFigure(
  out,
  'lanczos-density',
  densitySvg(density, { title: `Spectral density of a VGG-like network with ${n} parameters` }),
);
