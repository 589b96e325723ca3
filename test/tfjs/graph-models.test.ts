/** Models of the converter: which constants are weights, inner nodes as outputs, and what cannot run synchronously. */
import type { GraphModel } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../src/core/errors.ts';
import { gradient, hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { graphModel } from '../support/graph-model.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

beforeAll(() => useBackend('cpu'));

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.7, 'float32', seed);
const loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.meanSquaredError(y, outputs);
const names = (op: { parameters: readonly { name: string }[] }) => op.parameters.map(({ name }) => name);

/**
 * A convolutional network as the converter writes one: bounds, hard swish, padding and the mean of the data beside its
 * weights; batch normalisation with measured statistics, and one folded into a scale and an offset.
 */
function network(): Promise<GraphModel> {
  const constants: Record<string, tf.Tensor> = {
    'data/mean': tf.tensor1d([0.1, 0.2]),
    filter: random([3, 3, 2, 4], 1),
    bias: random([4], 2),
    'bound/low': tf.scalar(0),
    'bound/high': tf.scalar(6),
    depthwise: random([2, 2, 4, 1], 3),
    scale: random([4], 4),
    offset: random([4], 5),
    gamma: tf.tensor1d([1, 0.9, 1.1, 1.2]),
    beta: random([4], 6),
    'moving/mean': random([4], 7),
    'moving/variance': tf.tensor1d([1, 1.5, 0.5, 2]),
    three: tf.scalar(3),
    sixth: tf.scalar(1 / 6),
    pad: tf.scalar(0.25),
    paddings: tf.tensor2d([0, 0, 1, 0, 1, 0, 0, 0], [4, 2], 'int32'),
    flat: tf.tensor1d([-1, 64], 'int32'),
    matrix: random([64, 3], 8),
    'matrix/bias': random([3], 9),
  };
  const image = {
    strides: { list: { i: ['1', '1', '1', '1'] } },
    padding: { s: 'VkFMSUQ=' },
    dataFormat: { s: 'TkhXQw==' },
  };
  const attr = {
    strides: image.strides,
    padding: image.padding,
    data_format: image.dataFormat,
    dilations: image.strides,
  };
  return graphModel(constants, { x: [-1, 6, 6, 2] }, [
    ['centred', 'Sub', ['x', 'data/mean']],
    ['filter/read', 'Identity', ['filter']],
    ['conv', 'Conv2D', ['centred', 'filter/read'], attr],
    ['conv/sum', 'AddV2', ['conv', 'bias']],
    ['relu/low', 'Maximum', ['conv/sum', 'bound/low']],
    ['relu', 'Minimum', ['relu/low', 'bound/high']],
    ['padded', 'PadV2', ['relu', 'paddings', 'pad']],
    ['depth', 'DepthwiseConv2dNative', ['padded', 'depthwise'], attr],
    ['scaled', 'Mul', ['scale', 'depth']],
    ['shifted', 'Add', ['scaled', 'offset']],
    [
      'normal',
      'FusedBatchNormV3',
      ['shifted', 'gamma', 'beta', 'moving/mean', 'moving/variance'],
      { epsilon: { f: 0.001 } },
    ],
    ['swish/sum', 'AddV2', ['normal', 'three']],
    ['swish/six', 'Relu6', ['swish/sum']],
    ['swish/gate', 'Mul', ['swish/six', 'sixth']],
    ['swish', 'Mul', ['normal', 'swish/gate']],
    ['flattened', 'Reshape', ['swish', 'flat']],
    ['product', 'MatMul', ['flattened', 'matrix']],
    ['y', 'BiasAdd', ['product', 'matrix/bias']],
  ]);
}

const TRAINED = ['filter', 'bias', 'depthwise', 'scale', 'offset', 'gamma', 'beta', 'matrix', 'matrix/bias'];
const CONSTANT = ['data/mean', 'bound/low', 'bound/high', 'moving/mean', 'moving/variance', 'three', 'sixth', 'pad'];

describe('parameters', () => {
  let model: GraphModel;
  let data: [tf.Tensor, tf.Tensor][];
  beforeAll(async () => {
    model = await network();
    data = [[random([2, 6, 6, 2], 10), random([2, 3], 11)]];
  });

  test('are by default what kernels have as weights; the operator says what else there is', async () => {
    const H = hessian({ model, loss, data });
    expect(names(H)).toEqual(TRAINED);
    expect(H.fixedWeights.map(({ name, reason }) => [name, reason])).toEqual(
      CONSTANT.map((name) => [name, 'constant']),
    );
    expect(H.fixedWeights[0]).toEqual({ name: 'data/mean', shape: [2], reason: 'constant' });
    // All of them count: the check at the first product refuses those that the loss does not depend on.
    expect((await H.gradient()).length).toBe(H.numParameters);
    H.dispose();
  });

  test('by name, tensor or filter', async () => {
    const { gradient: whole, parameters: all } = await gradient({ model, loss, data });
    const { offset, size } = all.find(({ name }) => name === 'matrix')!;
    const expected = whole.subarray(offset, offset + size);
    for (const parameters of [
      ['matrix'],
      [model.weights.matrix![0]!],
      /^matrix$/,
      (name: string) => name === 'matrix',
    ]) {
      const found = await gradient({ model, loss, data, parameters });
      expect(names(found)).toEqual(['matrix']);
      expect(relativeError(found.gradient, expected)).toBeLessThan(1e-6);
    }
    const H = hessian({ model, loss, data, parameters: ['three', 'filter'] });
    expect(names(H)).toEqual(['three', 'filter']);
    expect(H.fixedWeights.filter(({ reason }) => reason === 'not selected')).toHaveLength(TRAINED.length - 1);
    H.dispose();
  });

  test('that are none are refused by name', () => {
    const refused = (parameters: unknown) => expect(() => hessian({ model, loss, data, parameters } as never));
    refused(['matrx']).toThrow("hessian: parameters[0]: the model has no weight 'matrx'; did you mean 'matrix'?");
    refused(/^bound/).toThrow(
      'hessian: no parameters; the filter matches only weights that are not trained: 2 weights are constants of the graph ' +
        '(bound/low, bound/high); name them in a list',
    );
  });
});

describe('output', () => {
  const classify = () =>
    graphModel({ W: random([3, 2], 1), V: random([2, 2], 2) }, { x: [-1, 3] }, [
      ['first', 'MatMul', ['x', 'W']],
      ['hidden', 'Tanh', ['first']],
      ['last', 'MatMul', ['hidden', 'V']],
      ['found', 'Where', ['last']],
    ]);
  const data: [tf.Tensor, tf.Tensor][] = [];
  beforeAll(() => {
    data.push([random([5, 3], 3), random([5, 2], 4)]);
  });

  test('may be an inner node', async () => {
    const model = await classify();
    const [W] = model.weights.W as [tf.Tensor2D];
    const variable = tf.variable(W);
    const H = hessian({ model, loss, data, output: 'hidden', parameters: ['W'] });
    const same = hessian({
      model: (x: tf.Tensor2D) => tf.tanh(tf.matMul(x, variable as tf.Tensor2D)),
      loss,
      data: data as never,
      parameters: [variable],
    });
    expect(relativeError(await toDense(H, 6), await toDense(same, 6))).toBeLessThan(1e-6);
    H.dispose();
    same.dispose();
  });

  test('may be several nodes', async () => {
    const two = ([hidden, last]: tf.Tensor[], y: tf.Tensor) => tf.add(loss(hidden!, y), loss(last!, y));
    const both = await gradient({ model: await classify(), loss: two, data, output: ['hidden', 'last'] });
    expect(names(both)).toEqual(['W', 'V']);
    expect(both.gradient.every((value) => value !== 0)).toBe(true);
  });

  test('of a node that needs executeAsync is refused by name, with the way out', async () => {
    const model = await classify();
    const { numTensors } = tf.memory();
    const failure = await hessian({ model, loss, data })
      .loss()
      .catch((error: Error) => error);
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect((failure as Error).message).toMatch(
      /^hessian: node 'found' of the graph model is a 'Where', which TensorFlow.js can only run asynchronously.*pass output: the name of a node before it/,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('that there is not is refused at once', async () => {
    const model = await classify();
    expect(() => hessian({ model, loss, data, output: 'hiden' })).toThrow(
      "hessian: output: the graph model has no node 'hiden'; did you mean 'hidden'?",
    );
    expect(() => hessian({ model, loss, data, output: 3 as never })).toThrow(
      'hessian: output must be the name of a node',
    );
    expect(() => hessian({ model: (x: tf.Tensor) => x, loss, data, output: 'y' })).toThrow(
      'hessian: output is for a tf.G',
    );
  });

  test('x that does not fit the graph', async () => {
    const model = await classify();
    const wrong = [[[data[0]![0], data[0]![0]], data[0]![1]]] as never;
    await expect(hessian({ model, loss, data: wrong, output: 'hidden' }).loss()).rejects.toThrow(
      /^hessian: x does not fit the graph model: Input tensor count mismatch/,
    );
    const wide = [[tf.ones([5, 4]), data[0]![1]]] as never;
    await expect(hessian({ model, loss, data: wide, output: 'hidden' }).loss()).rejects.toThrow(
      /^hessian: x does not fit the graph model: The shape of dict\['x'\]/,
    );
  });

  test('a node that TensorFlow.js cannot run is named with its kernel', async () => {
    const weights = { W: random([3, 2], 1), V: random([4, 2], 2) };
    const model = await graphModel(weights, { x: [-1, 3] }, [
      ['first', 'MatMul', ['x', 'W']],
      ['last', 'MatMul', ['first', 'V']],
    ]);
    const failure = (await hessian({ model, loss, data })
      .loss()
      .catch((error: Error) => error)) as UnsupportedError;
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(failure.values).toMatchObject({ kernel: 'BatchMatMul', node: 'last' });
    expect(failure.message).toMatch(/^hessian: TensorFlow\.js's kernel 'BatchMatMul', which node 'last' calls, fails/);
    await expect(gradient({ model, loss, data })).rejects.toThrow(/operation 'matMul', which node 'last' calls,/);
    const unknown = await graphModel(weights, { x: [-1, 3] }, [
      ['first', 'MatMul', ['x', 'W']],
      ['other', 'Betainc', ['first']],
    ]);
    await expect(gradient({ model: unknown, loss, data })).rejects.toThrow(
      "gradient: node 'other' of the graph model is a 'Betainc', which TensorFlow.js does not have",
    );
  });
});
