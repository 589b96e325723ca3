/** The Hessian of a network's loss over data. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { checkChoice } from '../core/checks.ts';
import { ArgumentError } from '../core/errors.ts';
import { checkData, countSamples, type Data, readBatches, type TensorContainer } from './data.ts';
import { type HessianOperator, hessianOperator } from './hessian-operator.ts';
import type { Mode, Term } from './objective.ts';
import { checkParameters, type LayerWeight, layOut } from './parameters.ts';

/** The part of a tf.LayersModel that is used: called in inference mode, on one input or a list of them. */
export interface LayersModelLike {
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-layers types both with tensors of a class of its own.
  apply(inputs: any, kwargs?: any): any;
  readonly trainableWeights: readonly LayerWeight[];
}

/** Arguments of {@link hessian}. */
export interface HessianOptions<X extends TensorContainer, Y, O> {
  /** `model(x) -> outputs`: a function of tensors and of the parameters, or a tf.LayersModel (in inference mode). */
  model: ((x: X) => O) | LayersModelLike;
  /** `loss(outputs, y)`: a scalar. With `reduction: 'mean'` it is a mean over the samples of its batch. */
  loss: (outputs: O, y: Y) => Tensor;
  /** The variables to differentiate by, any subset; a tf.LayersModel's trainable weights if left out. */
  parameters?: readonly (Variable | LayerWeight)[];
  /** Batches [x, y]. They are read once, at the first product; a generator that can run only once will do. */
  data: Data<X, Y>;
  /**
   * How batches combine. `'mean'` (default): the mean over all samples, so each batch counts by its number of samples
   * (the leading axis of x), also a smaller last one. `'sum'`: the losses of the batches are added.
   */
  reduction?: 'mean' | 'sum';
  /**
   * `'forward'` (default) pushes a whole block of directions through the recorded gradient. `'reverse'` differentiates
   * the recorded gradient backward with TensorFlow.js's own gradients, one direction at a time: slower, for models with
   * an operation that `'forward'` has no rule for, and as a check.
   */
  mode?: Mode;
}

function isLayersModel(model: unknown): model is LayersModelLike {
  const candidate = model as Partial<LayersModelLike> | null | undefined;
  return typeof candidate?.apply === 'function' && Array.isArray(candidate.trainableWeights);
}

/** The model as a function, and the parameters it brings along. */
function checkModel<X, O>(model: unknown): { run: (x: X) => O; weights: readonly LayerWeight[] | undefined } {
  // A LayersModel first: functions have a method `apply` too.
  if (isLayersModel(model)) {
    return { run: (x) => model.apply(x, { training: false }) as O, weights: model.trainableWeights };
  }
  if (typeof model === 'function') return { run: model as (x: X) => O, weights: undefined };
  throw new ArgumentError(
    `hessian: model must be a function x -> outputs or a tf.LayersModel, got ${model === null ? 'null' : typeof model}`,
    {},
  );
}

/**
 * The Hessian, by the parameters, of a network's mean (or total) loss over data: a symmetric linear operator on vectors
 * of D numbers, the parameters flattened row-major one after the other.
 *
 * The first product runs the model and its gradient once for each batch and records them; every product then pushes all
 * its columns through the recording together, forward over reverse (Pearlmutter 1994, "Fast exact multiplication by the
 * Hessian"). It is exact up to float32 rounding. The operator keeps the activations of all batches on the device, once
 * and whatever the number of columns; the tensors of `data` are yours and not needed after the first product. Release
 * them with `dispose()`.
 *
 * @throws ArgumentError at once for arguments of the wrong kind; at the first product for data that is empty or no pairs
 * and a loss that is no scalar. NumericalError at the first product for a loss that is not finite. UnsupportedError at
 * the first product for an operation without a tangent rule.
 *
 * @example
 * const W = tf.variable(tf.randomNormal([4, 3]));
 * const H = hessian({
 *   model: (x) => tf.matMul(x, W),
 *   loss: (outputs, y) => tf.losses.softmaxCrossEntropy(y, outputs),
 *   parameters: [W],
 *   data: [[x, y]],
 * });
 * const Y = await H.matmat({ rows: 12, cols: 2, data: new Float32Array(24).fill(1) });
 * H.dispose();
 */
// biome-ignore lint/suspicious/noExplicitAny: the outputs of a tf.LayersModel have no static type.
export function hessian<X extends TensorContainer, Y, O = any>(options: HessianOptions<X, Y, O>): HessianOperator {
  const { model, loss, data, reduction = 'mean', mode = 'forward' } = options ?? {};
  const { run, weights } = checkModel<X, O>(model);
  if (typeof loss !== 'function') {
    throw new ArgumentError(`hessian: loss must be a function (outputs, y) -> scalar, got ${typeof loss}`, {});
  }
  const leaves = checkParameters(options.parameters ?? weights);
  checkData(data);
  checkChoice('hessian', 'reduction', reduction, ['mean', 'sum']);
  checkChoice('hessian', 'mode', mode, ['forward', 'reverse']);
  async function* terms(): AsyncGenerator<Term> {
    let index = 0;
    for await (const [x, y] of readBatches(data)) {
      const weight = reduction === 'mean' ? countSamples(x, index) : 1;
      yield { evaluate: () => loss(run(x), y), weight };
      index++;
    }
  }
  return hessianOperator({
    where: 'hessian',
    what: 'loss',
    termName: (index) => `batch ${index}`,
    leaves,
    layout: layOut(
      leaves,
      leaves.map(({ name }) => name),
    ),
    terms,
    normalise: reduction === 'mean',
    mode,
    release: () => {},
  });
}
