/**
 * Milliseconds of a gradient of LeNet over 1,000 images in ten batches, and of its Hessian's first product, products with batches
 * that are kept, and products that record them again; the last three also in gradients. Prints a lap.
 */
import * as tf from '@tensorflow/tfjs';
import { gradient, hessian, useBackend } from 'eigensketch/tfjs';
import { leNet, randomBatch } from '../support/models.ts';

/** As many as the peer makes. */
const REPEATS = 10;
const BATCHES = 10;

await useBackend('wasm');
const model = leNet();
const data = Array.from({ length: BATCHES }, () => randomBatch(model, 100));
const problem = { model, loss: 'softmaxCrossEntropy', data } as const;
const n = model.countParams();
const X = { rows: n, cols: 1, data: Float32Array.from({ length: n }, (_, i) => Math.sin(i)) };

type Kind = 'gradient' | 'first product' | 'first product, no check' | 'kept' | 'recorded again';

const kept = hessian({ ...problem, check: false });
const again = hessian({ ...problem, check: false, cache: false });
const first = async (check: boolean): Promise<void> => {
  const H = hessian({ ...problem, check });
  await H.matmat(X);
  H.dispose();
};
const WORK: Record<Kind, () => Promise<unknown>> = {
  gradient: () => gradient(problem),
  'first product': () => first(true),
  'first product, no check': () => first(false),
  kept: () => kept.matmat(X),
  'recorded again': () => again.matmat(X),
};

// Interleaved, so that whatever else the machine does falls on all of them; the least of each counts.
const least = new Map<string, number>();
for (let lap = 0; lap <= REPEATS; lap++) {
  for (const [name, work] of Object.entries(WORK)) {
    const started = performance.now();
    await work();
    const passed = performance.now() - started;
    if (lap > 0) least.set(name, Math.min(passed, least.get(name) ?? Number.POSITIVE_INFINITY));
  }
}
const ms = (name: Kind): number => least.get(name)!;
const metrics = {
  'gradient of LeNet, 1,000 images': ms('gradient'),
  'first product': ms('first product'),
  'first product, check: false': ms('first product, no check'),
  'product, batches kept': ms('kept'),
  'product, batches recorded again': ms('recorded again'),
};
const ratios = {
  'first product, in gradients': ms('first product') / ms('gradient'),
  'first product, check: false, in gradients': ms('first product, no check') / ms('gradient'),
  'recorded again, in kept products': ms('recorded again') / ms('kept'),
};
console.log(
  JSON.stringify({ metrics, info: { backend: tf.getBackend(), kernels: process.env.EIGENSKETCH_KERNELS, ratios } }),
);
