/** Gradient, Jacobian, Gauss-Newton matrix and what they have in common, against references and each other. */
import * as tf from '@tensorflow/tfjs-core';
import { currentBackend } from '../../src/tfjs/backends/current.ts';
import { ggn, gradient, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '../support/jest.ts';
import { multiply, randomBlock, transposed } from '../support/matrices.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

beforeAll(() => useBackend('wasm'));

describe.each(NETWORK_NAMES)('%s', (name) => {
  let network: Network;
  beforeAll(async () => {
    network = await buildNetwork(name);
  });
  afterAll(() => network.dispose());

  test('gradient: the loss and gradient of the reference, from ragged batches', async () => {
    const before = tf.memory().numTensors;
    const data = network.batches([network.samples - 5, 4, 1]);
    const found = await gradient({ ...network.problem, data });
    expect(found.loss).toBeCloseTo(network.reference.loss, 6);
    expect(relativeError(found.gradient, network.reference.gradient)).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before + 6);
  });

  test('jacobian: J X is the change of the outputs, J^T its transpose, and J^T H J the Gauss-Newton matrix', async () => {
    const data = network.batches([network.samples - 3, 3]);
    const before = tf.memory().numTensors;
    const { model, parameters } = network.problem;
    const J = await jacobian({ model, parameters, data, memory: 2 ** 20 });
    const [m, n] = J.shape;
    const X = randomBlock(n, 5, 1, 'float32');
    const JX = await J.matmat(X);
    const Y = randomBlock(m, 5, 2, 'float32');
    const JtY = await J.adjointMatmat(Y);
    expect(relativeError(multiply(transposed(Y), JX).data, multiply(transposed(JtY), X).data)).toBeLessThan(1e-5);
    // The loss |outputs|^2 / 2 has H = I, so its Gauss-Newton matrix is J^T J.
    const G = ggn({
      ...network.problem,
      loss: (outputs: tf.Tensor) => tf.mul(0.5, tf.sum(tf.square(outputs))),
      data,
      reduction: 'sum',
    });
    expect(relativeError((await G.matmat(X)).data, (await J.adjointMatmat(JX)).data)).toBeLessThan(1e-5);
    expect(J.outputs.map(({ offset }) => offset)).toEqual([0, J.outputs[0]!.size]);
    G.dispose();
    J.dispose();
    await Promise.resolve();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('ggn: no eigenvalue below -1e-6 of the largest', async () => {
    const G = ggn({ ...network.problem, data: network.batches([network.samples]) });
    expect(G.psd).toBe(true);
    const n = G.numParameters;
    const matrix = await toDense(G, n);
    const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
    const symmetric = Matrix.from1DArray(n, n, [...matrix]);
    symmetric.add(symmetric.transpose()).mul(0.5);
    const { realEigenvalues } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
    expect(Math.min(...realEigenvalues)).toBeGreaterThan(-1e-6 * Math.max(...realEigenvalues));
    G.dispose();
  });

  test('blocks split to a small memory and batches recorded anew give the same products', async () => {
    const data = network.batches([network.samples - 5, 4, 1]);
    const before = tf.memory().numTensors;
    for (const curvature of [hessian, ggn]) {
      const kept = curvature({ ...network.problem, data, cache: true });
      const streamed = curvature({ ...network.problem, data, cache: false, memory: 100_000 });
      const X = randomBlock(kept.numParameters, 9, 3, 'float32');
      const [Y, again] = [await kept.matmat(X), await streamed.matmat(X)];
      expect(relativeError(again.data, Y.data)).toBeLessThan(1e-6);
      const held = tf.memory().numTensors;
      await streamed.matmat(X);
      expect(tf.memory().numTensors).toBe(held);
      kept.dispose();
      streamed.dispose();
      await Promise.resolve();
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

describe('how products are best asked for', () => {
  let network: Network;
  beforeAll(async () => {
    network = await buildNetwork(NETWORK_NAMES[0]!);
  });
  afterAll(() => network.dispose());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const OPERATORS = {
    hessian: async (memory: number) => hessian({ ...network.problem, data: network.batches([4]), memory }),
    ggn: async (memory: number) => ggn({ ...network.problem, data: network.batches([4]), memory }),
    jacobian: (memory: number) => {
      const { model, parameters } = network.problem;
      return jacobian({ model, parameters, data: network.batches([4]), memory });
    },
  };

  test.each(Object.entries(OPERATORS))(
    '%s: where products do not overlap, 64 columns or what fits',
    async (_, make) => {
      const roomy = await make(2 ** 28);
      const matmat = jest.spyOn(roomy, 'matmat');
      expect([roomy.overlaps, roomy.preferredBlockSize]).toEqual([false, 64]);
      await roomy.calibrate();
      expect([roomy.preferredBlockSize, matmat.mock.calls.length]).toEqual([64, 0]);
      // a block of 5 columns and its product take half of this, in 4 bytes a number
      const numbers = roomy.shape[0] + roomy.shape[1];
      const narrow = await make(2 * 5 * 4 * numbers);
      expect(narrow.preferredBlockSize).toBe(5);
      for (const op of [roomy, narrow]) op.dispose();
    },
  );

  test.each(Object.entries(OPERATORS))(
    '%s: where they do, what a trial shows, once and within memory',
    async (_, make) => {
      jest.replaceProperty(currentBackend(), 'overlaps', true);
      const op = await make(2 ** 28);
      const matmat = jest.spyOn(op, 'matmat');
      await Promise.all([op.calibrate(), op.calibrate()]);
      const widths = matmat.mock.calls.map(([X]) => X.cols);
      expect(op.overlaps).toBe(true);
      expect(widths.slice(0, 2)).toEqual([16, 16]);
      expect(widths).toContain(op.preferredBlockSize);
      await op.calibrate();
      expect(matmat).toHaveBeenCalledTimes(widths.length);
      const numbers = op.shape[0] + op.shape[1];
      const narrow = await make(2 * 5 * 4 * numbers);
      await narrow.calibrate();
      expect(narrow.preferredBlockSize).toBe(5);
      for (const each of [op, narrow]) each.dispose();
    },
  );
});

describe('a linear model with a penalty on its weights', () => {
  const lambda = 0.3;
  let w: tf.Variable;
  let x: tf.Tensor2D;
  let y: tf.Tensor2D;
  beforeAll(() => {
    w = tf.variable(tf.tensor2d([0.5, -1, 2], [3, 1]));
    x = tf.tensor2d([1, 2, 0, -1, 1, 1, 0.5, 0, 2, 1, -2, 1], [4, 3]);
    y = tf.tensor2d([1, 0, -1, 2], [4, 1]);
  });
  const options = () => ({
    model: (input: tf.Tensor2D) => tf.matMul(input, w as unknown as tf.Tensor2D),
    loss: (outputs: tf.Tensor, target: tf.Tensor) =>
      tf.add(tf.losses.meanSquaredError(target, outputs), tf.mul(lambda, tf.sum(tf.square(w)))),
    parameters: [w],
    data: [
      [x.slice([0, 0], [3, 3]), y.slice([0, 0], [3, 1])],
      [x.slice([3, 0], [1, 3]), y.slice([3, 0], [1, 1])],
    ] as [tf.Tensor2D, tf.Tensor2D][],
  });

  test.each([
    ['hessian', hessian],
    ['ggn', ggn],
  ] as const)('%s is 2 X^T X / N + 2 lambda I, also from ragged batches', async (_, curvature) => {
    const op = curvature(options());
    const gram = await tf.mul(2 / 4, tf.matMul(x, x, true)).data();
    const expected = [...gram].map((value, at) => value + (at % 4 === 0 ? 2 * lambda : 0));
    expect(relativeError(await toDense(op, 3), expected)).toBeLessThan(1e-6);
    op.dispose();
  });

  test('action gives the loss, the gradient and a product in one call', async () => {
    const H = hessian(options());
    const X = randomBlock(3, 2, 4, 'float32');
    const { loss, gradient: g, product } = await H.action(X);
    // Not equal to the bit: a BLAS with threads may add in another order.
    expect(relativeError(product.data, (await H.matmat(X)).data)).toBeLessThan(1e-6);
    expect(g).toEqual(await H.gradient());
    const residual = tf.sub(tf.matMul(x, w as unknown as tf.Tensor2D), y);
    const expected = tf.add(tf.mul(2 / 4, tf.matMul(x, residual, true)), tf.mul(2 * lambda, w));
    expect(relativeError(g, await expected.data())).toBeLessThan(1e-6);
    expect(loss).toBe(await H.loss());
    H.dispose();
  });
});
