/** ResNet-18 for 32 x 32 images (He et al. 2016, with the 3 x 3 first convolution usual for CIFAR): 11,173,962 parameters. */
import * as tf from '@tensorflow/tfjs';

type Symbol = tf.SymbolicTensor;

/** A residual network of stages of two blocks each; `widths` are the channels of the stages. */
export function resnet(widths: readonly number[] = [64, 128, 256, 512], size = 32, classes = 10): tf.LayersModel {
  let seed = 0;
  const apply = (layer: tf.layers.Layer, x: Symbol | Symbol[]) => layer.apply(x) as Symbol;
  const convolve = (x: Symbol, filters: number, kernelSize: number, strides: number): Symbol => {
    const kernelInitializer = tf.initializers.heNormal({ seed: ++seed });
    return apply(
      tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer }),
      x,
    );
  };
  const normalise = (x: Symbol) => apply(tf.layers.batchNormalization({ epsilon: 1e-5 }), x);
  const relu = (x: Symbol) => apply(tf.layers.reLU(), x);
  const block = (x: Symbol, filters: number, strides: number): Symbol => {
    const first = relu(normalise(convolve(x, filters, 3, strides)));
    const second = normalise(convolve(first, filters, 3, 1));
    const same = strides === 1 && x.shape[3] === filters;
    const shortcut = same ? x : normalise(convolve(x, filters, 1, strides));
    return relu(apply(tf.layers.add(), [second, shortcut]));
  };
  const inputs = tf.input({ shape: [size, size, 3] });
  let x = relu(normalise(convolve(inputs, widths[0]!, 3, 1)));
  for (const [stage, filters] of widths.entries()) x = block(block(x, filters, stage === 0 ? 1 : 2), filters, 1);
  const pooled = apply(tf.layers.globalAveragePooling2d({}), x);
  const kernelInitializer = tf.initializers.glorotNormal({ seed: ++seed });
  return tf.model({ inputs, outputs: apply(tf.layers.dense({ units: classes, kernelInitializer }), pooled) });
}
