/** What goes wrong says so, names the place and leaves TensorFlow.js as it was. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { ArgumentError, NumericalError, ShapeError, UnsupportedError } from '../../src/core/errors.ts';
import { ggn, hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';

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
      'hessian: model must be a function x -> outputs, a tf.LayersModel or a tf.GraphModel, got 3',
    ],
    [
      'a loss that is no function',
      () => ({ loss: 'mse' }),
      "hessian: loss must be a function (outputs, y) -> scalar or one of 'softmaxCrossEntropy', ",
    ],
    ['no parameters', () => ({ parameters: [] }), 'hessian: no parameters; pass parameters: an array of tf.Variable'],
    ['a function without parameters', () => ({ parameters: undefined }), 'hessian: no parameters; pass parameters'],
    [
      'a parameter that is no variable',
      () => ({ parameters: [x] }),
      'hessian: parameters[0] must be a tf.Variable (or a weight or layer of a tf.LayersModel, ',
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
      () => ({ data: () => [[x, y], [x]] }),
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

    test('is named by ggn, which has no such way', async () => {
      const failure = await ggn(options({ model: mystery }))
        .matmat(X)
        .catch((error: Error) => error);
      expect((failure as Error).message).toMatch(
        /^ggn: there is no tangent rule for TensorFlow.js kernel 'Mystery', .*Write that part of the model with other operations$/,
      );
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

  test("mode: 'reverse' names a kernel that has no gradient", async () => {
    const gradientOfSinh = tf.getGradient('Sinh');
    const cosh = tf.customGrad((v) => ({
      value: tf.cosh(v as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.sinh(v as tf.Tensor)),
    })) as unknown as (v: tf.Tensor) => tf.Tensor;
    tf.unregisterGradient('Sinh');
    try {
      const loss = (outputs: tf.Tensor) => tf.sum(cosh(outputs));
      await expect(hessian(options({ loss, mode: 'reverse' })).matmat(X)).rejects.toThrow(
        /^hessian: mode: 'reverse' cannot differentiate the gradient, because TensorFlow.js has no gradient of its kernel 'Sinh'/,
      );
    } finally {
      tf.registerGradient(gradientOfSinh);
    }
  });
});

describe('at a product', () => {
  test('a block of the wrong shape or kind', async () => {
    const H = hessian(options({}));
    const tall = H.matmat({ rows: 3, cols: 1, data: new Float32Array(3) });
    await expect(tall).rejects.toThrow(new ShapeError('hessian: X: expected a 2 x 1 block, got 3 x 1'));
    await expect(H.matmat({ ...X, data: new Float32Array(3) })).rejects.toThrow(ShapeError);
    await expect(H.matmat([1, 2] as never)).rejects.toThrow(/^hessian: expected a Block/);
    await expect(H.matmat(null as never)).rejects.toThrow(/^hessian: expected a Block/);
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
    const before = tf.tensor2d(await W.data(), [2, 1]);
    W.assign(value);
    await expect(H.matmat(X)).rejects.toThrow("hessian: parameter 'W' was assigned since the batches were recorded");
    H.dispose();
    W.assign(before);
    tf.dispose([value, before]);
  });
});

describe('the checks at the first product', () => {
  const broken = async (changes: object, kind: new () => Error, message: string | RegExp) => {
    const H = hessian(options(changes));
    const { numTensors } = tf.memory();
    const failure = await H.matmat(X).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(kind);
    expect((failure as Error).message).toMatch(message);
    expect(tf.memory().numTensors).toBe(numTensors);
  };

  test('dropout: the measured difference and the usual causes', async () => {
    // another mask for each call, the same ones for each run of this test: few samples often meet the same mask twice
    let calls = 0;
    const model = (input: tf.Tensor2D) =>
      tf.squeeze(tf.dropout(tf.matMul(input, W as tf.Tensor2D), 0.5, undefined, ++calls), [1]);
    const message =
      /^hessian: the model is not deterministic: two gradients at the same point differ by \d\.\de[+-]\d+ \(relative\)\. Usual causes: active dropout, data that is shuffled or augmented anew on each pass, batch normalisation in training mode/;
    await broken({ model }, NumericalError as never, message);
  });

  test('augmented data', async () => {
    let pass = 0;
    const data = () => [[tf.add(x, pass++), y]];
    await expect(hessian(options({ data })).matmat(X)).rejects.toThrow(/not deterministic/);
  });

  /** The loss, on each pass larger than on the one before by this factor; zero at W, with its gradient, if `fits`. */
  const drifting = (drift: number, fits: boolean) => {
    let pass = 0;
    const loss = (outputs: tf.Tensor, target: tf.Tensor) =>
      tf.mul(tf.losses.meanSquaredError(fits ? target : tf.add(target, 1), outputs), 1 + drift * pass++);
    return options({ loss });
  };

  test.each([5e-3, 3e-4])('gradients or products that differ by %d from pass to pass are refused', async (drift) => {
    for (const [what, fits] of [
      ['gradients', false],
      ['products', true],
    ] as const) {
      const error = (await hessian(drifting(drift, fits))
        .matmat(X)
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )) as NumericalError;
      expect(error).toBeInstanceOf(NumericalError);
      expect(error.message).toMatch(
        `not deterministic: two ${what} at the same point differ by ${drift.toExponential(1)}`,
      );
    }
  });

  test('a difference in a later batch is refused, another order of the batches accepted', async () => {
    const other = tf.tensor2d([0.5, -1, 2, 0.3], [2, 2]);
    const batches = [
      [x, y],
      [other, tf.tensor1d([1, -1])],
    ] as [tf.Tensor2D, tf.Tensor1D][];
    let calls = 0;
    const noisy = (input: tf.Tensor2D) => {
      if (input.shape[0] === 2) calls++;
      return tf.squeeze(tf.matMul(input, tf.mul(W, input.shape[0] === 2 ? calls : 1) as tf.Tensor2D), [1]);
    };
    await expect(hessian(options({ data: batches, model: noisy })).matmat(X)).rejects.toThrow(/two losses at/);
    const inOrder = hessian(options({ data: batches }));
    const turned = hessian(options({ data: () => batches.reverse() }));
    expect(relativeError((await turned.matmat(X)).data, (await inOrder.matmat(X)).data)).toBeLessThan(1e-6);
    inOrder.dispose();
    turned.dispose();
  });

  test.each([
    ['larger', (later: tf.Tensor2D) => tf.add(later, 1)],
    ['of other signs', (later: tf.Tensor2D) => tf.mul(later, tf.tensor2d([-1, -1, 1, 1, 1, 1], [3, 2]))],
    ['not moved', (later: tf.Tensor2D) => later],
  ])('a later batch of the same kernels whose numbers are %s the second time', async (what, change) => {
    const later = tf.tensor2d([0.5, -1, 2, 0.3, 1, -0.7], [3, 2]);
    let pass = 0;
    const data = () => [
      [x, y],
      [pass++ === 1 ? change(later) : tf.clone(later), y],
    ];
    const product = hessian(options({ data })).matmat(X);
    if (what === 'not moved') expect((await product).data).toHaveLength(2);
    else await expect(product).rejects.toThrow(/two losses at/);
  });

  test.each([
    [undefined, 3 + 1],
    [false, 3 + 3 + 3],
  ])('with cache: %s the model runs %d times on three batches for the first product', async (cache, runs) => {
    let calls = 0;
    const model = (input: tf.Tensor2D) => {
      calls++;
      return tf.squeeze(tf.matMul(input, W as tf.Tensor2D), [1]);
    };
    const H = hessian(options({ model, data: [1, 2, 3].map((factor) => [tf.mul(x, factor), y]), cache }));
    await H.matmat(X);
    expect(calls).toBe(runs);
    H.dispose();
  });

  test('differences at rounding level are accepted', async () => {
    for (const fits of [false, true]) {
      const H = hessian(drifting(1e-5, fits));
      expect((await H.matmat(X)).data).toHaveLength(2);
      H.dispose();
    }
  });

  test('products that are asymmetric by a few in a thousand are refused, by a few in ten thousand accepted', async () => {
    const slopes = (excess: number) => (v: tf.Tensor) => ({
      value: tf.square(v),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(v, tf.tensor2d([2 * (1 + excess), 2], [2, 1]))),
    });
    const make = (excess: number) => {
      const square = tf.customGrad(slopes(excess) as never) as unknown as (v: tf.Tensor) => tf.Tensor;
      return hessian(options({ loss: () => tf.sum(tf.mul(square(W), tf.reverse(W, 0))) }));
    };
    // the probes of two rows happen to be nearly parallel, and see a hundredth of it
    await expect(make(0.4).matmat(X)).rejects.toThrow(/not symmetric: measured asymmetry [2-9]\.\de-3/);
    const H = make(0.03);
    expect((await H.matmat(X)).data).toHaveLength(2);
    H.dispose();
  });

  test('products that are not symmetric, because a gradient is wrong', async () => {
    const threefold = (v: tf.Tensor) => ({
      value: tf.square(v),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(v, tf.tensor2d([3, 1], [2, 1]))),
    });
    const wrong = tf.customGrad(threefold as never) as unknown as (v: tf.Tensor) => tf.Tensor;
    const loss = () => tf.sum(tf.mul(wrong(W), tf.reverse(W, 0)));
    await broken(
      { loss },
      NumericalError as never,
      /^hessian: products of batch 0 are not symmetric: measured asymmetry \d\.\de-\d, at most 1\.0e-3 is rounding/,
    );
    const H = hessian(options({ loss, check: false }));
    await H.matmat(X);
    H.dispose();
  });

  describe('a wrong gradient that only a later batch calls is refused', () => {
    const threefold = (v: tf.Tensor) => ({
      value: tf.square(v),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(v, tf.tensor2d([3, 1], [2, 1]))),
    });
    const wrong = tf.customGrad(threefold as never) as unknown as (v: tf.Tensor) => tf.Tensor;
    /** Two equal batches and a later one; `isWrong` says which meet the wrong gradient. */
    const make = (isWrong: (input: tf.Tensor) => boolean, later: [tf.Tensor, tf.Tensor]) => {
      const square = (input: tf.Tensor) => (isWrong(input) ? wrong(W) : tf.square(W));
      const model = (input: tf.Tensor2D) =>
        tf.add(tf.squeeze(tf.matMul(input, W as tf.Tensor2D), [1]), tf.sum(tf.mul(square(input), tf.reverse(W, 0))));
      return hessian(options({ model, data: [[x, y], [x, y], later] }));
    };
    const refusal = (batch: number) => new RegExp(`: products of batch ${batch} are not symmetric: measured`);

    test('because of its shape', async () => {
      const isTall = ({ shape }: tf.Tensor) => shape[0] === 4;
      await expect(make(isTall, [tf.ones([4, 2]), tf.ones([4])]).matmat(X)).rejects.toThrow(refusal(2));
    });

    test('because of its numbers', async () => {
      const isNegative = (input: tf.Tensor) => input.dataSync()[0]! < 0;
      await expect(make(isNegative, [tf.neg(x), y]).matmat(X)).rejects.toThrow(refusal(2));
    });

    test('and nothing is refused where none does', async () => {
      const H = make(() => false, [tf.ones([4, 2]), tf.ones([4])]);
      expect((await H.matmat(X)).data).toHaveLength(2);
      H.dispose();
    });
  });

  test('products that are zero up to rounding are rounding, not asymmetry', async () => {
    // a softmax sums to one, wherever W is
    const model = (input: tf.Tensor2D) => tf.softmax(tf.matMul(input, tf.reshape(W, [1, 2])));
    const loss = (outputs: tf.Tensor) => tf.mul(tf.sum(outputs), 1e4);
    const input = tf.tensor2d([0.3, -1.1, 0.7, 1.9, -0.2, 0.5, 1.3], [7, 1]);
    const H = hessian(options({ model, loss, data: [[input, input]] }));
    const { data } = await H.matmat(X);
    expect(data.some((value) => value !== 0)).toBe(true);
    expect(Math.max(...data.map(Math.abs))).toBeLessThan(1e-2);
    H.dispose();
    input.dispose();
  });

  test('a parameter that the loss does not depend on', async () => {
    const idle = tf.variable(tf.ones([2]), true, 'idle');
    const H = hessian(options({ parameters: [W, idle] }));
    await expect(H.loss()).rejects.toThrow(
      "hessian: the loss does not depend on parameter 'idle'; leave them out, or pass check: false to have zero rows",
    );
  });

  test('a generator object instead of a function that makes one', async () => {
    function* batches() {
      yield [x, y];
    }
    await broken(
      { data: batches() },
      ArgumentError as never,
      /^hessian: data gave 1 batches on the first pass and 0 on a later one; pass an array, or a function that returns a fresh generator each time, not a generator object/,
    );
  });

  test('batches of different shapes', async () => {
    const wide = tf.ones([3, 4]);
    const data = [
      [x, y],
      [wide, y],
    ];
    const model = (input: tf.Tensor) => tf.mul(tf.sum(input, 1), tf.sum(W));
    await broken(
      { data, model },
      ArgumentError as never,
      'hessian: batch 1 has x [samples, 4], batch 0 has x [samples, 2]; pass check: false if that is meant',
    );
    const H = hessian(options({ data, model, check: false }));
    await H.matmat(X);
    H.dispose();
  });

  test('a loss that is not convex in the outputs', async () => {
    const loss = (outputs: tf.Tensor) => tf.neg(tf.sum(tf.square(outputs)));
    await expect(ggn(options({ loss })).matmat(X)).rejects.toThrow(
      /^ggn: a product v\^T G v of batch 0 is negative \(-\d\.\de[+-]\d+ relative\), so the loss is not convex/,
    );
    const G = ggn({ ...options({ loss }), convex: false });
    expect((await G.matmat(X)).data[0]).toBeLessThan(0);
    G.dispose();
  });
});

describe('models and data', () => {
  test('a model without trainable parameters', () => {
    const layer = layers.layers.dense({ units: 1, inputShape: [2] });
    const model = layers.sequential({ layers: [layer] });
    layer.trainable = false;
    expect(() => hessian(options({ model, parameters: undefined }))).toThrow(
      'hessian: the model has no trainable parameters: 2 weights are frozen (trainable: false)',
    );
  });

  test('a filter without a model that has names', () => {
    expect(() => hessian(options({ parameters: /kernel/ }))).toThrow(
      'hessian: parameters can be a filter on names only for a tf.LayersModel or tf.GraphModel; pass a list',
    );
  });

  test('a tensor of the data that was disposed', async () => {
    const gone = tf.ones([3]);
    gone.dispose();
    await expect(hessian(options({ data: [[x, { target: gone }]] })).matmat(X)).rejects.toThrow(
      new ArgumentError('hessian: y.target of batch 0 is disposed'),
    );
  });

  test('a kernel without a gradient names the layer that calls it', async () => {
    class Flip extends layers.layers.Layer {
      static className = 'Flip';
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return tf.image.flipLeftRight((Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D);
      }
      override computeOutputShape(shape: number[]) {
        return shape;
      }
    }
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [3, 3, 1] }),
        new Flip({ name: 'mirror' }) as never,
      ],
    });
    const images = tf.ones([2, 3, 3, 1]);
    const H = hessian({ model, loss: (outputs: tf.Tensor) => tf.mean(outputs), data: [[images, y]] });
    await expect(H.loss()).rejects.toThrow(
      "hessian: TensorFlow.js has no gradient of its kernel 'FlipLeftRight', which layer 'mirror' calls",
    );
  });

  test('memory that is no number of bytes', () => {
    expect(() => hessian(options({ memory: 0 }))).toThrow(
      "hessian: memory must be a number of bytes or like '300MB' or '2GiB', got 0",
    );
  });
});
