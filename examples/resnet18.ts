/**
 * ResNet-18 with random weights: a block of products with its Hessian, 11,173,962 parameters, on a batch of images.
 *
 *     node dist/examples/resnet18.js                       batch of 8, block of 4
 *     node dist/examples/resnet18.js --widths 4,8 --batch 2
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { resnet } from './support/resnet.ts';

const { values: flags } = parseArgs({
  options: {
    widths: { type: 'string', default: '64,128,256,512' },
    batch: { type: 'string', default: '8' },
    block: { type: 'string', default: '4' },
  },
});
const [batch, cols] = [Number(flags.batch), Number(flags.block)];

await useBackend('wasm');
const model = resnet(flags.widths.split(',').map(Number));
const images = tf.randomNormal([batch, 32, 32, 3], 0, 1, 'float32', 1);
const labels = tf.oneHot(tf.randomUniform([batch], 0, 10, 'int32', 2), 10);
const H = hessian({
  model,
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, outputs),
  data: [[images, labels]],
});
console.log(`parameters   ${H.numParameters}`);

const started = performance.now();
const loss = await H.loss();
const recorded = performance.now();
console.log(`loss         ${loss.toFixed(4)}, recorded and checked in ${((recorded - started) / 1000).toFixed(1)} s`);

const data = new Float32Array(H.numParameters * cols).map((_, i) => Math.sin(1 + 2.7 * i));
const X = { rows: H.numParameters, cols, data };
const Y = await H.matmat(X);
const seconds = (performance.now() - recorded) / 1000;
const rayleigh = Array.from({ length: cols }, (_, j) => {
  let [top, bottom] = [0, 0];
  for (let i = j; i < data.length; i += cols) {
    top += data[i]! * Y.data[i]!;
    bottom += data[i]! * data[i]!;
  }
  return (top / bottom).toExponential(2);
});
console.log(`product      ${cols} columns in ${seconds.toFixed(1)} s; x.Hx / x.x = ${rayleigh.join(', ')}`);
console.log(`peak memory  ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GB`);
H.dispose();
