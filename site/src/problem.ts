/** A network with its data on the device: what is trained and whose curvature is looked at. */
import * as tf from '@tensorflow/tfjs-core';
import { DATASETS, type Dataset } from './datasets/index.ts';
import { denseNetwork, LOSSES, type Loss, type Network } from './network.ts';
import type { Settings } from './settings.ts';

export interface Problem {
  /** For people and reports. */
  readonly name: string;
  readonly network: Network;
  readonly dataset: Dataset;
  readonly inputs: tf.Tensor;
  readonly targets: tf.Tensor;
  readonly loss: Loss;
  /** Numbers in all variables. */
  readonly parameters: number;
  dispose(): void;
}

/** The problem of a network, its data and its loss, which it owns from here on. */
export function problemOf(name: string, network: Network, dataset: Dataset, shape: number[], loss: Loss): Problem {
  const inputs = tf.tensor(dataset.inputs, [dataset.samples, ...shape]);
  const targets = tf.tensor2d(dataset.targets, [dataset.samples, dataset.outputs]);
  return {
    name,
    network,
    dataset,
    inputs,
    targets,
    loss,
    parameters: network.variables.reduce((total, { size }) => total + size, 0),
    dispose() {
      network.dispose();
      tf.dispose([inputs, targets]);
    },
  };
}

/** The problem of a data set of the page. Values are learned by the squared error, whatever the settings say. */
export function builtIn(settings: Settings & { data: keyof typeof DATASETS }): Problem {
  const { data, width, depth, activation, seed } = settings;
  const dataset = DATASETS[data](seed);
  const loss = LOSSES[dataset.classes ? settings.loss : 'squaredError'];
  const name = `${data}, ${depth} × ${width} ${activation}`;
  return problemOf(name, denseNetwork(dataset, settings), dataset, [dataset.features], loss);
}
