/** Labelled images made from a seed. */
import * as tf from '@tensorflow/tfjs';

export interface ImageProblem {
  samples: number;
  /** Pixels of a side. */
  size: number;
  channels: number;
  classes: number;
  seed: number;
}

/** Images of a class are one smooth random pattern with noise of half its size; labels are one-hot. */
export function makeImages(problem: ImageProblem): { images: tf.Tensor4D; labels: tf.Tensor } {
  const { samples, size, channels, classes, seed } = problem;
  return tf.tidy(() => {
    const coarse = tf.randomNormal<tf.Rank.R4>([classes, 3, 3, channels], 0, 1, 'float32', seed);
    const patterns = tf.image.resizeBilinear(coarse, [size, size]);
    const drawn = tf.randomUniform([samples], 0, classes, 'int32', seed + 1) as tf.Tensor1D;
    const noise = tf.randomNormal([samples, size, size, channels], 0, 0.5, 'float32', seed + 2);
    return { images: tf.add(tf.gather(patterns, drawn), noise), labels: tf.oneHot(drawn, classes) };
  });
}
