/** The reference networks in TensorFlow.js, as a user would write them, in Node and in pages. */
import * as tf from '@tensorflow/tfjs-core';
import type { Reference, ReferenceArray } from './reference.ts';

type Forward = (x: tf.Tensor, weights: tf.Variable[], constants: tf.Tensor[]) => tf.Tensor;
type Loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** What a network is built from. */
export type NetworkData = Pick<Reference, 'parameters' | 'x' | 'y' | 'constants'>;

/** A network with its data. */
export interface NetworkOfReference {
  parameters: tf.Variable[];
  /** What `hessian` and its like take, but for the data. */
  problem: { model: (x: tf.Tensor) => tf.Tensor; loss: Loss; parameters: tf.Variable[] };
  /** All samples, cut into batches of these sizes. */
  batches(sizes: number[]): [tf.Tensor, tf.Tensor][];
  samples: number;
  dispose(): void;
}

const dense = (x: tf.Tensor, weights: tf.Variable[], layer: number): tf.Tensor =>
  tf.add(tf.matMul(x as tf.Tensor2D, weights[2 * layer] as tf.Tensor2D), weights[2 * layer + 1]!);

const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(0.5, x), tf.add(1, tf.erf(tf.div(x, Math.SQRT2))));
const swish = (x: tf.Tensor): tf.Tensor => tf.mul(x, tf.sigmoid(x));

const crossEntropy: Loss = (outputs, y) => tf.losses.softmaxCrossEntropy(y, outputs);
const squaredError: Loss = (outputs, y) => tf.losses.meanSquaredError(y, outputs);

const image = (x: tf.Tensor): tf.Tensor4D => x as tf.Tensor4D;
const filter = (w: tf.Tensor): tf.Tensor4D => w as tf.Tensor4D;

const layerNorm = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), gamma), beta);
};

const rowsTimes = (x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor): tf.Tensor => {
  const product = tf.matMul(tf.reshape(x, [-1, w.shape[0]!]) as tf.Tensor2D, w as tf.Tensor2D);
  return tf.reshape(b ? tf.add(product, b) : product, [...x.shape.slice(0, -1), w.shape[1]!]);
};

/** [N, T, d] to [N, heads, T, d / heads]. */
const heads = (x: tf.Tensor, count: number): tf.Tensor => {
  const [n, t, d] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [n, t, count, d / count]), [0, 2, 1, 3]);
};

const causalAttention = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor, count: number): tf.Tensor => {
  const [n, t, d] = x.shape as [number, number, number];
  const [q, k, v] = tf.split(rowsTimes(x, w, b), 3, 2).map((part) => heads(part, count));
  const scores = tf.div(tf.matMul(q!, k!, false, true), Math.sqrt(d / count));
  const mask = tf.sub(tf.linalg.bandPart(tf.ones([t, t]), -1, 0), 1);
  const weights = tf.softmax(tf.add(scores, tf.mul(mask, 1e9)));
  return tf.reshape(tf.transpose(tf.matMul(weights, v!), [0, 2, 1, 3]), [n, t, d]);
};

const NETWORKS: Record<string, { forward: Forward; loss: Loss; constants?: string[] }> = {
  cnn_ce: {
    forward: (x, w) => {
      const first = tf.relu(tf.add(tf.conv2d(image(x), filter(w[0]!), 1, 'same'), w[1]!));
      const pooled = tf.maxPool(image(first), 2, 2, 'valid');
      const second = tf.tanh(tf.add(tf.conv2d(pooled, filter(w[2]!), 2, 'same'), w[3]!));
      return dense(tf.reshape(second, [x.shape[0]!, -1]), w, 2);
    },
    loss: crossEntropy,
  },
  cnn_bn_depthwise_ce: {
    forward: (x, w, [mean, variance]) => {
      const first = tf.conv2d(image(x), filter(w[0]!), 1, 'same');
      const h = tf.relu(
        tf.batchNorm(first, mean as tf.Tensor1D, variance as tf.Tensor1D, w[2] as never, w[1] as never, 1e-3),
      );
      const branch = tf.conv2d(tf.depthwiseConv2d(image(h), filter(w[3]!), 1, 'same'), filter(w[4]!), 1, 'same');
      const pooled = tf.avgPool(image(tf.relu(tf.add(h, branch))), 2, 2, 'valid');
      return tf.add(tf.matMul(tf.mean(pooled, [1, 2]) as tf.Tensor2D, w[5] as tf.Tensor2D), w[6]!);
    },
    loss: crossEntropy,
    constants: ['bn_mean', 'bn_var'],
  },
  transformer_ce: {
    forward: (x, w) => {
      const embedded = tf.add(tf.gather(w[0]!, tf.cast(x, 'int32') as tf.Tensor2D), w[1]!);
      const attended = causalAttention(layerNorm(embedded, w[2]!, w[3]!), w[4]!, w[5]!, 2);
      const h = tf.add(embedded, rowsTimes(attended, w[6]!, w[7]!));
      const hidden = gelu(rowsTimes(layerNorm(h, w[8]!, w[9]!), w[10]!, w[11]!));
      return rowsTimes(tf.add(h, rowsTimes(hidden, w[12]!, w[13]!)), w[14]!);
    },
    loss: crossEntropy,
  },
  mlp_tanh_ce: { forward: (x, w) => dense(tf.tanh(dense(x, w, 0)), w, 1), loss: crossEntropy },
  mlp_relu_mse: { forward: (x, w) => dense(tf.relu(dense(x, w, 0)), w, 1), loss: squaredError },
  mlp_zoo_ce: {
    forward: (x, w) => {
      const activations = [tf.sigmoid, tf.elu, tf.softplus, tf.selu, swish, gelu];
      const hidden = activations.reduce<tf.Tensor>((h, activation, layer) => activation(dense(h, w, layer)), x);
      return dense(hidden, w, activations.length);
    },
    loss: crossEntropy,
  },
};

/** Names of the networks. */
export const NETWORK_NAMES: string[] = Object.keys(NETWORKS);

function rows({ shape, data }: ReferenceArray, first: number, count: number): tf.Tensor {
  const [, , ...sample] = shape;
  const size = sample.reduce((product, n) => product * n, 1);
  return tf.tensor(Float32Array.from(data.subarray(first * size, (first + count) * size)), [count, ...sample]);
}

/** Builds a network on the current backend. */
export function networkOf(name: string, reference: NetworkData): NetworkOfReference {
  const { forward, loss, constants: names = [] } = NETWORKS[name]!;
  const constants = names.map((key) => tf.tensor1d(Float32Array.from(reference.constants[key]!.data)));
  const initial = reference.parameters.map(({ shape, data }) => tf.tensor(Float32Array.from(data), shape));
  const parameters = initial.map((tensor) => tf.variable(tensor));
  tf.dispose(initial);
  const made: tf.Tensor[] = [];
  return {
    parameters,
    problem: { model: (x) => forward(x, parameters, constants), loss, parameters },
    samples: reference.x.shape[0]! * reference.x.shape[1]!,
    batches(sizes) {
      let first = 0;
      return sizes.map((size): [tf.Tensor, tf.Tensor] => {
        const batch: [tf.Tensor, tf.Tensor] = [rows(reference.x, first, size), rows(reference.y, first, size)];
        made.push(...batch);
        first += size;
        return batch;
      });
    },
    dispose() {
      tf.dispose([...parameters, ...constants, ...made]);
    },
  };
}
