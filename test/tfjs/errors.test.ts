/** What goes wrong says so, names the place and leaves TensorFlow.js as it was. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, NumericalError, ShapeError, UnsupportedError } from '../../src/core/errors.ts';
import { hessian, useBackend } from '../../src/tfjs/index.ts';

const X = { rows: 2, cols: 1, data: new Float32Array([1, 1]) };
let W: tf.Variable;
let counter: tf.Variable;
let x: tf.Tensor2D;
let y: tf.Tensor1D;

beforeAll(async () => {
  await useBackend('cpu');
  W = tf.variable(tf.tensor2d([1, 2], [2, 1]), true, 'W');
  counter = tf.variable(tf.tensor1d([1], 'int32'), true, 'n');
  x = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
  y = tf.tensor1d([1, 2, 3]);
});

/** A linear model with squared error, with changes. */
function options(changes: object): Parameters<typeof hessian>[0] {
  const defaults = {
    model: (input: tf.Tensor2D) => tf.squeeze(tf.matMul(input, W as tf.Tensor2D), [1]),
    loss: (outputs: tf.Tensor, target: tf.Tensor) => tf.losses.meanSquaredError(target, outputs),
    parameters: [W],
    data: [[x, y]],
  };
  return { ...defaults, ...changes } as never;
}

describe('at once', () => {
  test.each<[string, () => object, string]>([
    [
      'a model of the wrong kind',
      () => ({ model: 3 }),
      'hessian: model must be a function x -> outputs, a tf.LayersModel or a tf.GraphModel, got number',
    ],
    [
      'a loss that is no function',
      () => ({ loss: 'mse' }),
      'hessian: loss must be a function (outputs, y) -> scalar, got string',
    ],
    ['no parameters', () => ({ parameters: [] }), 'hessian: no parameters; pass parameters: an array of tf.Variable'],
    ['a function without parameters', () => ({ parameters: undefined }), 'hessian: no parameters; pass parameters'],
    [
      'a parameter that is no variable',
      () => ({ parameters: [x] }),
      'hessian: parameters[0] must be a tf.Variable (or a weight of a tf.LayersModel), got object',
    ],
    ['a parameter twice', () => ({ parameters: [W, W] }), "hessian: parameters[1] ('W') is in the list twice"],
    [
      'an int32 parameter',
      () => ({ parameters: [counter] }),
      "hessian: parameters[0] ('n') must be float32, got int32",
    ],
    ['empty data', () => ({ data: [] }), 'hessian: data is empty; pass at least one batch [x, y]'],
    [
      'data of the wrong kind',
      () => ({ data: 7 }),
      'hessian: data must be an array or iterable of batches [x, y], a tf.data.Dataset, or a function that returns one, ',
    ],
    [
      'an unknown reduction',
      () => ({ reduction: 'max' }),
      "hessian: reduction must be one of 'mean', 'sum', got 'max'",
    ],
    ['an unknown mode', () => ({ mode: 'both' }), "hessian: mode must be one of 'forward', 'reverse', got 'both'"],
  ])('%s', (_, changes, message) => {
    const attempt = () => hessian(options(changes()));
    expect(attempt).toThrow(ArgumentError);
    expect(attempt).toThrow(message);
  });

  test('a disposed parameter', () => {
    const gone = tf.variable(tf.ones([2, 1]), true, 'gone');
    gone.dispose();
    expect(() => hessian(options({ parameters: [gone] }))).toThrow("hessian: parameters[0] ('gone') is disposed");
  });
});

describe('at the first product', () => {
  test.each<[string, () => object, new () => Error, string]>([
    ['data that turns out empty', () => ({ data: function* () {} }), ArgumentError as never, 'hessian: data is empty'],
    [
      'a batch that is no pair',
      () => ({ data: [[x, y], [x]] }),
      ArgumentError as never,
      'hessian: batch 1 of data must be a pair [x, y] or { xs, ys }',
    ],
    [
      'a batch without samples',
      () => ({ data: [[3, y]], model: () => W }),
      ArgumentError as never,
      "hessian: batch 0 has no leading axis of samples in x, which reduction: 'mean' weights it by",
    ],
    [
      'a loss that is no scalar',
      () => ({ loss: (outputs: tf.Tensor) => outputs }),
      ArgumentError as never,
      'hessian: loss (batch 0) must return a scalar, got a tensor of shape [3]; reduce it with tf.mean or tf.sum',
    ],
    [
      'a loss that is no tensor',
      () => ({ loss: () => 3 }),
      ArgumentError as never,
      'hessian: loss (batch 0) must return a tensor, got number',
    ],
    [
      'a loss that is NaN',
      () => ({
        data: [
          [x, y],
          [x, tf.tensor1d([1, Number.NaN, 3])],
        ],
      }),
      NumericalError as never,
      'hessian: loss returned NaN for batch 1; its derivatives are not defined',
    ],
  ])('%s', async (_, changes, kind, message) => {
    const H = hessian(options(changes()));
    const { numTensors } = tf.memory();
    const failure = await H.matmat(X).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(kind);
    expect((failure as Error).message).toContain(message);
    expect(tf.memory().numTensors).toBe(numTensors);
    await expect(H.matmat(X)).rejects.toThrow(message);
  });

  test('an error of the model comes through, and the kernels are the original ones', async () => {
    const kernels = tf.getKernelsForBackend('cpu');
    const model = (input: tf.Tensor2D) => {
      tf.matMul(input, W as tf.Tensor2D);
      throw new RangeError('no such layer');
    };
    await expect(hessian(options({ model })).matmat(X)).rejects.toThrow(new RangeError('no such layer'));
    expect(new Set(tf.getKernelsForBackend('cpu'))).toEqual(new Set(kernels));
    expect(tf.getKernelsForBackend('cpu').every((kernel) => kernels.includes(kernel))).toBe(true);
  });

  describe('a kernel without a rule', () => {
    beforeAll(() => {
      tf.registerKernel({
        kernelName: 'Mystery',
        backendName: 'cpu',
        kernelFunc: ({ inputs }) => tf.mul(inputs.x as tf.Tensor, 2),
      });
      tf.registerGradient({ kernelName: 'Mystery', gradFunc: (dy) => ({ x: () => tf.mul(dy as tf.Tensor, 2) }) });
    });
    afterAll(() => {
      tf.unregisterKernel('Mystery', 'cpu');
      tf.unregisterGradient('Mystery');
    });
    const mystery = (input: tf.Tensor2D) => {
      const outputs = tf.squeeze(tf.matMul(input, W as tf.Tensor2D), [1]);
      return tf.engine().runKernel('Mystery', { x: outputs }) as tf.Tensor;
    };

    test('is named, with the way out', async () => {
      const { numTensors } = tf.memory();
      const failure = await hessian(options({ model: mystery }))
        .matmat(X)
        .catch((error: Error) => error);
      expect(failure).toBeInstanceOf(UnsupportedError);
      expect((failure as Error).message).toMatch(
        /^hessian: there is no tangent rule for TensorFlow.js kernel 'Mystery'/,
      );
      expect((failure as Error).message).toContain("mode: 'reverse'");
      expect(tf.memory().numTensors).toBe(numTensors);
    });

    test("is no obstacle for mode: 'reverse'", async () => {
      const H = hessian(options({ model: mystery, mode: 'reverse' }));
      // Mean of (2 x w - y)^2: 8/3 X^T X.
      const { data } = await H.matmat(X);
      expect(data[0]).toBeCloseTo(8, 5);
      expect(data[1]).toBeCloseTo(8, 5);
      H.dispose();
    });

    test('is none at all where nothing depends on it', async () => {
      const model = (input: tf.Tensor2D) => {
        mystery(input);
        return tf.squeeze(tf.matMul(input, W as tf.Tensor2D), [1]);
      };
      const H = hessian(options({ model }));
      expect((await H.matmat(X)).data[0]).toBeCloseTo(2, 5);
      H.dispose();
    });
  });

  test("mode: 'reverse' names a kernel that TensorFlow.js has no gradient of", async () => {
    const loss = (outputs: tf.Tensor) => tf.prod(outputs);
    await expect(hessian(options({ loss, mode: 'reverse' })).matmat(X)).rejects.toThrow(
      /^hessian: mode: 'reverse' cannot differentiate the gradient, because TensorFlow.js has no gradient of its kernel 'Cumprod'/,
    );
  });
});

describe('at a product', () => {
  test('a block of the wrong shape or kind', async () => {
    const H = hessian(options({}));
    const tall = H.matmat({ rows: 3, cols: 1, data: new Float32Array(3) });
    await expect(tall).rejects.toThrow(new ShapeError('hessian: matmat: expected a 2 x 1 block, got 3 x 1'));
    await expect(H.matmat({ ...X, data: new Float32Array(3) })).rejects.toThrow(ShapeError);
    await expect(H.matmat([1, 2] as never)).rejects.toThrow(/^hessian: matmat: expected a Block/);
    await expect(H.matmat(null as never)).rejects.toThrow(/^hessian: matmat: expected a Block/);
    H.dispose();
  });

  test('a disposed operator', async () => {
    const H = hessian(options({}));
    await H.matmat(X);
    H.dispose();
    H.dispose();
    await expect(H.matmat(X)).rejects.toThrow(new ArgumentError('hessian: the operator is disposed; make a new one'));
  });

  test('a parameter that was assigned since the first product', async () => {
    const H = hessian(options({}));
    await H.matmat(X);
    const value = tf.tensor2d([5, 6], [2, 1]);
    W.assign(value);
    await expect(H.matmat(X)).rejects.toThrow("hessian: parameter 'W' was assigned after the first product");
    H.dispose();
    value.dispose();
  });
});
