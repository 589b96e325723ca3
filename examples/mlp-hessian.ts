/**
 * The main job: train a small classifier, sketch the Hessian of its loss, and certify the result.
 *
 *     npm run demo              a report
 *     npm run demo -- --json    one JSON object
 *     npm run demo -- --report DIR    also figures (SVG, PNG), tables and one HTML page in the folder DIR
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getBackend, losses, type Tensor } from '@tensorflow/tfjs-core';
import { apost, type Certificate, type EighResult, seigh } from 'eigensketch';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { progressReporter } from '../src/cli/progress.ts';
import { type TrainedClassifier, trainClassifier } from './support/classifier.ts';

const SEED = 1;
const DIMS = 600;
const TESTS = 30;
const CONFIDENCE = 0.99;

interface Report {
  classifier: TrainedClassifier;
  numParameters: number;
  loss: number;
  sketch: EighResult;
  certificate: Certificate;
  seconds: { training: number; operator: number; sketch: number; recovery: number; certificate: number };
  peakMemoryBytes: number;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

async function run(signal: AbortSignal): Promise<Report> {
  await useBackend('wasm');
  const training = await timed(() => trainClassifier(SEED));
  const classifier = training.value;
  const operator = await timed(async () => {
    const H = hessian({
      model: classifier.model,
      loss: (outputs: Tensor, labels: Tensor) => losses.softmaxCrossEntropy(labels, outputs),
      data: classifier.batches,
    });
    return { H, loss: await H.loss() };
  });
  const { H, loss } = operator.value;
  const onProgress = progressReporter(process.stderr);
  const sketch = await seigh(H, DIMS, { seed: SEED, onProgress, signal });
  const certificate = await apost(H, sketch, { tests: TESTS, confidence: CONFIDENCE, seed: SEED, onProgress, signal });
  H.dispose();
  return {
    classifier,
    numParameters: H.numParameters,
    loss,
    sketch,
    certificate,
    seconds: {
      training: training.seconds,
      operator: operator.seconds,
      ...sketch.secondsByStage,
      certificate: certificate.seconds,
    },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function toJson({ classifier, numParameters, loss, sketch, certificate, seconds, peakMemoryBytes }: Report): string {
  return JSON.stringify({
    network: '64-32-10 tanh',
    numParameters,
    samples: classifier.samples,
    batches: classifier.batches.map(([x]) => x.shape[0]),
    accuracy: classifier.accuracy,
    loss,
    dims: sketch.dims,
    method: sketch.method,
    seed: sketch.seed,
    eigenvalues: Array.from(sketch.eigenvalues),
    residualNorms: Array.from(sketch.residualNorms ?? []),
    eigenvalueIntervals: certificate.eigenvalueIntervals,
    inertia: certificate.inertia,
    relativeError: certificate.relativeError,
    confidence: certificate.confidence,
    tests: certificate.tests,
    noiseFloor: certificate.noiseFloor,
    numMatvecs: sketch.numMatvecs + certificate.numMatvecs,
    seconds,
    peakMemoryBytes,
    kernels: sketch.kernels,
    backend: getBackend(),
  });
}

function toText({ classifier, numParameters, loss, sketch, certificate, seconds, peakMemoryBytes }: Report): string {
  const { relativeError, eigenvalueIntervals = [], inertia, confidence, tests } = certificate;
  const sizes = classifier.batches.map(([x]) => x.shape[0]).join(' + ');
  const rows = eigenvalueIntervals.slice(0, 20).map(({ estimate, upper }, i) => {
    const bar = (upper - estimate).toExponential(1);
    return `  ${String(i + 1).padStart(3)}  ${estimate.toFixed(6).padStart(10)} ± ${bar}`;
  });
  const times = Object.entries(seconds).map(([stage, value]) => `${stage} ${value.toFixed(2)} s`);
  return [
    `network          64-32-10, tanh, cross entropy: ${numParameters} parameters`,
    `data             ${classifier.samples} samples of ${classifier.classes} classes in batches of ${sizes}`,
    `training         accuracy ${(100 * classifier.accuracy).toFixed(1)} %, loss ${loss.toFixed(4)}`,
    `sketch           ${sketch.dims} columns, ${sketch.testMatrix}, method ${sketch.method}, seed ${sketch.seed}`,
    '',
    'leading eigenvalues of the Hessian, each with a certified error bar',
    ...rows,
    '',
    `negative         at least ${inertia?.negative} of ${numParameters} eigenvalues are certainly negative`,
    `relative error   ${relativeError.estimate.toExponential(2)} (Frobenius), certified within ` +
      `[${relativeError.lower.toExponential(2)}, ${relativeError.upper.toExponential(2)}], ` +
      `each end at ${100 * confidence} %, ${tests} test products`,
    `products         ${sketch.numMatvecs} + ${certificate.numMatvecs} for the certificate`,
    `seconds          ${times.join(', ')}`,
    `peak memory      ${(peakMemoryBytes / 2 ** 20).toFixed(0)} MB`,
    `backend          ${getBackend()}; dense kernels: ${sketch.kernels}`,
  ].join('\n');
}

async function writeReport(folder: string, { sketch, certificate }: Report): Promise<void> {
  const { analysisOf, figureSvg, svgToPng, toHtml, toLatex } = await import('eigensketch/report');
  const analysis = analysisOf({ operator: 'the demo network (64-32-10, tanh)', result: sketch, certificate });
  await mkdir(folder, { recursive: true });
  for (const kind of ['spectrum', 'scree'] as const) {
    const svg = await figureSvg(analysis, kind);
    await writeFile(join(folder, `${kind}.svg`), svg);
    await writeFile(join(folder, `${kind}.png`), await svgToPng(svg));
  }
  await writeFile(join(folder, 'eigenvalues.tex'), toLatex(analysis));
  await writeFile(join(folder, 'report.html'), await toHtml(analysis));
}

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean', default: false }, report: { type: 'string' } },
});
const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
try {
  const report = await run(interruption.signal);
  console.log(flags.json ? toJson(report) : toText(report));
  if (flags.report) await writeReport(flags.report, report);
} catch (error) {
  if (!interruption.signal.aborted) throw error;
  console.error('\ninterrupted');
  process.exitCode = 130;
}
