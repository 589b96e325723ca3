/** What TensorFlow.js throws for a model is said with the kernel, the layer and a way out. */
import { layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, NumericalError, UnsupportedError } from '../../src/core/errors.ts';
import { ggn, gradient, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

let W: tf.Variable;
let x: tf.Tensor2D;
beforeAll(async () => {
  await useBackend('cpu');
  W = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
  x = tf.ones([3, 2]);
});

const loss = (outputs: tf.Tensor) => tf.sum(outputs) as tf.Tensor;
const failureOf = async (run: () => Promise<unknown>): Promise<UnsupportedError> => {
  const { numTensors } = tf.memory();
  const failure = await run().catch((error: Error) => error);
  expect(failure).toBeInstanceOf(UnsupportedError);
  expect(tf.memory().numTensors).toBe(numTensors);
  return failure as UnsupportedError;
};

describe('a kernel without a gradient', () => {
  // Rolls the rows of x W, by a kernel that TensorFlow.js has no gradient of.
  const model = (input: tf.Tensor) =>
    tf.image.flipLeftRight(tf.reshape(tf.matMul(input as tf.Tensor2D, W as tf.Tensor2D), [1, 3, 2, 1]) as tf.Tensor4D);
  const given = () => ({ model, loss, parameters: [W], data: [[x, x]] as [tf.Tensor, tf.Tensor][] });

  test.each<[string, () => Promise<unknown>]>([
    ['hessian', () => hessian(given()).loss()],
    ['ggn', () => ggn(given()).loss()],
    [
      'jacobian',
      () => {
        const { loss: _, ...outputs } = given();
        return jacobian(outputs);
      },
    ],
    ['gradient', () => gradient(given())],
  ])('is named by %s', async (name, run) => {
    const { message } = await failureOf(run);
    // What is carried forward needs a rule, what is carried backward a gradient.
    const missing =
      /^\w+: (there is no tangent rule for TensorFlow\.js|TensorFlow\.js has no gradient of its) kernel 'FlipLeftRight'/;
    expect(message).toMatch(missing);
    expect(message.startsWith(`${name}: `)).toBe(true);
  });
});

describe('a gradient that fails', () => {
  const sinh = tf.getGradient('Sinh');
  const broken = async <T>(run: () => Promise<T>): Promise<T> => {
    tf.unregisterGradient('Sinh');
    tf.registerGradient({ ...sinh, gradFunc: () => ({ x: () => tf.ones([7]) }) });
    try {
      return await run();
    } finally {
      tf.unregisterGradient('Sinh');
      tf.registerGradient(sinh);
    }
  };
  const message =
    /TensorFlow\.js's kernel 'Sinh'(, which layer 'curve' calls,)? cannot be differentiated on backend 'cpu': Error in gradient for op Sinh\. .*has shape '7'.* Mend its arguments, write that part of the model with other operations, or try another backend$/;

  test('is named with its kernel, also by gradient', async () => {
    const given = {
      model: (input: tf.Tensor2D) => tf.sinh(tf.matMul(input, W as tf.Tensor2D)),
      loss,
      parameters: [W],
      data: [[x, x]] as [tf.Tensor2D, tf.Tensor2D][],
    };
    const runs: (() => Promise<unknown>)[] = [() => hessian(given).loss(), () => gradient(given)];
    for (const run of runs) {
      const failure = await failureOf(() => broken(run));
      expect(failure.message).toMatch(message);
      expect(failure.values.kernel).toBe('Sinh');
    }
  });

  test('is named with its layer', async () => {
    class Curve extends layers.Layer {
      static className = 'Curve';
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return tf.sinh([inputs].flat()[0]!);
      }
      override computeOutputShape(shape: number[]) {
        return shape;
      }
    }
    const model = sequential({
      layers: [layers.dense({ units: 2, inputShape: [2] }), new Curve({ name: 'curve' }) as never],
    });
    const failure = await failureOf(() => broken(() => hessian({ model, loss, data: [[x, x]] }).loss()));
    expect(failure.values).toMatchObject({ kernel: 'Sinh', layer: 'curve' });
    expect(failure.message).toMatch(message);
  });
});

test('a kernel that refuses what it is given', async () => {
  const model = (input: tf.Tensor2D) => tf.gather(tf.matMul(input, W as tf.Tensor2D), tf.tensor1d([0, 9], 'int32'));
  const failure = await failureOf(() => hessian({ model, loss, parameters: [W], data: [[x, x]] }).loss());
  expect(failure.message).toMatch(/^hessian: TensorFlow\.js's kernel 'GatherV2' fails on backend 'cpu': .*9 is not in/);
});

describe('an operation that does not take what it is given', () => {
  const given = () => ({ parameters: [W], data: [[x, x]] as [tf.Tensor2D, tf.Tensor2D][], loss });
  const planar = (input: tf.Tensor) => tf.conv2d(input as tf.Tensor4D, W as never, 1, 'same');

  test.each<[string, () => Promise<unknown>]>([
    ['hessian', () => hessian({ ...given(), model: planar }).loss()],
    ['ggn', () => ggn({ ...given(), model: planar }).loss()],
    ['gradient', () => gradient({ ...given(), model: planar })],
    ['jacobian', () => jacobian({ model: planar, parameters: [W], data: [[x, x]] })],
  ])('is named by %s', async (name, run) => {
    const { message, values } = await failureOf(run);
    expect(message).toMatch(
      new RegExp(
        `^${name}: TensorFlow\\.js's operation 'conv2d' does not take what it is given on backend 'cpu': Error in conv2d: input must ` +
          'be rank 4, but got rank 2.*\\. Mend its arguments',
      ),
    );
    expect(values).toMatchObject({ operation: 'conv2d' });
  });

  test('also where a kernel refuses, and nothing is recorded', async () => {
    const model = (input: tf.Tensor2D) => tf.gather(tf.matMul(input, W as tf.Tensor2D), tf.tensor1d([9], 'int32'));
    const { message } = await failureOf(() => gradient({ ...given(), model }));
    expect(message).toMatch(
      /^gradient: TensorFlow\.js's operation 'gather' does not take .*the index value 9 is not in/,
    );
  });

  test('a tensor that is gone', async () => {
    const gone = tf.ones([2, 2]);
    gone.dispose();
    const model = (input: tf.Tensor2D) => tf.matMul(tf.matMul(input, W as tf.Tensor2D), gone as tf.Tensor2D);
    for (const run of [() => hessian({ ...given(), model }).loss(), () => gradient({ ...given(), model })]) {
      const { message } = await failureOf(run);
      expect(message).toMatch(
        /TensorFlow\.js's operation 'matMul' is given a tensor that is disposed on backend 'cpu'/,
      );
    }
  });

  test('y of another shape than the outputs', async () => {
    const model = (input: tf.Tensor2D) => tf.matMul(input, W as tf.Tensor2D);
    const ownLoss = (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.meanSquaredError(y, outputs);
    const wrong = { ...given(), model, loss: ownLoss, data: [[x, tf.ones([3, 5])]] };
    const { message } = await failureOf(() => hessian(wrong as never).loss());
    expect(message).toMatch(/operation 'meanSquaredError' .*Shapes 3,5 and 3,2 must match/);
  });

  test('in a layer, which is named', async () => {
    class Wrong extends layers.Layer {
      static className = 'Wrong';
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return tf.avgPool([inputs].flat()[0]! as never, 2, 1, 'valid');
      }
      override computeOutputShape(shape: number[]) {
        return shape;
      }
    }
    const model = sequential({
      layers: [layers.dense({ units: 2, inputShape: [2] }), new Wrong({ name: 'pool' }) as never],
    });
    const failure = await failureOf(() => gradient({ model, loss, data: [[x, x]] }));
    expect(failure.values).toMatchObject({ operation: 'avgPool', layer: 'pool' });
    expect(failure.message).toMatch(/operation 'avgPool', which layer 'pool' calls, does not take/);
  });
});

describe('what is wrong before any kernel', () => {
  const message = async (run: () => Promise<unknown>, kind: new (text: string) => Error): Promise<string> => {
    const failure = await run().catch((error: Error) => error);
    expect(failure).toBeInstanceOf(kind);
    return (failure as Error).message;
  };
  const dense = () => sequential({ layers: [layers.dense({ units: 2, inputShape: [2], name: 'last' })] });

  test('x that tfjs-layers refuses', async () => {
    for (const wrong of [tf.ones([3, 5]), [x, x], tf.tensor(['a', 'b'], [1, 2])]) {
      const data = [[wrong, x]] as never;
      const runs = [() => hessian({ model: dense(), loss, data }).loss(), () => jacobian({ model: dense(), data })];
      for (const run of runs) expect(await message(run, ArgumentError)).toMatch(/^\w+: x does not fit the model: /);
    }
  });

  test('a model that is disposed', async () => {
    const model = dense();
    model.dispose();
    for (const run of [() => gradient({ model, loss, data: [[x, x]] }), () => jacobian({ model, data: [[x, x]] })]) {
      expect(await message(run, ArgumentError)).toMatch(/^\w+: model is disposed: .* Make or load it again$/);
    }
  });

  test('outputs that are disposed, or without numbers', async () => {
    const given = { parameters: [W], data: [[x, x]] as [tf.Tensor2D, tf.Tensor2D][] };
    const disposing = (input: tf.Tensor2D) => {
      const outputs = tf.matMul(input, W as tf.Tensor2D);
      outputs.dispose();
      return outputs;
    };
    expect(await message(() => jacobian({ ...given, model: disposing }), ArgumentError)).toMatch(
      'jacobian: model returned a tensor that it has disposed',
    );
    const empty = (input: tf.Tensor2D) => tf.slice(tf.matMul(input, W as tf.Tensor2D), [0, 0], [0, 2]);
    expect(await message(() => ggn({ ...given, model: empty, loss }).loss(), ArgumentError)).toMatch(
      'ggn: the model returned a tensor of the shape [0,2], without numbers',
    );
  });

  test('labels that are no class', async () => {
    const data = [[x, tf.tensor1d([0, 1, 7])]] as never;
    expect(
      await message(() => gradient({ model: dense(), loss: 'softmaxCrossEntropy', data }), NumericalError),
    ).toMatch(/^gradient: loss returned NaN for batch 0; .*labels that are no class/);
  });
});

test("errors of the user's own gradients and functions come through", async () => {
  const custom = tf.customGrad((v) => ({
    value: tf.square(v as tf.Tensor),
    gradFunc: () => {
      throw new Error('not today');
    },
  })) as unknown as (v: tf.Tensor) => tf.Tensor;
  const given = { loss, parameters: [W], data: [[x, x]] as [tf.Tensor2D, tf.Tensor2D][] };
  const model = (input: tf.Tensor2D) => custom(tf.matMul(input, W as tf.Tensor2D));
  await expect(hessian({ ...given, model }).loss()).rejects.toThrow(new Error('not today'));
  const throwing = () => {
    throw new Error('nor tomorrow');
  };
  await expect(gradient({ ...given, model: throwing as never })).rejects.toThrow(new Error('nor tomorrow'));
});
