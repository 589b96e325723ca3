/** A 10-class problem made from a seed, and a network trained on it. */
import * as tf from '@tensorflow/tfjs';

const CLASSES = 10;
const INPUTS = 64;
const HIDDEN = 32;
const SAMPLES = 2500;
const BATCH = 512;
const EPOCHS = 20;

export interface TrainedClassifier {
  model: tf.Sequential;
  /** The training data in batches of 512, the last one of 452. */
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
function makeProblem(seed: number): { x: tf.Tensor2D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const centres = tf.randomNormal([CLASSES, INPUTS], 0, 0.8, 'float32', seed);
    const labels = tf.randomUniform([SAMPLES], 0, CLASSES, 'int32', seed + 1);
    const noise = tf.randomNormal([SAMPLES, INPUTS], 0, 1, 'float32', seed + 2);
    const scales = tf.pow(tf.range(1, INPUTS + 1), -2);
    const x = tf.mul(tf.add(tf.gather(centres, labels), noise), scales) as tf.Tensor2D;
    return { x, y: tf.oneHot(labels, CLASSES) as tf.Tensor2D };
  });
}

/** Trains a 64-32-10 network with tanh units on the cross entropy, deterministically. */
export async function trainClassifier(seed: number): Promise<TrainedClassifier> {
  const { x, y } = makeProblem(seed);
  const initializer = (offset: number) => tf.initializers.glorotUniform({ seed: seed + offset });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [INPUTS], units: HIDDEN, activation: 'tanh', kernelInitializer: initializer(3) }),
      tf.layers.dense({ units: CLASSES, kernelInitializer: initializer(4) }),
    ],
  });
  const loss = (labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar => tf.losses.softmaxCrossEntropy(labels, outputs);
  model.compile({ optimizer: tf.train.adam(0.01), loss, metrics: ['accuracy'] });
  const { history } = await model.fit(x, y, { epochs: EPOCHS, batchSize: 125, shuffle: false, verbose: 0 });
  const batches: [tf.Tensor, tf.Tensor][] = [];
  for (let start = 0; start < SAMPLES; start += BATCH) {
    const count = Math.min(BATCH, SAMPLES - start);
    batches.push([x.slice([start, 0], [count, INPUTS]), y.slice([start, 0], [count, CLASSES])]);
  }
  return { model, batches, samples: SAMPLES, classes: CLASSES, accuracy: Number(history.acc?.at(-1)) };
}
