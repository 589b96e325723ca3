/** Networks of dense layers and their losses, in operations of TensorFlow.js. */
import * as tf from '@tensorflow/tfjs-core';
import type { Dataset } from './datasets/dataset.ts';
import { initialWeights } from './initial-weights.ts';
import type { Choice, Settings } from './settings.ts';

/** What is trained: `outputs` is a function of the values that `variables` have. */
export interface Network {
  readonly variables: readonly tf.Variable[];
  outputs(inputs: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** The mean over the samples of what each loses. */
export type Loss = (outputs: tf.Tensor, targets: tf.Tensor) => tf.Scalar;

const ACTIVATIONS: Readonly<Record<Choice<'activation'>, (x: tf.Tensor) => tf.Tensor>> = {
  tanh: (x) => tf.tanh(x),
  relu: (x) => tf.relu(x),
  softplus: (x) => tf.softplus(x),
  sigmoid: (x) => tf.sigmoid(x),
};

/** `squaredError`: half the squared distance. `crossEntropy`: of the softmax of the outputs. */
export const LOSSES: Readonly<Record<Choice<'loss'>, Loss>> = {
  squaredError: (outputs, targets) => tf.mean(tf.mul(0.5, tf.sum(tf.square(tf.sub(outputs, targets)), -1))),
  crossEntropy: (outputs, targets) => tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(outputs)), -1))),
};

/** Dense layers, with an activation after each but the last. */
export function denseNetwork(dataset: Dataset, settings: Settings): Network {
  const activate = ACTIVATIONS[settings.activation];
  const layers = initialWeights(dataset, settings).map(({ weights, inputs, outputs }) =>
    tf.tidy(() => ({
      weights: tf.variable(tf.tensor2d(weights, [inputs, outputs])),
      bias: tf.variable(tf.zeros([outputs])),
    })),
  );
  const variables = layers.flatMap(({ weights, bias }) => [weights, bias as tf.Variable]);
  return {
    variables,
    outputs: (inputs) =>
      layers.reduce((x, { weights, bias }, i) => {
        const sum = tf.add(tf.matMul(x as tf.Tensor2D, weights), bias);
        return i < layers.length - 1 ? activate(sum) : sum;
      }, inputs),
    dispose: () => tf.dispose(variables),
  };
}
