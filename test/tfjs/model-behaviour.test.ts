/** What a model does beside its outputs: promises, frozen layers, state, averages that move; and numbers as nested arrays. */
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, UnsupportedError } from '../../src/core/errors.ts';
import { ggn, gradient, hessian, hessianOf, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

let W: tf.Variable;
let x: tf.Tensor2D;
let y: tf.Tensor2D;
const loss = (outputs: tf.Tensor, labels: tf.Tensor) => tf.losses.meanSquaredError(labels, outputs);
const linear = (input: tf.Tensor2D) => tf.matMul(input, W as tf.Tensor2D);

beforeAll(async () => {
  await useBackend('cpu');
  W = tf.variable(tf.tensor2d([1, -2, 0.5, 3], [2, 2]));
  x = tf.tensor2d([1, 0, 0.5, 1, -1, 2], [3, 2]);
  y = tf.tensor2d([0, 1, 1, 0, 2, 1], [3, 2]);
});

describe('a promise', () => {
  const message = (what: string) =>
    `${what} returned a promise; it must compute its tensors at once, without async and await. Await what it needs before, `;
  const later = async (input: tf.Tensor2D) => {
    const outputs = linear(input);
    await null;
    return tf.square(outputs);
  };
  const given = () => ({ parameters: [W], data: [[x, y]] }) as const;

  test.each<[string, () => Promise<unknown>, string]>([
    ['of the model', () => hessian({ ...given(), loss, model: later as never }).loss(), 'hessian: model'],
    ['of the model to ggn', () => ggn({ ...given(), loss, model: later as never }).loss(), 'ggn: model'],
    ['of the model to gradient', () => gradient({ ...given(), loss, model: later as never }), 'gradient: model'],
    ['of the model to jacobian', () => jacobian({ ...given(), model: later as never }), 'jacobian: model'],
    [
      'in a list',
      () => hessian({ ...given(), loss, model: ((v: tf.Tensor2D) => [linear(v), later(v)]) as never }).loss(),
      'hessian: model',
    ],
    [
      'of the loss',
      () => hessian({ ...given(), loss: (async () => tf.scalar(0)) as never, model: linear as never }).loss(),
      'hessian: loss',
    ],
    ['of f', () => hessianOf((async (v: tf.Tensor) => tf.sum(v)) as never, W).loss(), 'hessianOf: f'],
  ])('%s is refused by name, and its own failure ends nothing', async (_, run, what) => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const failure = await run().catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', listen);
    expect(failure).toBeInstanceOf(ArgumentError);
    expect((failure as Error).message).toMatch(message(what));
    expect(unhandled).toEqual([]);
  });
});

describe('frozen layers', () => {
  const build = () => {
    const model = sequential({
      layers: [
        layers.dense({ units: 3, inputShape: [2], activation: 'tanh', name: 'first' }),
        layers.dropout({ rate: 0.5, name: 'drop' }),
        layers.batchNormalization({ name: 'normal' }),
        layers.dense({ units: 2, name: 'last' }),
      ],
    });
    model.getLayer('first').trainable = false;
    return model;
  };
  const data = () => [[x, y]] as const;
  const bare = ({ name }: { name: string }) => name.replace(/_\d+$/, '');

  test('are in the record of the operator, with the averages that no layer trains', async () => {
    const model = build();
    for (const op of [hessian({ model, loss, data: data() }), await jacobian({ model, data: data() })]) {
      expect(op.parameters.map(bare)).toEqual(['normal/gamma', 'normal/beta', 'last/kernel', 'last/bias']);
      expect(op.fixedWeights.map((each) => [bare(each), each.reason])).toEqual([
        ['first/kernel', 'frozen'],
        ['first/bias', 'frozen'],
        ['normal/moving_mean', 'not trainable'],
        ['normal/moving_variance', 'not trainable'],
      ]);
      op.dispose();
    }
    const part = hessian({ model, loss, data: data(), parameters: [model.getLayer('last')] as never });
    expect(part.fixedWeights.map(({ reason }) => reason).sort()).toEqual([
      'frozen',
      'frozen',
      'not selected',
      'not selected',
      'not trainable',
      'not trainable',
    ]);
    part.dispose();
  });

  test('parameters: model.layers are the trainable weights of all layers', async () => {
    const model = build();
    const [listed, whole] = [
      hessian({ model, loss, data: data(), parameters: model.layers as never }),
      hessian({ model, loss, data: data() }),
    ];
    expect(listed.parameters).toEqual(whole.parameters);
    expect(relativeError(await toDense(listed, 14), await toDense(whole, 14))).toBe(0);
    listed.dispose();
    whole.dispose();
  });

  test('are said to be frozen where they are asked for', () => {
    const model = build();
    const refused = (parameters: unknown) => expect(() => hessian({ model, loss, data: data(), parameters } as never));
    refused(model.getLayer('first')).toThrow(
      "hessian: no parameters: layer 'first' is frozen (trainable: false), with all 2 weights; set trainable = true, or pass " +
        'layer.weights',
    );
    refused(model.getLayer('drop')).toThrow("hessian: no parameters: layer 'drop' has no weights");
    refused(/^first/).toThrow(
      'hessian: no parameters; the filter matches only weights that are not trained: 2 weights are frozen (trainable: false)',
    );
    refused(/^nothing/).toThrow(
      /matches none of: .*; 2 weights are frozen \(trainable: false\), 2 weights are not trainable/,
    );
    for (const layer of model.layers) layer.trainable = false;
    refused(undefined).toThrow(
      'hessian: the model has no trainable parameters: 8 weights are frozen (trainable: false)',
    );
    const H = hessian({ model, loss, data: data(), parameters: model.getLayer('first').weights as never });
    expect(H.numParameters).toBe(9);
    H.dispose();
  });
});

describe('state', () => {
  test('a stateful layer is refused by name, also inside another model', () => {
    const lstm = layers.lstm({ units: 2, stateful: true, batchInputShape: [3, 2, 1], name: 'memory' });
    const inner = sequential({ layers: [lstm] });
    const model = sequential({ layers: [inner as never, layers.dense({ units: 2 })] });
    const attempt = (it: LayersModel) => () => hessian({ model: it, loss, data: [[x, y]] });
    for (const each of [inner, model]) {
      expect(attempt(each)).toThrow(UnsupportedError);
      expect(attempt(each)).toThrow(
        "hessian: layer 'memory' is stateful: what it makes of a batch depends on the batches",
      );
    }
  });

  test('products, gradients and Jacobians leave the averages of a batch normalisation in training mode where they are', async () => {
    const normal = layers.batchNormalization({ inputShape: [2] });
    const model = sequential({ layers: [normal, layers.dense({ units: 2 })] });
    const training = (input: tf.Tensor) => model.apply(input, { training: true }) as tf.Tensor;
    const parameters = model.trainableWeights as never;
    const averages = () =>
      normal
        .getWeights()
        .slice(2)
        .map((each) => Array.from(each.dataSync()));
    const before = averages();
    // They do move when the model runs by itself: the test is of something.
    tf.tidy(() => void training(x));
    expect(averages()).not.toEqual(before);
    const then = averages();
    const { numTensors } = tf.memory();
    const given = { model: training as never, parameters, data: [[x, y]] as never };
    const H = hessian({ ...given, loss });
    const J = await jacobian(given);
    await toDense(H, 10);
    await gradient({ ...given, loss });
    H.dispose();
    J.dispose();
    // What an operator holds goes away as soon as nothing waits for it.
    await new Promise((resolve) => setTimeout(resolve));
    expect(averages()).toEqual(then);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test.each([
    { scale: false, center: false },
    { scale: false, center: true },
    { scale: true, center: false },
  ])('batch normalisation in training mode with %j: as with weights of one and zero', async (without) => {
    const hessianOfDense = (options: object) => {
      const dense = layers.dense({
        units: 3,
        inputShape: [2],
        kernelInitializer: initializers.randomNormal({ seed: 4 }),
      });
      const model = sequential({
        layers: [
          dense,
          layers.batchNormalization(options),
          layers.dense({ units: 2, kernelInitializer: initializers.randomNormal({ seed: 5 }) }),
        ],
      });
      const training = (input: tf.Tensor) => model.apply(input, { training: true }) as tf.Tensor;
      const parameters = dense.trainableWeights.map((weight) => weight.read()) as never;
      return toDense(hessian({ model: training as never, parameters, data: [[x, y]], loss }), 9);
    };
    const expected = await hessianOfDense({});
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(relativeError(await hessianOfDense(without), expected)).toBeLessThan(1e-5);
  });

  test('and a model that throws leaves them too', async () => {
    const average = tf.variable(tf.scalar(1), false);
    const model = (input: tf.Tensor2D) => {
      average.assign(tf.scalar(2));
      average.assign(tf.scalar(3));
      return tf.add(linear(input), tf.mul(average, tf.ones([7, 7, 7])));
    };
    await expect(gradient({ model, loss, parameters: [W], data: [[x, y]] as never })).rejects.toThrow();
    expect(average.dataSync()[0]).toBe(1);
    average.dispose();
  });
});

describe('nested arrays', () => {
  test('are tensors', async () => {
    const nested = [[[[1, 0], [0.5, 1], [-1, 2]], [[0, 1], [1, 0], [2, 1]]]] as const; // biome-ignore format: a batch a line
    const plain = await gradient({ model: linear, loss, parameters: [W], data: [[x, y]] });
    for (const data of [nested, [{ xs: nested[0][0], ys: nested[0][1] }]]) {
      const { numTensors } = tf.memory();
      const found = await gradient({ model: linear, loss, parameters: [W], data: data as never });
      expect(found).toEqual(plain);
      expect(tf.memory().numTensors).toBe(numTensors);
    }
  });

  test('of different lengths are refused by name', async () => {
    const attempt = gradient({ model: linear, loss, parameters: [W], data: [[[[1, 0], [1]], y]] as never });
    await expect(attempt).rejects.toThrow(/^gradient: x of batch 0: the rows of nested arrays have different lengths$/);
  });
});
