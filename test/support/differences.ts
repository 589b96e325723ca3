/** Hessian products by central differences of the gradient: no tangent rule takes part in them. */
import * as tf from '@tensorflow/tfjs-core';
import type { ProblemOptions } from '../../src/tfjs/index.ts';
import { gradient, hessian } from '../../src/tfjs/index.ts';
import { relativeError } from './dense.ts';
import { randomBlock } from './matrices.ts';

/**
 * How far the Hessian's product with a random direction of length one is from (g(p + h d) - g(p - h d)) / 2h, relative to
 * it. In float32 about 1e-3 at best.
 */
export async function productError(
  options: ProblemOptions<never, never, never>,
  variables: readonly tf.Variable[],
  step = 0.01,
): Promise<number> {
  const H = hessian(options);
  const X = randomBlock(H.numParameters, 1, 7, 'float32');
  const length = Math.hypot(...X.data);
  for (let i = 0; i < X.data.length; i++) X.data[i]! /= length;
  const product = await H.matmat(X);
  H.dispose();
  const start = variables.map((variable) => tf.clone(variable));
  const gradientAt = async (by: number): Promise<Float32Array> => {
    let offset = 0;
    for (const [i, variable] of variables.entries()) {
      const direction = X.data.subarray(offset, offset + variable.size) as Float32Array;
      offset += variable.size;
      tf.tidy(() => variable.assign(tf.add(start[i]!, tf.mul(by, tf.tensor(direction, variable.shape))) as never));
    }
    return (await gradient(options)).gradient;
  };
  const [above, below] = [await gradientAt(step), await gradientAt(-step)];
  for (const [i, variable] of variables.entries()) variable.assign(start[i]!);
  tf.dispose(start);
  return relativeError(
    product.data,
    above.map((value, i) => (value - below[i]!) / (2 * step)),
  );
}
