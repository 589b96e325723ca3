/** Layers of tfjs-layers: Hessian products of a small network around each against differences of its gradient. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { useBackend } from '../../src/tfjs/index.ts';
import { productError } from '../support/differences.ts';
import { beforeAll, expect, test } from '../support/jest.ts';

const L = layers.layers;
type Layer = Parameters<ReturnType<typeof layers.sequential>['add']>[0];
type Initializer = { kernelInitializer: ReturnType<typeof layers.initializers.randomNormal> };

let seed = 0;
const normal = () => layers.initializers.randomNormal({ stddev: 0.4, seed: ++seed });
const init = (): Initializer => ({ kernelInitializer: normal() });
const recurrent = () => ({ ...init(), recurrentInitializer: normal(), units: 3 });

/** Name, shape of an input sample, and the layers between it and the loss. */
const ZOO: [string, number[], () => Layer[]][] = [
  ['conv1d, strided', [9, 2], () => [L.conv1d({ filters: 3, kernelSize: 3, strides: 2, ...init() })]],
  [
    'conv2d, same, strided',
    [6, 5, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', ...init() })],
  ],
  ['conv2d with tanh', [5, 5, 2], () => [L.conv2d({ filters: 3, kernelSize: 2, activation: 'tanh', ...init() })]],
  [
    'depthwiseConv2d',
    [5, 5, 2],
    () => [L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: normal() })],
  ],
  [
    'depthwiseConv2d, dilated',
    [6, 6, 2],
    () => [L.depthwiseConv2d({ kernelSize: 2, dilationRate: 2, depthwiseInitializer: normal() })],
  ],
  [
    'separableConv2d',
    [5, 5, 2],
    () => [
      L.separableConv2d({ filters: 3, kernelSize: 3, depthwiseInitializer: normal(), pointwiseInitializer: normal() }),
    ],
  ],
  [
    'conv2dTranspose, strided',
    [3, 4, 2],
    () => [L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', ...init() })],
  ],
  ['conv3d', [4, 4, 3, 2], () => [L.conv3d({ filters: 3, kernelSize: 2, ...init() })]],
  ['conv2dTranspose, valid', [3, 3, 2], () => [L.conv2dTranspose({ filters: 2, kernelSize: 2, ...init() })]],
  [
    'maxPooling2d',
    [6, 6, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 3, ...init() }), L.maxPooling2d({ poolSize: 2 })],
  ],
  [
    'averagePooling2d, same',
    [6, 5, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 2, ...init() }), L.averagePooling2d({ poolSize: 2, padding: 'same' })],
  ],
  ['maxPooling1d', [8, 2], () => [L.conv1d({ filters: 3, kernelSize: 2, ...init() }), L.maxPooling1d({ poolSize: 2 })]],
  [
    'averagePooling3d',
    [4, 4, 4, 1],
    () => [L.conv3d({ filters: 2, kernelSize: 1, ...init() }), L.averagePooling3d({ poolSize: 2 })],
  ],
  [
    'maxPooling3d',
    [4, 4, 4, 1],
    () => [L.conv3d({ filters: 2, kernelSize: 1, ...init() }), L.maxPooling3d({ poolSize: 2 })],
  ],
  [
    'globalAveragePooling2d',
    [4, 4, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 2, ...init() }), L.globalAveragePooling2d({})],
  ],
  [
    'globalMaxPooling2d',
    [4, 4, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 2, ...init() }), L.globalMaxPooling2d({})],
  ],
  ['batchNormalization', [4], () => [L.dense({ units: 3, ...init() }), L.batchNormalization()]],
  [
    'batchNormalization of images',
    [3, 3, 2],
    () => [L.conv2d({ filters: 3, kernelSize: 2, ...init() }), L.batchNormalization()],
  ],
  ['layerNormalization', [4], () => [L.dense({ units: 5, ...init() }), L.layerNormalization()]],
  ['lstm', [4, 2], () => [L.lstm(recurrent())]],
  ['lstm, sequences', [3, 2], () => [L.lstm({ ...recurrent(), returnSequences: true })]],
  ['gru', [4, 2], () => [L.gru(recurrent())]],
  ['simpleRNN, backwards', [4, 2], () => [L.simpleRNN({ ...recurrent(), goBackwards: true })]],
  [
    'bidirectional gru',
    [3, 2],
    () => [L.bidirectional({ layer: L.gru(recurrent()) as never, mergeMode: 'concat' }) as never],
  ],
  ['timeDistributed dense', [3, 2], () => [L.timeDistributed({ layer: L.dense({ units: 3, ...init() }) })]],
  ['prelu', [4], () => [L.dense({ units: 5, ...init() }), L.prelu({ alphaInitializer: normal() })]],
  ['leakyReLU', [4], () => [L.dense({ units: 5, ...init() }), L.leakyReLU()]],
  ['softmax in the middle', [4], () => [L.dense({ units: 5, ...init() }), L.softmax()]],
  [
    'upSampling2d',
    [3, 3, 2],
    () => [L.conv2d({ filters: 2, kernelSize: 2, ...init() }), L.upSampling2d({ size: [2, 2] })],
  ],
  [
    'zeroPadding2d and cropping2D',
    [4, 4, 2],
    () => [
      L.zeroPadding2d({ padding: 1 }),
      L.conv2d({ filters: 2, kernelSize: 2, ...init() }),
      L.cropping2D({
        cropping: [
          [1, 0],
          [0, 1],
        ],
      }),
    ],
  ],
  [
    'permute, reshape, repeatVector',
    [3, 2],
    () => [
      L.permute({ dims: [2, 1] }),
      L.reshape({ targetShape: [6] }),
      L.dense({ units: 3, ...init() }),
      L.repeatVector({ n: 2 }),
    ],
  ],
  [
    'dropout and noise are off',
    [4],
    () => [L.dense({ units: 5, ...init() }), L.dropout({ rate: 0.5 }), L.gaussianNoise({ stddev: 1 })],
  ],
  // last: the initial weights of all others are seeded by their place
  [
    'conv2d, dilated',
    [6, 6, 2],
    () => [
      L.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, biasInitializer: normal(), ...init() }),
      L.conv2d({ filters: 2, kernelSize: 2, dilationRate: 3, padding: 'same', activation: 'tanh', ...init() }),
    ],
  ],
  ['conv3d, dilated', [5, 4, 4, 2], () => [L.conv3d({ filters: 2, kernelSize: 2, dilationRate: 2, ...init() })]],
];

const ACTIVATIONS = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
];

beforeAll(() => useBackend('wasm'));

async function expectExactProducts(shape: number[], between: Layer[]): Promise<void> {
  const inputs = layers.input({ shape });
  const apply = (x: typeof inputs, layer: Layer) => layer.apply(x) as typeof inputs;
  const inside = between.reduce(apply, inputs);
  const flat = inside.shape.length > 2 ? apply(inside, L.flatten()) : inside;
  const outputs = apply(flat, L.dense({ units: 2, ...init() }));
  const model = layers.model({ inputs, outputs });
  const x = tf.randomNormal([5, ...shape], 0, 1, 'float32', 11);
  const y = tf.randomNormal([5, 2], 0, 1, 'float32', 12);
  const before = tf.memory().numTensors;
  const loss = (out: tf.Tensor, target: tf.Tensor) => tf.losses.meanSquaredError(target, out);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const error = await productError({ model, loss, data: [[x, y]] } as never, variables);
  expect(error).toBeLessThan(0.02);
  await Promise.resolve();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
  tf.dispose([x, y]);
}

test.each(ZOO)('%s', (_, shape, between) => expectExactProducts(shape, between()));

test.each(ACTIVATIONS)('activation %s', (activation) =>
  expectExactProducts([4], [L.dense({ units: 6, activation: activation as 'elu', ...init() })]),
);

test('embedding of integer inputs', async () => {
  const model = layers.sequential({
    layers: [
      L.embedding({ inputDim: 7, outputDim: 3, inputLength: 4, embeddingsInitializer: normal() }),
      L.flatten(),
      L.dense({ units: 2, activation: 'tanh', ...init() }),
    ],
  });
  const x = tf.tensor2d([1, 2, 3, 1, 0, 6, 5, 6, 4, 4, 2, 0], [3, 4], 'int32');
  const y = tf.randomNormal([3, 2], 0, 1, 'float32', 12);
  const loss = (out: tf.Tensor, target: tf.Tensor) => tf.losses.meanSquaredError(target, out);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  expect(await productError({ model, loss, data: [[x, y]] } as never, variables)).toBeLessThan(0.01);
});

test('group normalisation, which tfjs-layers does not have, as a function', async () => {
  const made = tf.tidy(() => [
    tf.variable(tf.randomNormal([3, 3, 2, 6], 0, 0.4, 'float32', 21)),
    tf.variable(tf.randomNormal([6], 1, 0.2, 'float32', 22)),
    tf.variable(tf.randomNormal([6], 0, 0.2, 'float32', 23)),
  ]);
  const [filter, scale, offset] = made as [tf.Variable<tf.Rank.R4>, tf.Variable, tf.Variable];
  const model = (x: tf.Tensor4D): tf.Tensor => {
    const [n, h, w] = x.shape;
    const groups = tf.reshape(tf.conv2d(x, filter, 1, 'same'), [n, h, w, 3, 2]);
    const { mean, variance } = tf.moments(groups, [1, 2, 4], true);
    const normal = tf.mul(tf.sub(groups, mean), tf.rsqrt(tf.add(variance, 1e-3)));
    return tf.tanh(tf.add(tf.mul(tf.reshape(normal, [n, h, w, 6]), scale), offset));
  };
  const x = tf.randomNormal([3, 4, 4, 2], 0, 1, 'float32', 24);
  const y = tf.randomNormal([3, 4, 4, 6], 0, 1, 'float32', 25);
  const loss = (out: tf.Tensor, target: tf.Tensor) => tf.losses.meanSquaredError(target, out);
  expect(await productError({ model, loss, parameters: made, data: [[x, y]] } as never, made)).toBeLessThan(0.02);
  tf.dispose([...made, x, y]);
});
