/** Products of random architectures: against double backward, differences of the gradient, and the sign of the Gauss-Newton matrix. */
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { ggn, hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError } from '../support/dense.ts';
import { productError } from '../support/differences.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { randomBlock } from '../support/matrices.ts';

beforeAll(() => useBackend('wasm'));

const RUNS = long ? 200 : 40;

const SMOOTH = ['tanh', 'sigmoid', 'softplus', 'elu', 'swish', 'gelu', 'softmax'] as const;
type Activation = (typeof SMOOTH)[number];

const ACTIVATIONS: Record<Activation, (x: tf.Tensor) => tf.Tensor> = {
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  elu: (x) => tf.elu(tf.add(x, 0.3)),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  gelu: (x) => tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.div(x, Math.SQRT2)))),
  softmax: (x) => tf.softmax(x),
};

/** One step of a network on images [N, h, w, c]. */
type Step =
  | { kind: 'conv'; size: number; stride: 1 | 2; pad: 'same' | 'valid'; out: number; activation: Activation }
  | { kind: 'depthwise'; size: number; multiplier: number }
  | { kind: 'pool'; average: boolean; pad: 'same' | 'valid' }
  | { kind: 'norm' }
  | { kind: 'attention' }
  | { kind: 'gate' }
  | { kind: 'residual'; activation: Activation };

const activation = fc.constantFrom(...SMOOTH);
const pad = fc.constantFrom('same' as const, 'valid' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('conv' as const),
    size: fc.integer({ min: 1, max: 3 }),
    stride: fc.constantFrom(1 as const, 2 as const),
    pad,
    out: fc.integer({ min: 1, max: 3 }),
    activation,
  }),
  fc.record({
    kind: fc.constant('depthwise' as const),
    size: fc.integer({ min: 1, max: 3 }),
    multiplier: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ kind: fc.constant('pool' as const), average: fc.boolean(), pad }),
  fc.record({ kind: fc.constantFrom('norm' as const, 'attention' as const, 'gate' as const) }) as fc.Arbitrary<Step>,
  fc.record({ kind: fc.constant('residual' as const), activation }),
);
const architecture = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  loss: fc.constantFrom('crossEntropy' as const, 'squaredError' as const),
  seed: fc.integer({ min: 1, max: 1000 }),
});
type Architecture = typeof architecture extends fc.Arbitrary<infer T> ? T : never;

interface Built {
  model: (x: tf.Tensor) => tf.Tensor;
  loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor;
  parameters: tf.Variable[];
  data: [tf.Tensor, tf.Tensor][];
}

function build({ steps, loss, seed }: Architecture): Built {
  const parameters: tf.Variable[] = [];
  let next = seed;
  let at = 0;
  /** The weights of each place in the network: made at the first run, found at later ones. */
  const weight = (shape: number[], scale = 0.5): tf.Tensor => {
    parameters[at] ??= tf.keep(tf.variable(tf.randomNormal(shape, 0, scale, 'float32', next++)));
    return parameters[at++]!;
  };
  const run = (x: tf.Tensor, each: Step): tf.Tensor => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    switch (each.kind) {
      case 'conv': {
        const size = Math.min(each.size, h, w);
        const y = tf.conv2d(x as tf.Tensor4D, weight([size, size, c, each.out]) as tf.Tensor4D, each.stride, each.pad);
        return ACTIVATIONS[each.activation](tf.add(y, weight([each.out])));
      }
      case 'depthwise': {
        const size = Math.min(each.size, h, w);
        return tf.depthwiseConv2d(x as tf.Tensor4D, weight([size, size, c, each.multiplier]) as tf.Tensor4D, 1, 'same');
      }
      case 'pool': {
        const size = Math.min(2, h, w);
        return (each.average ? tf.avgPool : tf.maxPool)(x as tf.Tensor4D, size, size, each.pad);
      }
      case 'norm': {
        const { mean, variance } = tf.moments(x, -1, true);
        return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 0.1))), weight([c])), weight([c]));
      }
      case 'attention': {
        const tokens = tf.reshape(x, [n, h * w, c]);
        const scores = tf.matMul(tf.mul(tokens, weight([c])), tokens, false, true);
        return tf.reshape(tf.matMul(tf.softmax(scores), tokens), [n, h, w, c]);
      }
      case 'gate':
        return tf.mul(x, tf.sigmoid(tf.mul(x, weight([c]))));
      case 'residual':
        return tf.add(x, ACTIVATIONS[each.activation](tf.mul(x, weight([c]))));
    }
  };
  const model = (x: tf.Tensor): tf.Tensor => {
    at = 0;
    const features = steps.reduce(run, x);
    const flat = tf.reshape(features, [features.shape[0]!, -1]) as tf.Tensor2D;
    return tf.add(tf.matMul(flat, weight([flat.shape[1], 3]) as tf.Tensor2D), weight([3]));
  };
  const x = tf.randomNormal([3, 4, 5, 2], 0, 1, 'float32', seed);
  const y = tf.oneHot(tf.tensor1d([0, 2, 1], 'int32'), 3).asType('float32');
  tf.tidy(() => void model(x));
  return {
    model,
    loss: (outputs, target) =>
      loss === 'crossEntropy'
        ? tf.losses.softmaxCrossEntropy(target, outputs)
        : tf.losses.meanSquaredError(target, outputs),
    parameters,
    data: [[x, y]],
  };
}

async function withNetwork(drawn: Architecture, use: (built: Built) => Promise<void>): Promise<void> {
  const built = build(drawn);
  try {
    await use(built);
  } finally {
    tf.dispose([...built.parameters, ...built.data[0]!]);
  }
}

test(`${RUNS} architectures: forward over reverse is double backward, and v^T G v >= 0`, async () => {
  await fc.assert(
    fc.asyncProperty(architecture, (drawn) =>
      withNetwork(drawn, async (built) => {
        const forward = hessian(built);
        const reverse = hessian({ ...built, mode: 'reverse', check: false });
        const X = randomBlock(forward.numParameters, 2, 5, 'float32');
        expect(relativeError((await forward.matmat(X)).data, (await reverse.matmat(X)).data)).toBeLessThan(1e-4);
        const G = ggn(built);
        const { data } = await G.matmat(X);
        for (const j of [0, 1]) {
          let [form, scale] = [0, 0];
          for (let i = j; i < data.length; i += 2) {
            form += X.data[i]! * data[i]!;
            scale += data[i]! ** 2;
          }
          expect(form).toBeGreaterThanOrEqual(-1e-6 * Math.sqrt(scale));
        }
        for (const op of [forward, reverse, G]) op.dispose();
      }),
    ),
    { numRuns: RUNS, seed: 1 },
  );
}, 120_000);

test(`${RUNS} architectures: products are differences of the gradient`, async () => {
  const smooth = architecture.filter(({ steps }) => steps.every((each) => each.kind !== 'pool' || each.average));
  await fc.assert(
    fc.asyncProperty(smooth, (drawn) =>
      withNetwork(drawn, async (built) => {
        expect(await productError(built as never, built.parameters, 0.02)).toBeLessThan(0.05);
      }),
    ),
    { numRuns: RUNS, seed: 2 },
  );
}, 120_000);
