/**
 * TensorFlow.js: Hessians of networks as linear operators.
 *
 * @example
 * import * as tf from '@tensorflow/tfjs';
 * import { hessian, useBackend } from 'eigensketch/tfjs';
 *
 * await useBackend('wasm');
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.dense({ inputShape: [4], units: 8, activation: 'tanh' }),
 *     tf.layers.dense({ units: 3 }),
 *   ],
 * });
 * const x = tf.randomNormal([50, 4]);
 * const y = tf.oneHot(tf.randomUniform([50], 0, 3, 'int32'), 3);
 * const H = hessian({ model, loss: (outputs, labels) => tf.losses.softmaxCrossEntropy(labels, outputs), data: [[x, y]] });
 * const product = await H.matmat({ rows: 67, cols: 1, data: new Float32Array(67).fill(1) }); // H times ones
 * H.dispose();
 */
export { type BackendName, useBackend } from './backend.ts';
export type { Batch, Batches, Data, TensorContainer } from './data.ts';
export { type HessianOptions, hessian, type LayersModelLike } from './hessian.ts';
export { hessianOf } from './hessian-of.ts';
export type { HessianOperator } from './hessian-operator.ts';
export type { Mode } from './objective.ts';
export type { LayerWeight, ParameterInfo } from './parameters.ts';
