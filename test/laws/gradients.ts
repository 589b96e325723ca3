/**
 * What the gradient function of every kernel must do on every backend: be the transpose of its tangent rule, which is
 * tested against differences; and be differentiable itself, at any depth, with the right derivative.
 */
import * as tf from '@tensorflow/tfjs-core';
import { gradient, hessian } from '../../src/tfjs/index.ts';
import { expect, test } from '../support/jest.ts';
import { CASES, type Case } from '../tfjs/rules/cases.ts';
import { draw, runKernel, uniform } from './rules.ts';

/** Kernels that only run inside operations with gradients of their own, or that no gradient here calls. */
const WITHOUT = new Set(['FusedConv2D', 'FusedDepthwiseConv2D', '_FusedMatMul', 'LRNGrad']);

const EXAMPLES = CASES.filter(({ kernel }) => !WITHOUT.has(kernel)).map(
  (example) => [example.kernel, example.what, example] as const,
);

/** The first case of each kernel. */
const ONE_EACH = EXAMPLES.filter(([kernel], i) => EXAMPLES.findIndex(([other]) => other === kernel) === i);

interface Setting {
  readonly variables: tf.Variable[];
  /** Weights of the float outputs, and directions of the variables. */
  readonly weights: tf.Tensor[];
  readonly directions: tf.Tensor[];
  /** sum of <weights, outputs>, with the variables or what stands for them. */
  readonly value: (moving: readonly tf.Tensor[], weights: readonly tf.Tensor[]) => tf.Scalar;
  readonly data: [tf.Tensor, tf.Tensor][];
  readonly dispose: () => void;
}

function settingOf(example: Case): Setting {
  const next = uniform();
  const inputs = Object.fromEntries(Object.entries(example.inputs).map(([name, input]) => [name, draw(input, next)]));
  const names = example.moving ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'float32');
  const variables = names.map((name) => tf.variable(inputs[name]!));
  const directions = names.map((name) => draw({ shape: inputs[name]!.shape }, next));
  const outputsAt = (moving: readonly tf.Tensor[]): tf.Tensor[] => {
    const given = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, moving[i]!])) };
    return runKernel(example, given).filter(({ dtype }) => dtype === 'float32');
  };
  const weights = tf.tidy(() => outputsAt(variables).map(({ shape }) => draw({ shape }, next)));
  const one = tf.ones([1]);
  return {
    variables,
    weights,
    directions,
    value: (moving, by) =>
      tf.addN(outputsAt(moving).map((output, i) => tf.sum(tf.mul(output, by[i]!)))) as unknown as tf.Scalar,
    data: [[one, one]],
    dispose: () => tf.dispose([...Object.values(inputs), ...variables, ...weights, ...directions, one]),
  };
}

/** The numbers of tensors one after the other. */
async function flat(tensors: readonly tf.Tensor[]): Promise<number[]> {
  return (await Promise.all(tensors.map((tensor) => tensor.data()))).flatMap((values) => [...values]);
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, scale: number): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-5 * scale);
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

/** A loss of the variables alone: the data is not looked at. */
const problemOf = ({ data }: Setting, parameters: tf.Variable[], loss: () => tf.Scalar) =>
  ({ model: () => [], loss, parameters, data, reduction: 'sum' }) as never;

/** The tests of every kernel's gradient on a backend, which must be in use when they run: all its cases, or one. */
export function gradientLaws(everyCase: boolean): void {
  test.each(everyCase ? EXAMPLES : ONE_EACH)(
    'the gradient of %s, and the gradient of the gradient: %s',
    async (_kernel, _what, example) => {
      const setting = settingOf(example);
      const { variables, directions, value } = setting;
      const weights = setting.weights.map((weight) => tf.variable(weight));
      const all = [...variables, ...weights];
      // The Hessian of <w, f(x)> by x and w: [[W, J^T], [J, 0]].
      const H = hessian(
        Object.assign(
          problemOf(setting, all, () => value(variables, weights)),
          { check: false },
        ),
      );
      const X = { rows: H.shape[0], cols: 2, data: new Float32Array(2 * H.shape[0]) };
      const fromVariables = await flat(directions);
      const fromWeights = await flat(setting.weights);
      for (const [i, number] of fromVariables.entries()) X.data[2 * i] = number;
      for (const [i, number] of fromWeights.entries()) X.data[2 * (fromVariables.length + i) + 1] = number;
      const products = (await H.matmat(X)).data;
      H.dispose();
      const column = (j: number): number[] => Array.from({ length: H.shape[0] }, (_, i) => products[2 * i + j]!);
      const [byDirection, byWeights] = [column(0), column(1)];
      const count = fromVariables.length;

      // <J^T w, d> = <w, J d>: the gradient function on the left, the tangent rule on the right
      const plain = await gradient(problemOf(setting, variables, () => value(variables, setting.weights)));
      const tangents = byDirection.slice(count);
      const left = plain.gradient.reduce((sum, number, i) => sum + number * fromVariables[i]!, 0);
      const right = tangents.reduce((sum, number, i) => sum + number * fromWeights[i]!, 0);
      expectClose([left], [right], norm(fromWeights) * norm(tangents) + 1e-3);
      expectClose(plain.gradient, byWeights.slice(0, count), norm(plain.gradient) + 1e-3);

      // the gradient of <d, inner gradient by x>: [W d, J d]
      const nested = await gradient(
        problemOf(setting, all, () => {
          const inner = tf.grads((...moving: tf.Tensor[]) => value(moving, weights))(variables);
          return tf.addN(inner.map((each, i) => tf.sum(tf.mul(each, directions[i]!)))) as unknown as tf.Scalar;
        }),
      );
      expectClose(nested.gradient, byDirection, norm(byDirection) + 1e-3);
      tf.dispose(weights);
      setting.dispose();
    },
  );
}
