/**
 * Losses and models that take gradients themselves: against PyTorch in float64 (test/reference/nested_gradients.py) and
 * against slopes written by hand.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { ggn, gradient, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, someColumns, toDense } from '../support/dense.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

type Name = 'critic' | 'burgers' | 'meta';
interface Exact {
  loss: number;
  gradient: number[];
  hessian: number[];
}
const EXACT = JSON.parse(readFileSync('test/reference/nested_gradients.json', 'utf8')) as Record<Name, Exact>;

/** The sines of the script. */
function waves(shape: number[], phase: number, scale = 1): tf.Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => scale * Math.sin(1.7 * i + phase)),
    shape,
  );
}

/** du/dx for each row of x, which rows of u do not share. */
const slope = (u: (x: tf.Tensor) => tf.Tensor) => tf.grad((x: tf.Tensor) => tf.sum(u(x)));

type Loss = (parameters: tf.Tensor[]) => tf.Tensor;

/** Wasserstein critic with a gradient penalty (Gulrajani et al. 2017). */
const critic: Loss = ([k1, b1, k2, w]) => {
  const score = (x: tf.Tensor): tf.Tensor => {
    const first = tf.conv2d(x as tf.Tensor4D, k1 as tf.Tensor4D, 2, 'same');
    const second = tf.conv2d(tf.tanh(tf.add(first, b1!)) as tf.Tensor4D, k2 as tf.Tensor4D, 1, 'valid');
    return tf.matMul(tf.reshape(tf.elu(second), [x.shape[0]!, -1]), w!);
  };
  const [real, fake] = [waves([3, 5, 5, 1], 0.1), waves([3, 5, 5, 1], 0.9, 0.5)];
  const slopes = slope(score)(tf.add(tf.mul(0.3, real), tf.mul(0.7, fake)));
  const norms = tf.sqrt(tf.sum(tf.square(slopes), [1, 2, 3]));
  const penalty = tf.mean(tf.square(tf.sub(norms, 1)));
  return tf.add(tf.sub(tf.mean(score(fake)), tf.mean(score(real))), tf.mul(10, penalty));
};

type Burgers = { u: (x: tf.Tensor, t: tf.Tensor) => tf.Tensor; residual: tf.Tensor; x: tf.Tensor; t: tf.Tensor };

function burgersAt([w1, b1, w2, b2, w3]: tf.Tensor[]): Burgers {
  const u = (x: tf.Tensor, t: tf.Tensor): tf.Tensor => {
    const first = tf.tanh(tf.add(tf.matMul(tf.concat([x, t], 1), w1!), b1!));
    return tf.matMul(tf.sigmoid(tf.add(tf.matMul(first, w2!), b2!)), w3!);
  };
  const [x, t] = [waves([7, 1], 0.4), waves([7, 1], 1.4, 0.5)];
  const byX = slope((at) => u(at, t));
  const byT = slope((at) => u(x, at));
  const residual = tf.sub(tf.add(byT(t), tf.mul(u(x, t), byX(x))), tf.mul(0.1, slope(byX)(x)));
  return { u, residual, x, t };
}

/** Physics-informed network (Raissi et al. 2019) of u_t + u u_x = 0.1 u_xx. */
const burgers: Loss = (parameters) => {
  const { u, residual, x, t } = burgersAt(parameters);
  const start = tf.sub(u(x, tf.zerosLike(t)), tf.sin(x));
  return tf.add(tf.mean(tf.square(residual)), tf.mean(tf.square(start)));
};

/** Two steps of gradient descent inside the loss (Finn, Abbeel & Levine 2017). */
const meta: Loss = (parameters) => {
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 2, 1, 0], 'int32'), 3);
  const task = ([w1, b1, w2, b2]: tf.Tensor[], phase: number): tf.Tensor => {
    const hidden = tf.tanh(tf.add(tf.matMul(waves([6, 2], phase), w1!), b1!));
    return tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(hidden, w2!), b2!));
  };
  const slopes = tf.grads((...weights: tf.Tensor[]) => task(weights, 0.2));
  let adapted = parameters;
  for (let step = 0; step < 2; step++) {
    const steps = slopes(adapted);
    adapted = adapted.map((weight, i) => tf.sub(weight, tf.mul(0.4, steps[i]!)));
  }
  return task(adapted, 0.8);
};

const NETWORKS: Record<Name, { loss: Loss; parameters: () => tf.Tensor[] }> = {
  critic: {
    loss: critic,
    parameters: () => [
      waves([3, 3, 1, 2], 0.3, 0.5),
      waves([2], 0.5, 0.2),
      waves([2, 2, 2, 2], 0.7, 0.5),
      waves([8, 1], 0.2, 0.5),
    ],
  },
  burgers: {
    loss: burgers,
    parameters: () => [
      waves([2, 4], 0.3),
      waves([4], 0.6, 0.3),
      waves([4, 3], 0.9),
      waves([3], 1.2, 0.3),
      waves([3, 1], 1.5),
    ],
  },
  meta: {
    loss: meta,
    parameters: () => [waves([2, 3], 0.1), waves([3], 0.4, 0.3), waves([3, 3], 0.7), waves([3], 1.0, 0.3)],
  },
};

const variablesOf = (make: () => tf.Tensor[]): tf.Variable[] =>
  tf.tidy(() => make().map((tensor) => tf.variable(tensor)));

/** The problem of a loss that looks at the parameters only. */
function problemOf(parameters: tf.Variable[], loss: Loss): never {
  const one = tf.ones([1]);
  return { model: () => [], loss: () => loss(parameters), parameters, data: [[one, one]] } as never;
}

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(['critic', 'burgers', 'meta'] as const)("%s: loss, gradient and Hessian are PyTorch's", async (name) => {
    const parameters = variablesOf(NETWORKS[name].parameters);
    const problem = problemOf(parameters, NETWORKS[name].loss);
    const found = await gradient(problem);
    expect(found.loss).toBeCloseTo(EXACT[name].loss, 5);
    expect(relativeError(found.gradient, EXACT[name].gradient)).toBeLessThan(2e-6);
    const H = hessian(problem);
    expect(relativeError(await toDense(H, 48), EXACT[name].hessian)).toBeLessThan(2e-5);
    H.dispose();
    const n = found.gradient.length;
    const columns = [1, n - 2];
    const backward = hessian({ ...(problem as object), mode: 'reverse', check: false } as never);
    const expected = columns.flatMap((j) => Array.from({ length: n }, (_, i) => EXACT[name].hessian[i * n + j]!));
    expect(relativeError(await someColumns(backward, columns, 2), expected)).toBeLessThan(2e-5);
    backward.dispose();
    tf.dispose(parameters);
  });

  test('a model that takes gradients: its Jacobian, the adjoint, and the Gauss-Newton matrix', async () => {
    const parameters = variablesOf(NETWORKS.burgers.parameters);
    const one = tf.ones([1]);
    const model = () => burgersAt(parameters).residual;
    const options = { model, parameters, data: [[one, one]] as [tf.Tensor, tf.Tensor][] };
    const J = await jacobian(options);
    const [rows, cols] = J.shape;
    const identity = (n: number) => ({
      rows: n,
      cols: n,
      data: Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
    });
    const forward = (await J.matmat(identity(cols))).data;
    const adjoint = (await J.adjointMatmat!(identity(rows))).data;
    const transposed = Float64Array.from(adjoint, (_, i) => adjoint[(i % cols) * rows + Math.floor(i / cols)]!);
    expect(relativeError(forward, transposed)).toBeLessThan(2e-6);
    // of half the sum of squares: J^T J
    const G = ggn({
      ...options,
      loss: (residual: tf.Tensor) => tf.mul(0.5, tf.sum(tf.square(residual))),
      reduction: 'sum',
    } as never);
    const gram = Array.from({ length: cols * cols }, (_, at) => {
      const [i, j] = [Math.floor(at / cols), at % cols];
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += forward[row * cols + i]! * forward[row * cols + j]!;
      return sum;
    });
    expect(relativeError(await toDense(G, 48), gram)).toBeLessThan(1e-5);
    G.dispose();
    J.dispose();
    tf.dispose([...parameters, one]);
  });
});

/** f and its slope written by hand, both of a vector. */
const PAIRS: Record<string, [f: (x: tf.Tensor) => tf.Tensor, slope: (x: tf.Tensor) => tf.Tensor]> = {
  tanh: [tf.tanh, (x) => tf.sub(1, tf.square(tf.tanh(x)))],
  sigmoid: [tf.sigmoid, (x) => tf.mul(tf.sigmoid(x), tf.sigmoid(tf.neg(x)))],
  exp: [tf.exp, tf.exp],
  elu: [tf.elu, (x) => tf.exp(tf.minimum(x, 0))],
  'pow 3': [(x) => tf.pow(x, 3), (x) => tf.mul(3, tf.square(x))],
  'softmax, weighted': [
    (x) => tf.mul(tf.softmax(x), [1, 2, 3]),
    (x) => {
      const p = tf.softmax(x);
      return tf.mul(p, tf.sub([1, 2, 3], tf.sum(tf.mul(p, [1, 2, 3]))));
    },
  ],
  'logSoftmax, weighted': [
    (x) => tf.mul(tf.logSoftmax(x), [1, 2, 3]),
    (x) => tf.sub([1, 2, 3], tf.mul(6, tf.softmax(x))),
  ],
  logSigmoid: [tf.logSigmoid, (x) => tf.sigmoid(tf.neg(x))],
  'softmaxCrossEntropy by the logits': [
    (x) => tf.losses.softmaxCrossEntropy(tf.tensor1d([0.2, 0.5, 0.3]), x),
    (x) => tf.sub(tf.softmax(x), [0.2, 0.5, 0.3]),
  ],
  // max and min pick one entry each: 0.7 and -0.4 a
  max: [(x) => tf.exp(tf.max(x)), (x) => tf.mul(tf.exp(tf.max(x)), [0, 0, 1])],
  min: [(x) => tf.exp(tf.min(x)), (x) => tf.mul(tf.exp(tf.min(x)), [0, 1, 0])],
  'a step of our own': [
    // value sign(x) x^2, gradient by convention 2 abs(x), from a saved output
    tf.customGrad((x, save) => {
      const y = tf.square(x as tf.Tensor);
      (save as tf.GradSaveFunc)([y, x as tf.Tensor]);
      return {
        value: tf.mul(tf.sign(x as tf.Tensor), y),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.mul(2, tf.sqrt(saved[0]!))),
      };
    }) as (x: tf.Tensor) => tf.Tensor,
    (x) => tf.mul(2, tf.abs(x)),
  ],
};

test.each(Object.entries(PAIRS))('the slope of %s inside a loss is as if written by hand', async (_, [f, byHand]) => {
  await useBackend('wasm');
  const a = tf.variable(tf.tensor1d([0.7, -0.4, 1.1]));
  const results = [];
  for (const model of [() => slope((x) => f(tf.mul(x, a)))(tf.tensor1d([1, 1, 1])), () => tf.mul(a, byHand(a))]) {
    const one = tf.ones([1]);
    const problem = {
      model,
      loss: (y: tf.Tensor) => tf.sum(tf.mul(tf.square(y), [1, 2, 3])),
      parameters: [a],
      data: [[one, one]],
    } as never;
    const H = hessian(problem);
    results.push({ gradient: (await gradient(problem)).gradient, hessian: await toDense(H, 3) });
    H.dispose();
    one.dispose();
  }
  const [nested, direct] = results;
  expect(relativeError(nested!.gradient, direct!.gradient)).toBeLessThan(1e-6);
  expect(relativeError(nested!.hessian, direct!.hessian)).toBeLessThan(1e-5);
  a.dispose();
});

test('gradients of gradients leave no tensor behind, and the engine as it was', async () => {
  await useBackend('wasm');
  const own = tf.engine() as unknown as Record<string, unknown>;
  const [runKernelFunc, customGrad] = [own.runKernelFunc, own.customGrad];
  const parameters = variablesOf(NETWORKS.meta.parameters);
  const problem = problemOf(parameters, NETWORKS.meta.loss);
  await gradient(problem);
  const before = tf.memory().numTensors;
  await gradient(problem);
  const H = hessian(problem);
  await toDense(H, 8);
  H.dispose();
  // the operator lets go of its tensors a moment later
  await new Promise((resolve) => setTimeout(resolve));
  expect(tf.memory().numTensors).toBe(before);
  expect(own.runKernelFunc).toBe(runKernelFunc);
  expect(own.customGrad).toBe(customGrad);
  tf.dispose(parameters);
});
