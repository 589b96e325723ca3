/** Products batch by batch, and the sampling bars they give. */
import * as tf from '@tensorflow/tfjs-core';
import { seigh } from '../../src/index.ts';
import { ggn, hessian, useBackend } from '../../src/tfjs/index.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import { relativeDistance } from '../support/matrices.ts';
import { buildNetwork } from '../support/networks.ts';

beforeAll(() => useBackend('wasm'));

test.each([
  ['hessian', hessian],
  ['ggn', ggn],
] as const)(
  '%s: each part is the operator of its batch alone, and the weighted parts are the whole',
  async (_, make) => {
    const network = await buildNetwork('mlp_tanh_ce');
    const sizes = [Math.ceil(network.samples / 2) + 2, Math.floor(network.samples / 2) - 2];
    const batches = network.batches(sizes);
    const operator = make({ ...network.problem, data: batches });
    const n = operator.numParameters;
    const X = { rows: n, cols: 3, data: Float32Array.from({ length: 3 * n }, (_, i) => Math.sin(i)) };
    const tensors = tf.memory().numTensors;
    await operator.matmat(X);
    const held = tf.memory().numTensors;
    const parts: { weight: number; product: Float32Array }[] = [];
    const whole = await operator.matmatByBatch(X, ({ index, weight, product }) => {
      expect(index).toBe(parts.length);
      parts.push({ weight, product: Float32Array.from(product.data) });
    });
    expect(tf.memory().numTensors).toBe(held);
    expect(held).toBeGreaterThanOrEqual(tensors);
    expect(relativeDistance(await operator.matmat(X), whole)).toBeLessThan(1e-6);
    for (const [i, batch] of batches.entries()) {
      expect(parts[i]!.weight).toBeCloseTo(sizes[i]! / network.samples, 6);
      const alone = make({ ...network.problem, data: [batch] });
      const product = { rows: n, cols: 3, data: parts[i]!.product };
      expect(relativeDistance(await alone.matmat(X), product)).toBeLessThan(1e-6);
      alone.dispose();
    }
    operator.dispose();
    network.dispose();
  },
);

test('perBatch: a standard error for each eigenvalue at no further product', async () => {
  const network = await buildNetwork('mlp_tanh_ce');
  const size = Math.floor(network.samples / 4);
  const H = hessian({ ...network.problem, data: network.batches([size, size, size, network.samples - 3 * size]) });
  const plain = await seigh(H, 20, { seed: 1 });
  const result = await seigh(H, 20, { seed: 1, perBatch: true });
  expect(result.numMatvecs).toBe(plain.numMatvecs);
  expect(result.samplingErrors).toHaveLength(result.rank);
  expect(result.samplingErrors!.every((error) => error >= 0 && Number.isFinite(error))).toBe(true);
  expect(result.samplingErrors![0]).toBeGreaterThan(0);
  H.dispose();
  network.dispose();
});
