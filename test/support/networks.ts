/** The reference networks in TensorFlow.js, as a user would write them. */
import * as tf from '@tensorflow/tfjs-core';
import { type Reference, type ReferenceArray, readReference } from './reference.ts';

type Forward = (x: tf.Tensor, weights: tf.Variable[]) => tf.Tensor;
type Loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** A network with its data and exact derivatives. */
export interface Network {
  name: string;
  reference: Reference;
  parameters: tf.Variable[];
  model: (x: tf.Tensor) => tf.Tensor;
  loss: Loss;
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

const NETWORKS: Record<string, { forward: Forward; loss: Loss }> = {
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
export async function buildNetwork(name: string): Promise<Network> {
  const reference = await readReference(name);
  const { forward, loss } = NETWORKS[name]!;
  const initial = reference.parameters.map(({ shape, data }) => tf.tensor(Float32Array.from(data), shape));
  const parameters = initial.map((tensor) => tf.variable(tensor));
  tf.dispose(initial);
  const made: tf.Tensor[] = [];
  return {
    name,
    reference,
    parameters,
    model: (x) => forward(x, parameters),
    loss,
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
      tf.dispose([...parameters, ...made]);
    },
  };
}
