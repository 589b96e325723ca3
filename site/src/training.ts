/** Full-batch gradient descent: no momentum and no noise, whose steps the largest eigenvalue of the Hessian limits. */
import * as tf from '@tensorflow/tfjs-core';
import type { Problem } from './problem.ts';

/** Takes steps of size `rate`. @returns the loss before each of them */
export async function descend(
  { network, inputs, targets, loss }: Problem,
  steps: number,
  rate: number,
): Promise<number[]> {
  const variables = [...network.variables];
  const losses = Array.from({ length: steps }, () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => loss(network.outputs(inputs), targets), variables);
      for (const variable of variables) variable.assign(tf.sub(variable, tf.mul(rate, grads[variable.name]!)));
      return tf.keep(value.clone());
    }),
  );
  const all = tf.tidy(() => tf.stack(losses));
  const read = Array.from(await all.data());
  tf.dispose([all, ...losses]);
  return read;
}
