/** A network in the manner of VGG (Simonyan & Zisserman 2015): stages of 3 x 3 convolutions, each ending in pooling. */
import * as tf from '@tensorflow/tfjs';

export interface VggShape {
  /** Channels of the stages; those after the first two have three convolutions, these two. */
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
  for (const [stage, filters] of widths.entries()) {
    for (let i = 0; i < (stage < 2 ? 2 : 3); i++) {
      const first = model.layers.length === 0 ? { inputShape: [size, size, 3] } : {};
      const activation = 'relu';
      model.add(tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation, ...init(), ...first }));
    }
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }));
  }
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: hidden, activation: 'relu', ...init() }));
  model.add(tf.layers.dense({ units: classes, ...init() }));
  return model;
}
