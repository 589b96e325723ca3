/** What models, parameters and data can be: each form gives the same operator as the plain one. */
import { deregisterOp, registerOp, type Tensor, data as tfData } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { ggn, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { productError } from '../support/differences.ts';
import { graphModel } from '../support/graph-model.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import { buildNetwork, type Network } from '../support/networks.ts';

beforeAll(() => useBackend('wasm'));

describe('data', () => {
  let network: Network;
  let expected: Float64Array;
  beforeAll(async () => {
    network = await buildNetwork('mlp_tanh_ce');
    expected = network.reference.hessian;
  });

  const numbers = (tensor: tf.Tensor) => ({ data: tensor.dataSync() as Float32Array, shape: tensor.shape });
  const forms: [string, (batches: [tf.Tensor, tf.Tensor][]) => unknown][] = [
    ['typed arrays with shapes', (batches) => batches.map(([x, y]) => [numbers(x), numbers(y)])],
    ['{ xs, ys }', (batches) => batches.map(([xs, ys]) => ({ xs, ys }))],
    [
      'a function that returns a generator',
      (batches) =>
        function* () {
          yield* batches;
        },
    ],
    [
      'a function that returns an async generator',
      (batches) =>
        async function* () {
          yield* batches;
        },
    ],
    ['a tf.data.Dataset', (batches) => tfData.array(batches.map(([xs, ys]) => ({ xs, ys })) as never)],
    [
      'a tf.data.Dataset made of a generator',
      (batches) =>
        tfData.generator(function* () {
          for (const [xs, ys] of batches) yield { xs: tf.clone(xs), ys: tf.clone(ys) } as never;
        } as never),
    ],
  ];

  test.each(forms)('%s', async (_, form) => {
    const batches = network.batches([network.samples - 4, 4]);
    const data = form(batches) as never;
    const before = tf.memory().numTensors;
    for (const cache of [true, false]) {
      const H = hessian({ ...network.problem, data, cache });
      expect(relativeError(await toDense(H, 83), expected)).toBeLessThan(2e-5);
      H.dispose();
      await Promise.resolve();
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a tf.LayersModel', () => {
  const init = (seed: number) => ({ kernelInitializer: layers.initializers.randomNormal({ seed, stddev: 0.5 }) });
  const build = () => {
    const [a, b] = [layers.input({ shape: [3], name: 'left' }), layers.input({ shape: [2], name: 'right' })];
    const joined = layers.layers.concatenate().apply([a, b]) as layers.SymbolicTensor;
    const hidden = layers.layers.dense({ units: 4, activation: 'tanh', name: 'hidden', ...init(1) }).apply(joined);
    const one = layers.layers.dense({ units: 2, name: 'one', ...init(2) }).apply(hidden);
    const two = layers.layers.dense({ units: 1, activation: 'sigmoid', name: 'two', ...init(3) }).apply(hidden);
    return layers.model({ inputs: [a, b], outputs: [one, two] as layers.SymbolicTensor[] });
  };
  const inputs = () => [tf.randomNormal([6, 3], 0, 1, 'float32', 4), tf.randomNormal([6, 2], 0, 1, 'float32', 5)];
  const target = () => tf.randomNormal([6, 2], 0, 1, 'float32', 6);
  const loss = ([one, two]: Tensor[], y: tf.Tensor) =>
    tf.add(tf.losses.meanSquaredError(y, one as never), tf.mean(tf.square(two as never)));

  test('with several inputs and outputs, given as a list or by name', async () => {
    const model = build();
    const [left, right] = inputs();
    const y = target();
    const variables = model.trainableWeights.map((weight) => weight.read() as unknown as tf.Variable);
    expect(await productError({ model, loss, data: [[[left, right], y]] } as never, variables)).toBeLessThan(5e-3);
    const list = hessian({ model, loss, data: [[[left!, right!], y]] });
    const named = hessian({ model, loss, data: [[{ right: right!, left: left! }, y]] });
    expect(relativeError(await toDense(named, 39), await toDense(list, 39))).toBeLessThan(1e-6);
    const J = await jacobian({ model, data: [[[left!, right!], y]] });
    expect(J.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['batch 0', [6, 2]],
      ['batch 0[1]', [6, 1]],
    ]);
    for (const op of [list, named, J]) op.dispose();
  });

  test('parameters: a filter by function or pattern, a layer, a list', async () => {
    const model = build();
    const data = [[inputs() as [tf.Tensor, tf.Tensor], target()]] as [[tf.Tensor, tf.Tensor], tf.Tensor][];
    const names = (parameters: unknown) =>
      hessian({ model, loss, data, parameters: parameters as never }).parameters.map(({ name }) =>
        name.replace(/_\d+$/, ''),
      );
    expect(names(/kernel/)).toEqual(['hidden/kernel', 'one/kernel', 'two/kernel']);
    expect(names((name: string) => name.startsWith('one'))).toEqual(['one/kernel', 'one/bias']);
    expect(names(model.getLayer('two'))).toEqual(['two/kernel', 'two/bias']);
    expect(names([model.trainableWeights[0]])).toEqual(['hidden/kernel']);
    const whole = hessian({ model, loss, data });
    const part = hessian({ model, loss, data, parameters: /^hidden/ });
    const [A, B] = [await toDense(whole, 39), await toDense(part, 24)];
    const block = Array.from({ length: 24 * 24 }, (_, at) => A[Math.floor(at / 24) * 39 + (at % 24)]!);
    expect(relativeError(B, block)).toBeLessThan(1e-6);
    whole.dispose();
    part.dispose();
  });
});

describe('a tf.GraphModel', () => {
  const values = new Float32Array([0.1, -0.4, 0.7, 0.2, -0.5, 0.3, 0.05, -0.1]);
  /** x W + b, and one kernel of the name `last` at the end. */
  const load = (last: string) =>
    graphModel({ W: tf.tensor2d(values.slice(0, 6), [3, 2]), b: tf.tensor1d(values.slice(6)) }, { x: [-1, 3] }, [
      ['product', 'MatMul', ['x', 'W']],
      ['sum', 'BiasAdd', ['product', 'b']],
      ['y', last, ['sum']],
    ]);
  const batch = () =>
    [tf.randomNormal([5, 3], 0, 1, 'float32', 4), tf.randomNormal([5, 2], 0, 1, 'float32', 5)] as const;
  const loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.meanSquaredError(y, outputs);

  test('has the Hessian of the same function of variables', async () => {
    const model = await load('Tanh');
    const [x, y] = batch();
    const [W, b] = [tf.variable(tf.tensor2d(values.slice(0, 6), [3, 2])), tf.variable(tf.tensor1d(values.slice(6)))];
    const plain = (input: tf.Tensor) => tf.tanh(tf.add(tf.matMul(input as tf.Tensor2D, W as tf.Tensor2D), b));
    for (const curvature of [hessian, ggn]) {
      const op = curvature({ model, loss, data: [[x, y]] });
      const same = curvature({ model: plain, loss, parameters: [W, b], data: [[x, y]] });
      expect(op.parameters.map(({ name }) => name)).toEqual(['W', 'b']);
      expect(relativeError(await toDense(op, 8), await toDense(same, 8))).toBeLessThan(1e-6);
      op.dispose();
      same.dispose();
    }
  });

  test('with an operation that TensorFlow.js cannot differentiate is an error that names it', async () => {
    registerOp('Mirrored', ({ inputs }) =>
      tf.reshape(tf.image.flipLeftRight(tf.reshape(inputs[0]!, [1, 5, 2, 1]) as tf.Tensor4D), [5, 2]),
    );
    const model = await load('Mirrored');
    const [x, y] = batch();
    const { numTensors } = tf.memory();
    await expect(hessian({ model, loss, data: [[x, y]] }).loss()).rejects.toThrow(
      "hessian: TensorFlow.js has no gradient of its kernel 'FlipLeftRight'",
    );
    expect(tf.memory().numTensors).toBe(numTensors);
    deregisterOp('Mirrored');
  });
});
