/** Least squares: the Hessian of the mean squared error of a linear model is 2 X^T X / N, whatever the weights. */
import * as tf from '@tensorflow/tfjs';
import { seigh } from 'eigensketch';
import { hessian, useBackend } from 'eigensketch/tfjs';

await useBackend('wasm');
const samples = 500;
const features = 20;
const X = tf.randomNormal<tf.Rank.R2>([samples, features], 0, 1, 'float32', 1);
const y = tf.randomNormal<tf.Rank.R2>([samples, 1], 0, 1, 'float32', 2);
const weights = tf.variable(tf.randomNormal([features, 1], 0, 1, 'float32', 3));

const H = hessian({
  model: (x: tf.Tensor2D) => tf.matMul(x, weights as unknown as tf.Tensor2D),
  loss: (outputs, labels: tf.Tensor2D) => tf.losses.meanSquaredError(labels, outputs),
  parameters: [weights],
  data: [[X, y]],
});

// as many columns as features: the sketch holds the whole matrix
const sketch = await seigh(H, features, { seed: 1 });
const rows = Array.from({ length: features }, (_, i) => i);
const identity = Float32Array.from(rows.flatMap((i) => rows.map((j) => (i === j ? 1 : 0))));
const recovered = (await sketch.matmat({ rows: features, cols: features, data: identity })).data;
const exact = await tf.mul(2 / samples, tf.matMul(X, X, true)).data();
const error = Math.hypot(...exact.map((value, at) => value - recovered[at]!)) / Math.hypot(...exact);

console.log(`2 X^T X / N recovered with relative error ${error.toExponential(1)} from ${sketch.numMatvecs} products`);
console.log(`eigenvalues ${Array.from(sketch.eigenvalues.slice(0, 5), (value) => value.toFixed(3)).join(', ')}, ...`);
H.dispose();
