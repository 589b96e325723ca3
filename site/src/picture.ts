/** The network's outputs where the page draws them. */
import * as tf from '@tensorflow/tfjs-core';
import type { Problem } from './problem.ts';
import type { Picture } from './protocol.ts';
import { REACH } from './reach.ts';

const SIDE = 56;
const CURVE_POINTS = 161;

const grid = (points: number): Float32Array =>
  Float32Array.from({ length: points }, (_, i) => REACH * ((2 * i) / (points - 1) - 1));

/** Score of class 1 against class 0 between 0 and 1: of outputs near one-hot rows, or of their softmax. */
function scoresOf(outputs: tf.Tensor, isSoftmax: boolean): tf.Tensor {
  const rows = isSoftmax ? tf.softmax(outputs) : outputs;
  const [first, second] = tf.unstack(rows, 1) as [tf.Tensor, tf.Tensor];
  return tf.clipByValue(tf.add(0.5, tf.mul(0.5, tf.sub(second, first))), 0, 1);
}

/** What is drawn of a problem with inputs of one or two numbers, or of images; undefined of others. */
export async function pictureOf(
  { network, dataset, inputs }: Problem,
  isSoftmax: boolean,
): Promise<Picture | undefined> {
  const { features, outputs, classes } = dataset;
  const read = async (compute: () => tf.Tensor): Promise<Float32Array> => {
    const result = tf.tidy(compute);
    const values = (await result.data()) as Float32Array;
    result.dispose();
    return Float32Array.from(values);
  };
  if (features === 2 && outputs === 2 && inputs.rank === 2) {
    const axis = grid(SIDE);
    const points = new Float32Array(2 * SIDE * SIDE);
    for (let at = 0; at < SIDE * SIDE; at++) {
      points[2 * at] = axis[at % SIDE]!;
      points[2 * at + 1] = axis[Math.floor(at / SIDE)]!;
    }
    const scores = await read(() => scoresOf(network.outputs(tf.tensor2d(points, [SIDE * SIDE, 2])), isSoftmax));
    return { kind: 'plane', side: SIDE, scores };
  }
  if (features === 1 && outputs === 1 && inputs.rank === 2) {
    const x = grid(CURVE_POINTS);
    const y = await read(() => network.outputs(tf.tensor2d(x, [CURVE_POINTS, 1])));
    return { kind: 'curve', x, y };
  }
  if (classes === undefined) return undefined;
  return { kind: 'classes', predicted: Uint8Array.from(await read(() => tf.argMax(network.outputs(inputs), -1))) };
}
