/**
 * Draws docs/figures/gallery: every kind of figure, light and dark, of a small network on handwritten digits:
 * `npm run docs:figures`. `--json` for the numbers behind them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { apost, eigsh, seigh, spectralDensity } from 'eigensketch';
import * as report from 'eigensketch/report';
import { hessian, imageBatches, lossAlong, useBackend } from 'eigensketch/tfjs';
import { readDigits } from '../examples/support/digits.ts';

const FOLDER = 'docs/figures/gallery';
const SAMPLES = 600;
const PAIRS = 12;
const NAME = 'a network on MNIST digits';

await useBackend('wasm');
const batches = [...imageBatches(await readDigits(SAMPLES, 4), SAMPLES)];
const [[x, y]] = batches.map(([a, b]) => [
  tf.tensor4d(a.data, a.shape as never),
  tf.tensor2d(b.data, b.shape as never),
]) as [[tf.Tensor4D, tf.Tensor2D]];
const initializer = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
const model = tf.sequential({
  layers: [
    tf.layers.flatten({ inputShape: [7, 7, 1] }),
    tf.layers.dense({ units: 12, activation: 'tanh', ...initializer(1) }),
    tf.layers.dense({ units: 10, ...initializer(2) }),
  ],
});
const loss = 'softmaxCrossEntropy';
model.compile({
  optimizer: tf.train.adam(0.01),
  loss: (labels, outputs) => tf.losses.softmaxCrossEntropy(labels, outputs),
});
const problem = { model, loss, data: [[x, y]] as [tf.Tensor, tf.Tensor][] } as const;

/** The leading pairs where the network is now, certified. */
async function leading() {
  const H = hessian(problem);
  const result = await eigsh(H, PAIRS, { seed: 1, tol: 1e-4 });
  const certificate = await apost(H, result, { tests: 20, confidence: 0.99, seed: 2 });
  H.dispose();
  return { result, certificate };
}

const epochs = [0, 1, 2, 4, 8, 16];
const history: ({ at: number } & Awaited<ReturnType<typeof leading>>)[] = [];
for (const [i, at] of epochs.entries()) {
  if (at > 0) await model.fit(x, y, { epochs: at - epochs[i - 1]!, batchSize: 50, shuffle: false, verbose: 0 });
  history.push({ at, ...(await leading()) });
}
const points = history.map(({ at, ...parts }) => ({ at, analysis: report.analysisOf({ operator: NAME, ...parts }) }));

const H = hessian(problem);
const sketch = await seigh(H, 120, { seed: 1 });
const certificate = await apost(H, sketch, { tests: 30, confidence: 0.99, seed: 2 });
const analysis = report.analysisOf({ operator: NAME, result: sketch, certificate });
const density = await spectralDensity(H, { order: 60, runs: 8, seed: 1 });
H.dispose();
const [before, after] = [history.at(-2)!, history.at(-1)!];
const overlap = await report.subspaceOverlap(before, after, { dims: PAIRS });
const columns = await Promise.all(
  [0, 1].map(async (i) => (await after.result.eigenvectors.readColumns(i, i + 1)).data),
);
const steps = Array.from({ length: 21 }, (_, i) => (i - 10) / 5);
const slice = await lossAlong({ ...problem, directions: columns.slice(0, 1), steps });
const surface = await lossAlong({ ...problem, directions: columns, steps });
const first = await after.result.eigenvectors.toBlock();
const SIDE = 40;
const outer = Array.from({ length: SIDE ** 2 }, (_, at) => {
  const [i, j] = [588 + Math.floor(at / SIDE), 588 + (at % SIDE)];
  return after.result.eigenvalues.reduce(
    (sum, value, k) => sum + value * first.data[i * first.cols + k]! * first.data[j * first.cols + k]!,
    0,
  );
});

const kinds: Record<string, (style: report.FigureOptions) => Promise<string>> = {
  spectrum: (style) => report.figureSvg(analysis, 'spectrum', style),
  scree: (style) => report.figureSvg(analysis, 'scree', style),
  density: (style) => report.densitySvg(density, style),
  'loss-slice': (style) =>
    report.lossSliceSvg(slice, { ...style, curvature: after.result.eigenvalues[0]!, slope: slice.slopes[0]![10]! }),
  'loss-surface': (style) => report.lossSurfaceSvg(surface, { ...style, width: 380, height: 380 }),
  history: (style) => report.historySvg(points, { ...style, xTitle: 'epoch', count: 5 }),
  overlap: (style) =>
    report.overlapSvg(overlap, { ...style, title: `Leading eigenvectors after ${before.at} and ${after.at} epochs` }),
  matrix: (style) =>
    report.matrixSvg({
      ...style,
      title: 'Low-rank Hessian of the last layer, a fragment',
      rows: SIDE,
      cols: SIDE,
      data: outer,
    }),
  plot: (style) =>
    report.plotSvg({
      ...style,
      title: 'Residual norms',
      xTitle: 'pair',
      yTitle: '‖A v − λ v‖',
      yScale: 'log',
      series: history.slice(-2).map(({ at, result }) => ({
        name: `epoch ${at}`,
        x: Array.from(result.residualNorms, (_, i) => i + 1),
        y: result.residualNorms,
        mark: 'points' as const,
      })),
    }),
};
await mkdir(FOLDER, { recursive: true });
for (const [name, draw] of Object.entries(kinds)) {
  for (const theme of ['light', 'dark'] as const) {
    const svg = await draw({ theme });
    await writeFile(join(FOLDER, `${name}-${theme}.png`), await report.svgToPng(svg, { width: 900 }));
    await mkdir('dist/figures', { recursive: true });
    await writeFile(join('dist/figures', `${name}-${theme}.svg`), svg);
  }
}
console.log(`${Object.keys(kinds).length} kinds of figures, light and dark, in ${FOLDER}`);
