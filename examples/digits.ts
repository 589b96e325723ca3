/**
 * LeNet (LeCun et al. 1998) on handwritten digits, while it trains: the leading eigenvalues of its Hessian and of its
 * Gauss-Newton matrix, how many stand out for 10 classes, and how much of the leading subspace remains from epoch to epoch.
 *
 *     node dist/examples/digits.js            a small LeNet on 300 digits of 14 x 14 pixels
 *     node dist/examples/digits.js --full     LeNet-5 with 61,706 parameters on 2,000 digits of 28 x 28
 */
import * as tf from '@tensorflow/tfjs';
import { apost, eigsh } from 'eigensketch';
import { analysisOf, type HistoryPoint, historySvg, overlapSvg, subspaceOverlap } from 'eigensketch/report';
import { ggn, hessian, imageBatches, useBackend } from 'eigensketch/tfjs';
import { readDigits } from './support/digits.ts';
import { notebookFlags, saveFigure } from './support/notebook.ts';

const { full, out } = notebookFlags();
await useBackend('wasm');

const { samples, pool, dense, epochs } = full
  ? { samples: 2000, pool: 1 as const, dense: [120, 84], epochs: [0, 1, 4, 16] }
  : { samples: 300, pool: 2 as const, dense: [16], epochs: [0, 2, 8, 24] };
const [[pixels, classes]] = [...imageBatches(await readDigits(samples, pool), samples)] as [
  [x: { data: Float32Array; shape: number[] }, y: { data: Float32Array; shape: number[] }],
];
const x = tf.tensor(pixels.data, pixels.shape);
const y = tf.tensor(classes.data, classes.shape);

let seed = 1;
const init = () => ({ kernelInitializer: tf.initializers.heNormal({ seed: seed++ }) });
const model = tf.sequential();
const activation = 'relu';
model.add(
  tf.layers.conv2d({
    filters: 6,
    kernelSize: 5,
    padding: 'same',
    activation,
    inputShape: pixels.shape.slice(1),
    ...init(),
  }),
);
model.add(tf.layers.averagePooling2d({ poolSize: 2 }));
model.add(tf.layers.conv2d({ filters: full ? 16 : 4, kernelSize: 5, activation, ...init() }));
if (full) model.add(tf.layers.averagePooling2d({ poolSize: 2 }));
model.add(tf.layers.flatten());
for (const units of dense) model.add(tf.layers.dense({ units, activation, ...init() }));
model.add(tf.layers.dense({ units: 10, ...init() }));
const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, outputs);
model.compile({ optimizer: tf.train.adam(0.005), loss: (labels, outputs) => loss(outputs, labels) });
const problem = { model, loss, data: [[x, y]] as [tf.Tensor, tf.Tensor][] };
console.log(`LeNet        ${model.countParams()} parameters, ${samples} digits of ${28 / pool} x ${28 / pool}`);

const PAIRS = 14;
console.log('epoch  loss    leading eigenvalues of the Hessian, and of the Gauss-Newton matrix');
const points: (HistoryPoint & Parameters<typeof subspaceOverlap>[0])[] = [];
for (const [i, at] of epochs.entries()) {
  if (at > 0) await model.fit(x, y, { epochs: at - epochs[i - 1]!, batchSize: 50, shuffle: false, verbose: 0 });
  const [H, G] = [hessian(problem), ggn(problem)];
  const result = await eigsh(H, PAIRS, { which: 'LA', tol: 1e-2, seed: 1 });
  const certificate = await apost(H, result, { tests: 10, seed: 2 });
  const gaussNewton = await eigsh(G, 3, { tol: 1e-2, seed: 1 });
  const analysis = analysisOf({ operator: 'LeNet on digits', result, certificate });
  points.push({ at, analysis, result, certificate });
  const text = (values: ArrayLike<number>) =>
    Array.from(values, (value) => value.toFixed(3))
      .slice(0, 3)
      .join(' ');
  console.log(
    `${String(at).padStart(5)}  ${(await H.loss()).toFixed(4)}  ${text(result.eigenvalues)}   ${text(gaussNewton.eigenvalues)}`,
  );
  H.dispose();
  G.dispose();
}
const { eigenvalues } = points.at(-1)!.result;
const ratios = Array.from({ length: PAIRS - 1 }, (_, i) => eigenvalues[i]! / eigenvalues[i + 1]!);
console.log(`largest gap among them: after eigenvalue ${1 + ratios.indexOf(Math.max(...ratios))}`);
const overlap = await subspaceOverlap(points.at(-2)!, points.at(-1)!, { dims: PAIRS });
console.log(
  `overlap of the 9 leading eigenvectors after ${epochs.at(-2)} and ${epochs.at(-1)} epochs: ${overlap.subspaces[8]!.estimate.toFixed(3)}`,
);
await saveFigure(
  out,
  'digits-history',
  historySvg(
    points.map(({ at, analysis }) => ({ at, analysis })),
    { xTitle: 'epoch', count: 5 },
  ),
);
await saveFigure(out, 'digits-overlap', overlapSvg(overlap, { title: 'LeNet on digits, two points of training' }));
