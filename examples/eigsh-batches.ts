/**
 * The ten leading eigenpairs of a trained network's Hessian, as SciPy's eigsh gives them, averaged over batches of the data,
 * and how much each eigenvalue varies from batch to batch.
 *
 *     node dist/examples/eigsh-batches.js            116 parameters, checked against the whole Hessian
 *     node dist/examples/eigsh-batches.js --full     the network of the demo, 2410 parameters
 */
import * as tf from '@tensorflow/tfjs';
import { eigsh, seigh } from 'eigensketch';
import { plotSvg } from 'eigensketch/report';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { trainClassifier } from './support/classifier.ts';
import { exactEigenvalues } from './support/exact.ts';
import { notebookFlags, saveFigure } from './support/notebook.ts';

const { full, out } = notebookFlags();
await useBackend('wasm');
const small = { classes: 4, inputs: 9, hidden: 8, samples: 640, batch: 80 };
const { model, batches, accuracy, samples } = await (full ? trainClassifier(1) : trainClassifier(1, small));
const H = hessian({
  model,
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, outputs),
  data: batches,
});
const n = H.numParameters;
console.log(`network      ${n} parameters, accuracy ${(100 * accuracy).toFixed(1)} %`);
console.log(`data         ${samples} samples in ${batches.length} batches`);

// in SciPy: w, v = eigsh(H, k=10, which="LM")
const { eigenvalues, eigenvectors, numMatvecs } = await eigsh(H, 10, { which: 'LM', seed: 1 });
console.log(`eigsh        10 pairs from ${numMatvecs} products`);

// one product more, batch by batch: v' H_b v for every pair and batch b
const V = await eigenvectors.toBlock();
const forms: number[][] = [];
const weights: number[] = [];
await H.matmatByBatch(V, ({ index, weight, product }) => {
  weights[index] = weight;
  forms[index] = Array.from(eigenvalues, (_, i) => {
    let sum = 0;
    for (let at = i; at < V.data.length; at += V.cols) sum += V.data[at]! * product.data[at]!;
    return sum;
  });
});
const shares = weights.map((weight) => weight / weights.reduce((a, b) => a + b));
const means = Array.from(eigenvalues, (_, i) => forms.reduce((sum, form, b) => sum + shares[b]! * form[i]!, 0));
const B = batches.length;
/** Standard error of a mean over batches that may have different sizes. */
const standardErrors = means.map((mean, i) =>
  Math.sqrt((B / (B - 1)) * forms.reduce((sum, form, b) => sum + (shares[b]! * (form[i]! - mean)) ** 2, 0)),
);

// the same bars from the library, of a sketch so wide that it holds everything
const reference = full ? undefined : await seigh(H, n, { perBatch: true, seed: 2 });
const exact = full ? undefined : await exactEigenvalues(H);
console.log(
  `   i  eigenvalue  mean        s.e.      smallest  largest batch${exact ? '  exactly   s.e. by seigh' : ''}`,
);
for (const [i, value] of eigenvalues.entries()) {
  const ofBatches = forms.map((form) => form[i]!);
  const numbers = [value, means[i]!, standardErrors[i]!, Math.min(...ofBatches), Math.max(...ofBatches)];
  if (exact && reference) numbers.push(exact[i]!, reference.samplingErrors![i]!);
  console.log(`  ${String(i + 1).padStart(2)}  ${numbers.map((number) => number.toFixed(6).padStart(9)).join('  ')}`);
}
H.dispose();

const index = means.map((_, i) => i + 1);
await saveFigure(
  out,
  'eigsh-batches',
  plotSvg({
    title: 'Leading eigenvalues over the batches of the data',
    subtitle: `${n} parameters, ${B} batches; bars: two standard errors of the mean`,
    xTitle: 'index',
    yTitle: 'eigenvalue',
    series: [
      {
        name: 'one batch',
        mark: 'points',
        x: forms.flatMap(() => index.map((i) => i + 0.2)),
        y: forms.flat(),
      },
      {
        name: 'all batches',
        mark: 'points',
        x: index,
        y: means,
        lower: means.map((mean, i) => mean - 2 * standardErrors[i]!),
        upper: means.map((mean, i) => mean + 2 * standardErrors[i]!),
      },
    ],
  }),
);
