/** A small causal transformer, trained to continue a sequence: which of its layers has how much curvature? */
import * as tf from '@tensorflow/tfjs';
import { apost, seigh } from 'eigensketch';
import { ggn, useBackend } from 'eigensketch/tfjs';

const [TOKENS, LENGTH, WIDTH, HEADS, SAMPLES] = [8, 8, 16, 2, 64];

await useBackend('wasm');
let seed = 0;
const weight = (name: string, ...shape: number[]): tf.Variable =>
  tf.variable(tf.randomNormal(shape, 0, 0.5 / Math.sqrt(shape[0]!), 'float32', ++seed), true, name);
const weights = {
  embedding: weight('embedding', TOKENS, WIDTH),
  position: weight('position', LENGTH, WIDTH),
  attention: weight('attention', WIDTH, 3 * WIDTH),
  projection: weight('projection', WIDTH, WIDTH),
  up: weight('up', WIDTH, 4 * WIDTH),
  down: weight('down', 4 * WIDTH, WIDTH),
  head: weight('head', WIDTH, TOKENS),
};

const times = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.einsum('ntd,de->nte', x, w);
const normalise = (x: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
};
const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([LENGTH, LENGTH]), -1, 0)), -1e9);

function transformer(tokens: tf.Tensor): tf.Tensor {
  const heads = (x: tf.Tensor) => tf.reshape(x, [-1, LENGTH, HEADS, WIDTH / HEADS]);
  const x = tf.add(tf.gather(weights.embedding, tokens as tf.Tensor2D), weights.position);
  const [q, k, v] = tf.split(times(normalise(x), weights.attention), 3, 2).map(heads) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const scores = tf.div(tf.einsum('nqhd,nkhd->nhqk', q, k), Math.sqrt(WIDTH / HEADS));
  const attended = tf.einsum('nhqk,nkhd->nqhd', tf.softmax(tf.add(scores, mask)), v);
  const h = tf.add(x, times(tf.reshape(attended, [-1, LENGTH, WIDTH]), weights.projection));
  const inner = times(normalise(h), weights.up);
  const gelu = tf.mul(tf.mul(0.5, inner), tf.add(1, tf.erf(tf.div(inner, Math.SQRT2))));
  return times(normalise(tf.add(h, times(gelu, weights.down))), weights.head);
}

// each sequence counts up from a random start by a step of 1 or 3
const starts = tf.randomUniform([SAMPLES, 1], 0, TOKENS, 'int32', 20);
const steps = tf.add(1, tf.mul(2, tf.randomUniform([SAMPLES, 1], 0, 2, 'int32', 21)));
const sequence = tf.mod(tf.add(starts, tf.mul(steps, tf.range(0, LENGTH + 1, 1, 'int32'))), TOKENS);
const tokens = tf.cast(tf.slice(sequence, [0, 0], [SAMPLES, LENGTH]), 'int32');
const next = tf.oneHot(tf.cast(tf.slice(sequence, [0, 1], [SAMPLES, LENGTH]), 'int32'), TOKENS);
const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, outputs);

const optimizer = tf.train.adam(0.01);
for (let i = 0; i < 60; i++) optimizer.minimize(() => loss(transformer(tokens), next));

const parameters = Object.values(weights);
const G = ggn({ model: transformer, loss, parameters, data: [[tokens, next]] });
const sketch = await seigh(G, 80, { seed: 1 });
const { relativeError } = await apost(G, sketch, { tests: 10, confidence: 0.99 });
console.log(`loss ${(await G.loss()).toFixed(4)} after training, ${G.numParameters} parameters`);
console.log(
  `Gauss-Newton matrix: eigenvalues ${Array.from(sketch.eigenvalues.slice(0, 5), (v) => v.toFixed(3)).join(', ')}, ...`,
);
console.log(`rank ${sketch.rank} has a relative error of at most ${relativeError.upper.toExponential(1)} (99 %)`);

const { data, cols } = await sketch.eigenvectors.toBlock();
console.log('share of each parameter in the leading eigenvector');
for (const { name, offset, size } of G.parameters) {
  let share = 0;
  for (let i = offset; i < offset + size; i++) share += data[i * cols]! ** 2;
  console.log(`  ${name.padEnd(11)} ${(100 * share).toFixed(1).padStart(5)} %`);
}
G.dispose();
