/**
 * What a certificate costs and how sharp it is, on a Hessian-like spectrum: n = 2000, 200 columns by hmt.
 *
 *     npm run bench:certificate        prints the table and writes bench/results/certificate.json
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { trainClassifier } from '../examples/support/classifier.ts';
import { apost, denseOperator, diagonalOperator, type EighResult, type LinearOperator, seigh } from '../src/index.ts';
import { hessian, useBackend } from '../src/tfjs/index.ts';
import { hessianLike } from './support/spectra.ts';

const N = 2000;
const DIMS = 200;
const DRAWS = 50;
const CONFIDENCE = 0.95;
const ROUNDS = 9;

/** ||A - V diag(w) V^T||_F for A = diag(values), float64: the error is large enough for a difference of norms. */
async function trueError(values: Float64Array, { eigenvalues, eigenvectors }: EighResult): Promise<number> {
  const { data, cols } = await eigenvectors.toBlock();
  let square = values.reduce((sum, value) => sum + value ** 2, 0);
  for (const w of eigenvalues) square += w ** 2;
  for (let at = 0; at < data.length; at++) {
    square -= 2 * eigenvalues[at % cols]! * data[at]! ** 2 * values[Math.floor(at / cols)]!;
  }
  return Math.sqrt(square);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Upper ends and the leave-one-out estimate over the truth, mean over draws. */
async function sharpness() {
  const values = hessianLike(N);
  const A = diagonalOperator(values);
  const upper10: number[] = [];
  const upper30: number[] = [];
  const likely10: number[] = [];
  const leaveOneOut: number[] = [];
  for (let seed = 0; seed < DRAWS; seed++) {
    const result = await seigh(A, DIMS, { seed });
    const truth = await trueError(values, result);
    const ten = await apost(A, result, { tests: 10, confidence: CONFIDENCE, seed });
    const thirty = await apost(A, result, { tests: 30, confidence: CONFIDENCE, seed });
    upper10.push(ten.errorFrob.upper / truth);
    upper30.push(thirty.errorFrob.upper / truth);
    likely10.push(ten.likely.errorFrob.upper / truth);
    leaveOneOut.push(result.leaveOneOutError! / truth);
  }
  return {
    upperFactor10: mean(upper10),
    upperFactor30: mean(upper30),
    likelyFactor10: mean(likely10),
    leaveOneOutOverTruth: mean(leaveOneOut),
  };
}

/** A dense matrix with a Hessian-like spectrum: products that cost next to nothing, the hardest case for a time share. */
function denseMatrix(): LinearOperator {
  const values = hessianLike(N);
  // a Householder reflection of the diagonal: dense, and made in n^2 operations
  const w = Float64Array.from({ length: N }, (_, i) => Math.sin(i + 1));
  const norm = w.reduce((sum, x) => sum + x * x, 0);
  const Dw = w.map((x, i) => x * values[i]!);
  const wDw = w.reduce((sum, x, i) => sum + x * Dw[i]!, 0);
  const data = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      const corner = (4 * w[i]! * w[j]! * wDw) / norm ** 2 - (2 * (w[i]! * Dw[j]! + Dw[i]! * w[j]!)) / norm;
      data[i * N + j] = corner + (i === j ? values[i]! : 0);
    }
  }
  return denseOperator(data, [N, N]);
}

/** The Hessian of the demo's network on its 2500 samples. */
async function networkHessian(): Promise<LinearOperator> {
  await useBackend('wasm');
  const { model, batches } = await trainClassifier(1);
  const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, outputs);
  return hessian({ model, loss, data: batches });
}

/** Products and seconds of a certificate against those of the sketch. */
async function cost(A: LinearOperator) {
  const products = { sketch: 0, certificate: 0 };
  const seconds = { sketch: [] as number[], certificate: [] as number[] };
  let kernels = '';
  // the first rounds compile; the median is of the others
  for (let round = -2; round < ROUNDS; round++) {
    const startedAt = performance.now();
    const result = await seigh(A, DIMS, { seed: 1 });
    const sketchedAt = performance.now();
    const certificate = await apost(A, result, { tests: 10, confidence: CONFIDENCE });
    if (round < 0) continue;
    seconds.sketch.push((sketchedAt - startedAt) / 1000);
    seconds.certificate.push((performance.now() - sketchedAt) / 1000);
    Object.assign(products, { sketch: result.numMatvecs, certificate: certificate.numMatvecs });
    kernels = result.kernels;
  }
  const [sketch, certificate] = [median(seconds.sketch), median(seconds.certificate)];
  return {
    products,
    productShare: products.certificate / products.sketch,
    seconds: { sketch, certificate },
    timeShare: certificate / sketch,
    kernels,
  };
}

const results = {
  settings: { n: N, dims: DIMS, draws: DRAWS, confidence: CONFIDENCE },
  machine: `${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
  sharpness: await sharpness(),
  cost: { networkHessian: await cost(await networkHessian()), denseMatrix: await cost(denseMatrix()) },
};
await writeFile('bench/results/certificate.json', `${JSON.stringify(results, null, 1)}\n`);
console.log(JSON.stringify(results, null, 1));
