/** What a backend repeats to rounding only, with atomic sums of long products: the noise that a certificate states covers it. */
import { expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { apost, type Block, seigh } from '../../src/index.ts';
import { hessian } from '../../src/tfjs/index.ts';
import { describeBackend } from '../support/backends.ts';
import { testLarge } from '../support/long.ts';
import { columnsOf, norm } from '../support/recorded.ts';

/** Gradients of so many gathered rows are added atomically, in the order in which threads come to them. */
const ROWS = 4000;
const [CLASSES, UNITS] = [8, 3];
const REPEATS = 12;

await describeBackend('repeated products', () => {
  testLarge(
    'of eigenvectors and of random vectors: as far apart as noiseFloor says, at most',
    async () => {
      const inputs = tf.tensor1d(
        Array.from({ length: ROWS }, (_, i) => (i * i) % CLASSES),
        'int32',
      );
      const targets = tf.randomNormal([ROWS, UNITS], 0, 1, 'float32', 2);
      const W = tf.variable(tf.randomNormal([CLASSES, UNITS], 0, 1, 'float32', 3));
      const H = hessian({
        model: (x: tf.Tensor1D) => tf.tanh(tf.gather(W, x)),
        loss: 'meanSquaredError',
        parameters: [W],
        data: [[inputs, targets]],
      });
      const sketch = await seigh(H, 4, { seed: 1 });
      const { noiseFloor } = await apost(H, sketch, { tests: 10, seed: 2 });
      const V: Block = await sketch.eigenvectors.toBlock();
      const runs = await Promise.all(Array.from({ length: REPEATS }, () => H.matmat(V)));
      for (let column = 0; column < V.cols; column++) {
        const products = runs.map((run) => columnsOf(run)[column]!);
        const mean = products[0]!.map((_, i) => products.reduce((sum, product) => sum + product[i]! / REPEATS, 0));
        const distances = products.map((product) => norm(product.map((value, i) => value - mean[i]!)));
        expect(Math.max(...distances)).toBeLessThanOrEqual(noiseFloor);
      }
      H.dispose();
      tf.dispose([inputs, targets, W]);
    },
    120_000,
  );
});
