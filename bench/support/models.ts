/** The networks whose products are measured. */
import * as tf from '@tensorflow/tfjs';

/** Three 3 x 3 convolutions, the later two strided, and a dense layer: 24,330 parameters. */
export function smallCnn(): tf.Sequential {
  const convolution = (filters: number, strides: number, seed: number) =>
    ({
      filters,
      strides,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed }),
    }) as const;
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution(16, 1, 1), inputShape: [32, 32, 3] }),
      tf.layers.conv2d(convolution(32, 2, 2)),
      tf.layers.conv2d(convolution(64, 2, 3)),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }) }),
    ],
  });
}

/** LeNet-5 with ReLU and maximum pooling (LeCun et al. 1998): 61,706 parameters. */
export function leNet(): tf.Sequential {
  const kernel = (seed: number) => ({ kernelInitializer: tf.initializers.heNormal({ seed }) });
  const pool = () => tf.layers.maxPooling2d({ poolSize: 2, strides: 2 });
  const convolution = { kernelSize: 5, activation: 'relu' } as const;
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution, ...kernel(1), filters: 6, padding: 'same', inputShape: [28, 28, 1] }),
      pool(),
      tf.layers.conv2d({ ...convolution, ...kernel(2), filters: 16 }),
      pool(),
      tf.layers.flatten(),
      tf.layers.dense({ ...kernel(3), units: 120, activation: 'relu' }),
      tf.layers.dense({ ...kernel(4), units: 84, activation: 'relu' }),
      tf.layers.dense({ ...kernel(5), units: 10 }),
    ],
  });
}

/** 784-50-10 with ReLU: 39,760 parameters. */
export function perceptron(): tf.Sequential {
  return tf.sequential({
    layers: [tf.layers.dense({ inputShape: [784], units: 50, activation: 'relu' }), tf.layers.dense({ units: 10 })],
  });
}

/** Random inputs of a model and one-hot labels of ten classes. */
export function randomBatch(model: tf.LayersModel, samples: number): [tf.Tensor, tf.Tensor] {
  const shape = (model.inputs[0]!.shape as number[]).slice(1);
  return [
    tf.randomNormal([samples, ...shape], 0, 1, 'float32', 5),
    tf.oneHot(tf.randomUniform([samples], 0, 10, 'int32', 6), 10),
  ];
}
