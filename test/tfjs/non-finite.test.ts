/** Derivatives that are not finite are refused as such, with the kernel, its batch and its layer. */
import { layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { NumericalError } from '../../src/core/errors.ts';
import { ggn, gradient, hessian, hessianOf, useBackend } from '../../src/tfjs/index.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

beforeAll(() => useBackend('cpu'));

const refused = async (run: () => Promise<unknown>): Promise<NumericalError> => {
  const { numTensors } = tf.memory();
  const failure = await run().catch((error: Error) => error);
  expect(failure).toBeInstanceOf(NumericalError);
  expect(tf.memory().numTensors).toBe(numTensors);
  return failure as NumericalError;
};

describe('a norm at 0', () => {
  const made = () => {
    const [W, b] = [tf.variable(tf.tensor1d([1, 2]), true), tf.variable(tf.tensor1d([0, 0]), true)];
    const model = (x: tf.Tensor) => tf.add(tf.mul(x, W), b);
    const loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.norm(tf.sub(outputs, y));
    const x = tf.tensor2d([1, 1], [1, 2]);
    // The second batch fits exactly.
    const data: [tf.Tensor, tf.Tensor][] = [
      [x, tf.tensor2d([0, 1], [1, 2])],
      [x, tf.tensor2d([1, 2], [1, 2])],
    ];
    return { model, loss, data, parameters: [W, b] };
  };
  let it: ReturnType<typeof made>;
  beforeAll(() => {
    it = made();
  });
  const problem = () => it;

  test.each<[string, () => Promise<unknown>]>([
    ['hessian', () => hessian(problem()).loss()],
    ['hessian without checks', () => hessian({ ...problem(), check: false }).loss()],
    ['ggn', () => ggn(problem()).loss()],
    ['gradient', () => gradient(problem())],
  ])('has a gradient that %s says is NaN, and where', async (name, run) => {
    const { message, values } = await refused(run);
    expect(message).toMatch(
      /: the gradient of loss is NaN in parameter '\S+': TensorFlow\.js's kernel 'RealDiv' makes it of finite numbers in batch 1\. .*tf\.sqrt\(tf\.add\(x, 1e-12\)\)$/,
    );
    expect(message.startsWith(`${name.split(' ')[0]}: `)).toBe(true);
    expect(values).toMatchObject({ kernel: 'RealDiv', batch: 1 });
  });
});

describe('a second derivative that is not finite where the gradient is', () => {
  // x sqrt(x): its derivative at 0 is 0, and the second one infinite.
  const threeHalves = tf.customGrad((v) => ({
    value: tf.mul(v as tf.Tensor, tf.sqrt(v as tf.Tensor)),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, tf.mul(1.5, tf.sqrt(v as tf.Tensor))),
  })) as unknown as (v: tf.Tensor) => tf.Tensor;
  const ones = () => tf.ones([1, 2]);
  // In batch 0, or where x is 0 there and 1 in the next.
  const made = (data: tf.Tensor[]) =>
    hessian({
      model: (input: tf.Tensor) => threeHalves(tf.add(tf.mul(input, W), tf.sub(1, input))),
      loss: (outputs: tf.Tensor) => tf.sum(outputs),
      parameters: [W],
      data: data.map((x) => [x, x]),
    });
  let W: tf.Variable;
  beforeAll(() => {
    W = tf.variable(tf.tensor1d([4, 0]), true, 'V');
  });
  const message = (batch: number) =>
    new RegExp(
      "^hessian: a product with the second derivative of loss is -?(Infinity|NaN) in parameter 'V': TensorFlow\\.js's kernel 'Sqrt' " +
        `makes it of finite numbers in batch ${batch}`,
    );

  test('in the first batch, which is probed', async () => {
    const H = made([ones()]);
    expect((await refused(() => H.loss())).message).toMatch(message(0));
  });

  test('in another one, by the first product', async () => {
    const x = [tf.zeros([1, 2]), ones()];
    const H = made(x);
    expect(
      (await refused(() => H.matmat({ rows: 2, cols: 1, data: Float32Array.of(1, 1) }).finally(() => H.dispose())))
        .message,
    ).toMatch(message(1));
  });
});

test('the layer that the kernel belongs to', async () => {
  class Root extends layers.Layer {
    static className = 'Root';
    override call(inputs: tf.Tensor | tf.Tensor[]) {
      return tf.sqrt([inputs].flat()[0]!);
    }
    override computeOutputShape(shape: number[]) {
      return shape;
    }
  }
  const model = sequential({
    layers: [
      layers.dense({ units: 2, inputShape: [2], kernelInitializer: 'zeros' }),
      new Root({ name: 'root' }) as never,
    ],
  });
  const x = tf.ones([1, 2]);
  const loss = (outputs: tf.Tensor) => tf.sum(outputs) as tf.Tensor;
  const { message } = await refused(() => hessian({ model, loss, data: [[x, x]] }).loss());
  expect(message).toMatch(/kernel 'RealDiv' \(at layer 'root'\) makes it of finite numbers in batch 0/);
});

test('of a plain function', async () => {
  const point = tf.tensor1d([0, 0]);
  const H = hessianOf((x) => tf.norm(x as tf.Tensor), point);
  const failure = await H.loss().catch((error: Error) => error);
  expect((failure as Error).message).toMatch(
    /^hessianOf: the gradient of f is NaN in parameter 'x0': .*'RealDiv'.* in x0\./,
  );
  H.dispose();
});
