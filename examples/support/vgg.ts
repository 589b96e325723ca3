/**
 * A network in the manner of VGG (Simonyan & Zisserman 2015), as it is common for CIFAR-10: two stages of two 3 x 3 convolutions
 * without padding, each ending in pooling, and one hidden dense layer. With 64 and 128 channels, 1024 units and 32 x 32 images of
 * 10 classes it has 3,548,234 parameters.
 */
import * as tf from '@tensorflow/tfjs';

export interface VggShape {
  /** Channels of the stages. */
  widths: readonly number[];
  /** Units of the hidden dense layer. */
  hidden: number;
  /** Pixels of a side of the images, which have three channels. */
  size: number;
  classes: number;
}

export function vgg({ widths, hidden, size, classes }: VggShape): tf.Sequential {
  let seed = 100;
  const init = () => ({ kernelInitializer: tf.initializers.heNormal({ seed: ++seed }) });
  const model = tf.sequential();
  for (const filters of widths) {
    for (let i = 0; i < 2; i++) {
      const first = model.layers.length === 0 ? { inputShape: [size, size, 3] } : {};
      model.add(tf.layers.conv2d({ filters, kernelSize: 3, activation: 'relu', ...init(), ...first }));
    }
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }));
  }
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: hidden, activation: 'relu', ...init() }));
  model.add(tf.layers.dense({ units: classes, ...init() }));
  return model;
}
