/** A 10-class problem made from a seed, and a network trained on it. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';

/** Sizes of a problem and its network. */
export interface ClassifierShape {
  classes: number;
  inputs: number;
  hidden: number;
  samples: number;
  /** Samples of a batch that curvature is computed from; the last one may be smaller. */
  batch: number;
}

const DEMO: ClassifierShape = { classes: 10, inputs: 64, hidden: 32, samples: 2500, batch: 512 };
const EPOCHS = 10;
/** Of an epoch: TensorFlow.js takes about as long for a small batch as for a large one. */
const STEPS = 10;

export interface TrainedClassifier {
  model: Sequential;
  /** The training data in batches. */
  batches: [tf.Tensor, tf.Tensor][];
  samples: number;
  classes: number;
  /** Fraction of the training samples that are classified correctly. */
  accuracy: number;
}

/**
 * Gaussian classes around random centres, 0.8 standard deviations apart in each input, so that they overlap. Input j has
 * standard deviation j^-2, as the principal components of natural data have, which is why a Hessian has low rank.
 */
function makeProblem(seed: number, { classes, inputs, samples }: ClassifierShape): { x: tf.Tensor2D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const centres = tf.randomNormal([classes, inputs], 0, 0.8, 'float32', seed);
    const labels = tf.randomUniform([samples], 0, classes, 'int32', seed + 1);
    const noise = tf.randomNormal([samples, inputs], 0, 1, 'float32', seed + 2);
    const scales = tf.pow(tf.range(1, inputs + 1), -2);
    const x = tf.mul(tf.add(tf.gather(centres, labels), noise), scales) as tf.Tensor2D;
    return { x, y: tf.oneHot(labels, classes) as tf.Tensor2D };
  });
}

/** Trains a network with one layer of tanh units, 64-32-10 by default, on the cross entropy, deterministically. */
export async function trainClassifier(seed: number, shape: ClassifierShape = DEMO): Promise<TrainedClassifier> {
  const { classes, inputs, hidden, samples, batch } = shape;
  const { x, y } = makeProblem(seed, shape);
  const initializer = (offset: number) => initializers.glorotUniform({ seed: seed + offset });
  const model = sequential({
    layers: [
      layers.dense({ inputShape: [inputs], units: hidden, activation: 'tanh', kernelInitializer: initializer(3) }),
      layers.dense({ units: classes, kernelInitializer: initializer(4) }),
    ],
  });
  const loss = (labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, outputs);
  model.compile({ optimizer: tf.train.adam(0.05), loss, metrics: ['accuracy'] });
  const { history } = await model.fit(x, y, { epochs: EPOCHS, batchSize: samples / STEPS, shuffle: false, verbose: 0 });
  const batches: [tf.Tensor, tf.Tensor][] = [];
  for (let start = 0; start < samples; start += batch) {
    const count = Math.min(batch, samples - start);
    batches.push([tf.slice(x, [start, 0], [count, inputs]), tf.slice(y, [start, 0], [count, classes])]);
  }
  return { model, batches, samples, classes, accuracy: Number(history.acc?.at(-1)) };
}
