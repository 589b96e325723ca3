/**
 * TensorFlow.js: the curvature of networks as linear operators.
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
 *
 * @module eigensketch/tfjs
 */

export type { Mode } from './autodiff/objective.ts';
export type { AdapterRecord, BackendName, BackendRecord } from './backends/record.ts';
export { readCifar10 } from './datasets/cifar10.ts';
export { type FloatBatch, type ImageBatch, imageBatches, type LabelledImages } from './datasets/labelled-images.ts';
export { readMnist } from './datasets/mnist.ts';
export { loadModel } from './models/load-model.ts';
export type { Action, CurvatureOperator } from './operators/curvature.ts';
export type { DeviceOperator } from './operators/device-operator.ts';
export { type GgnOptions, ggn } from './operators/ggn.ts';
export { type Gradient, gradient } from './operators/gradient.ts';
export { type HessianOptions, hessian } from './operators/hessian.ts';
export { hessianOf } from './operators/hessian-of.ts';
export { type JacobianOperator, type JacobianOptions, jacobian } from './operators/jacobian.ts';
export { type LossAlong, type LossAlongOptions, lossAlong } from './operators/loss-along.ts';
export type { NestedNumbers, ShapedArray, TensorContainer } from './problem/containers.ts';
export type { Batch, Batches, Data, DatasetLike } from './problem/data.ts';
export type { GraphModelLike } from './problem/graph-model.ts';
export type { LayersModelLike } from './problem/layers-model.ts';
export type { LossName } from './problem/loss.ts';
export type { ParameterVectors } from './problem/parameter-vectors.ts';
export type { ParameterInfo } from './problem/parameters.ts';
export type { OperatorOptions, ProblemOptions } from './problem/problem.ts';
export type {
  FixedReason,
  FixedWeight,
  LayerWeight,
  LayerWithWeights,
  ParameterSelection,
} from './problem/selection.ts';
export { type BackendOptions, useBackend } from './use-backend.ts';
