/** Block products: against backward over backward, what they leave behind, and what changes they notice. */
import * as tf from '@tensorflow/tfjs-core';
import type { Block } from '../../src/core/block.ts';
import { hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

/** An n x cols block of numbers between -1 and 1, the same at every run. */
function block(rows: number, cols: number): Block {
  return { rows, cols, data: Float32Array.from({ length: rows * cols }, (_, i) => Math.sin(1 + 2.7 * i)) };
}

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(() => useBackend(backend));

  // the rules of every kernel are tried on both backends in test/tfjs/rules
  const names = backend === 'wasm' || long ? NETWORK_NAMES : ['mlp_tanh_ce', 'cnn_ce'];
  describe.each(names)('block products of %s', (name) => {
    let network: Network;
    beforeAll(async () => {
      network = await buildNetwork(name);
    });
    afterAll(() => network.dispose());

    test("match mode: 'reverse' to 1e-6", async () => {
      const options = { ...network.problem, data: network.batches([network.samples - 3, 3]) };
      const forward = hessian(options);
      const reverse = hessian({ ...options, mode: 'reverse' });
      for (const cols of backend === 'cpu' ? [2] : [1, 3]) {
        const X = block(forward.numParameters, cols);
        expect(relativeError((await forward.matmat(X)).data, (await reverse.matmat(X)).data)).toBeLessThan(1e-6);
      }
      forward.dispose();
      reverse.dispose();
    });

    test('leave tf.memory() as it was, and dispose() returns everything', async () => {
      const data = network.batches([network.samples - 3, 3]);
      const before = tf.memory();
      const H = hessian({ ...network.problem, data });
      const X = block(H.numParameters, backend === 'cpu' ? 2 : 5);
      await H.matmat(X);
      const { numTensors, numBytes, numDataBuffers } = tf.memory();
      for (let i = 0; i < (backend === 'cpu' ? 2 : 20); i++) await H.matmat(X);
      expect(tf.memory()).toMatchObject({ numTensors, numBytes, numDataBuffers });
      H.dispose();
      await Promise.resolve();
      expect(tf.memory()).toMatchObject({
        numTensors: before.numTensors,
        numBytes: before.numBytes,
        numDataBuffers: before.numDataBuffers,
      });
    });
  });

  test('of single columns, through layers with a single output: products must not take one shape for another', async () => {
    const shapes = [
      [8, 6],
      [6, 4],
      [4, 1],
    ];
    const weights = shapes.map((shape, i) => tf.variable(tf.randomNormal(shape, 0, 0.5, 'float32', i + 1)));
    const [x, y] = [tf.randomNormal([64, 8], 0, 1, 'float32', 9), tf.randomNormal([64, 1], 0, 1, 'float32', 10)];
    const [A, B, C] = weights as unknown as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const model = (input: tf.Tensor): tf.Tensor =>
      tf.matMul(tf.tanh(tf.matMul(tf.tanh(tf.matMul(input as tf.Tensor2D, A)), B)), C);
    const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Tensor => tf.losses.meanSquaredError(labels, outputs);
    const data: [tf.Tensor, tf.Tensor][] = [
      [x, y],
      [x, y],
    ];
    const options = { model, loss, parameters: weights, data };
    const forward = hessian(options);
    const reverse = hessian({ ...options, mode: 'reverse' });
    const X = block(forward.numParameters, 1);
    for (let call = 0; call < 2; call++) {
      expect(relativeError((await forward.matmat(X)).data, (await reverse.matmat(X)).data)).toBeLessThan(1e-6);
    }
    for (const made of [forward, reverse, x, y, ...weights]) made.dispose();
  });

  describe('the operator', () => {
    let network: Network;
    beforeAll(async () => {
      network = await buildNetwork('mlp_tanh_ce');
    });
    afterAll(() => network.dispose());
    const made: { dispose(): void }[] = [];
    afterEach(() => {
      for (const operator of made.splice(0)) operator.dispose();
    });
    const make: typeof hessian = (options) => {
      const operator = hessian(options);
      made.push(operator);
      return operator;
    };

    test('does not need the data after the first product, and never disposes it', async () => {
      const data = network.batches([network.samples]);
      const H = make({ ...network.problem, data });
      const X = block(H.numParameters, 2);
      const first = await H.matmat(X);
      expect(data[0]!.some((tensor) => tensor.isDisposed)).toBe(false);
      tf.dispose(data[0]!);
      expect((await H.matmat(X)).data).toEqual(first.data);
    });

    test('reads arrays, generators, async generators and functions that return them, once without the check', async () => {
      const data = network.batches([15, network.samples - 15]);
      let reads = 0;
      function* generate() {
        reads++;
        yield* data;
      }
      async function* generateLater() {
        yield* data;
      }
      const forms = [generate(), generateLater(), generate, async () => data, new Set(data)];
      const X = block(83, 2);
      const expected = await make({ ...network.problem, data }).matmat(X);
      for (const form of forms) {
        const H = make({ ...network.problem, data: form, check: false });
        await H.matmat(X);
        expect((await H.matmat(X)).data).toEqual(expected.data);
      }
      expect(reads).toBe(2);
    });

    test('adds the losses of batches for reduction: sum', async () => {
      const [whole] = network.batches([network.samples]);
      const once = await toDense(make({ ...network.problem, data: [whole!] }), 83);
      const H = make({ ...network.problem, data: [whole!, whole!, whole!], reduction: 'sum' });
      const thrice = await toDense(H, 83);
      expect(
        relativeError(
          thrice,
          once.map((value) => 3 * value),
        ),
      ).toBeLessThan(1e-6);
      expect(await H.loss()).toBeCloseTo(3 * network.reference.loss, 5);
    });

    test('of some of the parameters is the sub-matrix', async () => {
      const data = network.batches([network.samples]);
      const [, bias, , lastBias] = network.parameters;
      const part = await toDense(make({ ...network.problem, parameters: [lastBias!, bias!], data }), 4);
      const rows = [78, 79, 80, 81, 82, 42, 43, 44, 45, 46, 47];
      const expected = rows.flatMap((i) => rows.map((j) => network.reference.hessian[i * 83 + j]!));
      expect(relativeError(part, expected)).toBeLessThan(1e-5);
    });

    test('has zero rows and columns for parameters that the loss does not depend on', async () => {
      const idle = tf.variable(tf.ones([2, 3]));
      const data = network.batches([network.samples]);
      const H = make({ ...network.problem, parameters: [idle, network.parameters[3]!], data, check: false });
      const matrix = await toDense(H, 11);
      const active = [6, 7, 8, 9, 10];
      for (let i = 0; i < 11; i++) {
        for (let j = 0; j < 11; j++) {
          if (i < 6 || j < 6) expect(matrix[i * 11 + j]).toBe(0);
        }
      }
      const expected = active.flatMap((i) => active.map((j) => network.reference.hessian[(i + 72) * 83 + j + 72]!));
      expect(
        relativeError(
          active.flatMap((i) => active.map((j) => matrix[i * 11 + j]!)),
          expected,
        ),
      ).toBeLessThan(1e-5);
      const none = make({ ...network.problem, parameters: [idle], data, check: false });
      expect([...(await none.matmat(block(6, 2))).data]).toEqual(new Array(12).fill(0));
      idle.dispose();
    });

    test('keeps variables apart that share their data', async () => {
      const shared = tf.tensor1d([0.5, -1]);
      const [a, b] = [tf.variable(shared), tf.variable(shared)];
      const model = () => tf.mul(tf.square(a), b);
      const H = make({ model, loss: (outputs) => tf.sum(outputs), parameters: [a, b], data: [[tf.ones([1]), 0]] });
      // sum a^2 b: second derivatives 2b, 2a.
      const expected = [1, 0, 1, 0, 0, -2, 0, -2, 1, 0, 0, 0, 0, -2, 0, 0];
      expect([...(await toDense(H, 4))]).toEqual(expected);
      tf.dispose([shared, a, b]);
    });

    test('serves overlapping calls', async () => {
      const H = make({ ...network.problem, data: network.batches([network.samples]) });
      const X = block(83, 3);
      const [first, second] = await Promise.all([H.matmat(X), H.matmat(X)]);
      expect(first.data).toEqual(second.data);
    });

    test('takes float64 blocks and does not change its argument', async () => {
      const H = make({ ...network.problem, data: network.batches([network.samples]) });
      const X = block(83, 3);
      const copy = X.data.slice();
      const Y = await H.matmat({ ...X, data: Float64Array.from(X.data) });
      expect((await H.matmat(X)).data).toEqual(Y.data);
      expect(X.data).toEqual(copy);
    });

    test('describes its rows', () => {
      const H = make({ ...network.problem, data: network.batches([network.samples]) });
      expect(H.shape).toEqual([83, 83]);
      expect(H.parameters.map(({ shape, offset, size }) => ({ shape, offset, size }))).toEqual([
        { shape: [7, 6], offset: 0, size: 42 },
        { shape: [6], offset: 42, size: 6 },
        { shape: [6, 5], offset: 48, size: 30 },
        { shape: [5], offset: 78, size: 5 },
      ]);
    });
  });
});
