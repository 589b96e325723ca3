/**
 * A convolutional network trained on images of k classes: k - 1 eigenvalues of its Hessian stand out of the bulk (Sagun et
 * al. 2017; Papyan 2019). They belong to the ways in which the means of the classes differ; the softmax ignores the k-th,
 * which is common to all.
 */
import * as tf from '@tensorflow/tfjs';
import { seigh } from 'eigensketch';
import { ggn, hessian, useBackend } from 'eigensketch/tfjs';
import { makeImages } from './support/images.ts';

const CLASSES = 4;
const SIZE = 8;
const SAMPLES = 240;

await useBackend('wasm');

const { images, labels } = makeImages({ samples: SAMPLES, size: SIZE, channels: 1, classes: CLASSES, seed: 3 });

const init = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [SIZE, SIZE, 1], ...init(6) }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: CLASSES, ...init(7) }),
  ],
});
const loss = (outputs: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(y, outputs);
model.compile({ optimizer: tf.train.adam(0.01), loss: (y, outputs) => loss(outputs, y), metrics: ['accuracy'] });
const { history } = await model.fit(images, labels, { epochs: 15, batchSize: 40, shuffle: false, verbose: 0 });
console.log(`accuracy ${(100 * Number(history.acc!.at(-1))).toFixed(1)} % on ${SAMPLES} images of ${CLASSES} classes`);

const problem = { model, loss, data: [[images, labels]] as [tf.Tensor, tf.Tensor][] };
const [H, G] = [hessian(problem), ggn(problem)];
const spectrum = (await seigh(H, 40, { seed: 1 })).eigenvalues;
const gaussNewton = (await seigh(G, 40, { seed: 1 })).eigenvalues;
const largest = spectrum[0]!;
console.log(`leading eigenvalues of the Hessian (${H.numParameters} parameters) and of the Gauss-Newton matrix`);
for (let i = 0; i < 10; i++) {
  const bar = '█'.repeat(Math.max(0, Math.round((40 * spectrum[i]!) / largest)));
  console.log(
    `${String(i + 1).padStart(3)} ${spectrum[i]!.toFixed(4).padStart(9)} ${gaussNewton[i]!.toFixed(4).padStart(9)}  ${bar}`,
  );
}
const ratios = Array.from({ length: 9 }, (_, i) => spectrum[i]! / spectrum[i + 1]!);
const outliers = 1 + ratios.indexOf(Math.max(...ratios));
console.log(`the largest gap is after eigenvalue ${outliers}: ${outliers} + 1 = ${outliers + 1} classes`);
H.dispose();
G.dispose();
