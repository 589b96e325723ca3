/** The 784-50-10 network of the work of reference, from its file. */
import * as tf from '@tensorflow/tfjs';
import { type BackendName, type CurvatureOperator, hessian, useBackend } from 'eigensketch/tfjs';
import { File, ready } from 'h5wasm/node';

const PATH = 'test/reference/mlp784.h5';

export interface Network784 {
  parameters: tf.Variable[];
  /** Two batches of 50. */
  batches: [tf.Tensor, tf.Tensor][];
  model: (x: tf.Tensor) => tf.Tensor;
  loss: (outputs: tf.Tensor, labels: tf.Tensor) => tf.Scalar;
  /** Exact eigenvalues, by magnitude. */
  eigenvalues: Float64Array;
}

interface Stored {
  shape: number[];
  value: Float64Array | Float32Array;
}

export async function loadNetwork784(backend: BackendName = 'wasm'): Promise<Network784> {
  await useBackend(backend);
  await ready;
  const file = new File(PATH, 'r');
  const read = (path: string): Stored => file.get(path) as unknown as Stored;
  const parameters = ['00', '01', '02', '03'].map((name) => {
    const { shape, value } = read(`/params/${name}`);
    return tf.variable(tf.tensor(Float32Array.from(value), shape));
  });
  const [x, y] = [read('/x'), read('/y')];
  const [count, size] = x.shape as [number, number, ...number[]];
  const batch = ({ shape, value }: Stored, index: number): tf.Tensor => {
    const sample = shape.slice(2);
    const entries = size * sample.reduce((a, b) => a * b, 1);
    return tf.tensor(Float32Array.from(value.subarray(index * entries, (index + 1) * entries)), [size, ...sample]);
  };
  const batches = Array.from({ length: count }, (_, i): [tf.Tensor, tf.Tensor] => [batch(x, i), batch(y, i)]);
  const eigenvalues = Float64Array.from(read('/eigenvalues').value);
  file.close();
  const [W1, b1, W2, b2] = parameters as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
  return {
    parameters,
    batches,
    model: (input) => {
      const hidden = tf.relu(tf.add(tf.matMul(input, W1 as tf.Tensor), b1));
      return tf.add(tf.matMul(hidden, W2 as tf.Tensor), b2);
    },
    loss: (outputs, labels) => tf.losses.meanSquaredError(labels, outputs),
    eigenvalues,
  };
}

export function hessian784(network: Network784, batches: number = network.batches.length): CurvatureOperator {
  const { model, loss, parameters } = network;
  return hessian({ model, loss, parameters, data: network.batches.slice(0, batches) });
}
