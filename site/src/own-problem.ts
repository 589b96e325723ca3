/** A model of the reader's own, which TensorFlow.js saved, with data. */
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { LOSSES, type Loss } from './network.ts';
import { readDataset, sortFiles } from './own-files.ts';
import { type Problem, problemOf } from './problem.ts';
import type { Settings } from './settings.ts';

/** Smallest probability whose logarithm is taken. */
const LEAST = 1e-7;

/** Cross entropy of outputs that are probabilities already. */
const ofProbabilities: Loss = (outputs, targets) =>
  tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.log(tf.clipByValue(outputs, LEAST, 1))), -1)));

const endsInSoftmax = ({ layers }: LayersModel): boolean => layers.at(-1)?.getConfig().activation === 'softmax';

/** @throws Error for models of several inputs or outputs, and for data that does not fit */
export async function ownProblem(files: readonly File[], settings: Settings): Promise<Problem> {
  const own = sortFiles(files);
  const model = await loadLayersModel(tf.io.browserFiles([own.model, ...own.shards]));
  const [input, output] = [model.inputs, model.outputs];
  if (input.length !== 1 || output.length !== 1) throw new Error('models of one input and one output are shown');
  const shape = input[0]!.shape.slice(1) as number[];
  const outputs = output[0]!.shape.slice(1) as number[];
  if (shape.includes(null as never) || outputs.length !== 1) {
    throw new Error('models with inputs of a fixed size and rows of outputs are shown');
  }
  const dataset = await readDataset(own, shape, outputs[0]!);
  const loss = settings.loss === 'crossEntropy' && endsInSoftmax(model) ? ofProbabilities : LOSSES[settings.loss];
  const network = {
    variables: model.trainableWeights.map((weight) => weight.read() as tf.Variable),
    outputs: (inputs: tf.Tensor) => model.apply(inputs) as tf.Tensor,
    dispose: () => {
      model.dispose();
    },
  };
  return problemOf(own.model.name, network, dataset, shape, loss);
}
