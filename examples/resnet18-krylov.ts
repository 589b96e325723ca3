/**
 * The ten leading eigenvalues of the Hessian of a ResNet-18 on 32 x 32 images, by block Krylov iteration.
 *
 *     node dist/examples/resnet18-krylov.js            a thin net, checked against the whole Hessian
 *     node dist/examples/resnet18-krylov.js --full     11,173,962 parameters
 */
import * as tf from '@tensorflow/tfjs';
import { eigsh } from 'eigensketch';
import { plotSvg } from 'eigensketch/report';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { progressReporter } from '../src/cli/progress.ts';
import { exactEigenvalues } from './support/exact.ts';
import { makeImages } from './support/images.ts';
import { notebookFlags, saveFigure, secondsSince } from './support/notebook.ts';
import { resnet } from './support/resnet.ts';

const { full, out } = notebookFlags();
await useBackend('wasm');
const [widths, size, samples] = full ? [[64, 128, 256, 512], 32, 8] : [[2, 3], 8, 16];
const { images, labels } = makeImages({ samples, size, channels: 3, classes: 10, seed: 1 });
const H = hessian({
  model: resnet(widths, size),
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, outputs),
  data: [[images, labels]],
});
const n = H.numParameters;
console.log(`ResNet-18    ${n} parameters, ${samples} images of ${size} x ${size}`);

const started = performance.now();
const result = await eigsh(H, 10, { tol: 1e-3, blockSize: 2, seed: 1, onProgress: progressReporter(process.stderr) });
const { eigenvalues, residualNorms, numMatvecs, converged } = result;
console.log(`eigsh        ${numMatvecs} products in ${secondsSince(started).toFixed(1)} s, converged: ${converged}`);

const exact = full ? undefined : await exactEigenvalues(H);
console.log(`   i   eigenvalue   residual${exact ? '      exactly' : ''}`);
for (const [i, value] of eigenvalues.entries()) {
  const numbers = [value.toExponential(4).padStart(11), residualNorms[i]!.toExponential(1)];
  if (exact) numbers.push(exact[i]!.toExponential(4).padStart(11));
  console.log(`  ${String(i + 1).padStart(2)}  ${numbers.join('   ')}`);
}
console.log(`peak memory  ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GB`);
H.dispose();

const magnitudes = eigenvalues.map(Math.abs);
await saveFigure(
  out,
  'resnet18-krylov',
  plotSvg({
    title: 'Leading eigenvalues of the Hessian of a ResNet-18',
    subtitle: `${n} parameters, ${numMatvecs} products; bars: residual norms`,
    xTitle: 'index',
    yTitle: 'magnitude of the eigenvalue',
    yScale: 'log',
    series: [
      {
        name: 'eigenvalues',
        mark: 'points',
        x: magnitudes.map((_, i) => i + 1),
        y: magnitudes,
        lower: magnitudes.map((value, i) => value - residualNorms[i]!),
        upper: magnitudes.map((value, i) => value + residualNorms[i]!),
      },
    ],
  }),
);
