/** A model, a loss, parameters and data as a sum of terms: what all curvature of networks starts from. */
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { checkChoice } from '../../core/checks.ts';
import { ArgumentError } from '../../core/errors.ts';
import type { Term } from '../autodiff/objective.ts';
import { defaultMemory } from '../backends/record.ts';
import { type ShapedArray, type TensorContainer, tensorsIn } from './containers.ts';
import { checkData, countSamples, type Data, readBatches } from './data.ts';
import { checkModel, type GraphModelLike, type LayersModelLike, type RunnableModel } from './model.ts';
import { checkParameters, layOut, type ParameterInfo, type ParameterSelection } from './parameters.ts';

/** What {@link hessian}, {@link ggn} and {@link gradient} have in common. */
export interface ProblemOptions<X extends TensorContainer, Y, O> {
  /**
   * `model(x) -> outputs`: a function of tensors and of the parameters, a tf.LayersModel (in inference mode: dropout off,
   * batch normalisation with its moving averages), or a tf.GraphModel.
   */
  model: ((x: X) => O) | LayersModelLike | GraphModelLike;
  /**
   * `loss(outputs, y)`: a scalar. With `reduction: 'mean'` it is a mean over the samples of its batch. Penalties belong
   * here, as in `tf.add(crossEntropy, tf.mul(1e-4, tf.sum(tf.square(W))))`, but for those of `regularizers`.
   */
  loss: (outputs: O, y: Y) => Tensor;
  /**
   * What to differentiate by: a list of variables (or weights of a tf.LayersModel), a layer, or a filter (a function or a
   * RegExp) on the names of the model's weights. Left out: all trainable weights of a tf.LayersModel, all float weights of
   * a tf.GraphModel.
   */
  parameters?: ParameterSelection;
  /**
   * Batches [x, y] or { xs, ys }: an array, an iterable or async iterable, a tf.data.Dataset, or a function that returns
   * one. x and y are tensors, typed arrays with shapes `{ data, shape }`, or arrays or dictionaries of such. Data is read
   * more than once unless `check` is false and everything fits in memory: pass a function rather than a generator object.
   */
  data: Data<X | ShapedArray, Y | ShapedArray>;
  /**
   * How batches combine. `'mean'` (default): the mean over all samples, so each batch counts by its number of samples
   * (the leading axis of x), also a smaller last one. `'sum'`: the losses of the batches are added.
   */
  reduction?: 'mean' | 'sum';
  /**
   * Whether the penalties of a tf.LayersModel's regularizers (kernelRegularizer and the like) are part of the loss, as in
   * `model.fit`: once, whatever the number of batches and the reduction. Default true.
   */
  regularizers?: boolean;
}

/** A problem whose arguments are of the right kinds. */
export interface Problem {
  readonly where: string;
  readonly what: string;
  readonly termName: (index: number) => string;
  readonly leaves: readonly Tensor[];
  readonly layout: readonly ParameterInfo[];
  readonly normalise: boolean;
  readonly terms: () => AsyncIterable<Term>;
}

/** The loss and the penalty, if there is one. What is no scalar is left for the caller to find. */
function withPenalty(loss: Tensor, penalty: RunnableModel['penalty']): Tensor {
  const added = loss?.rank === 0 ? penalty?.() : undefined;
  return added ? add(loss, added) : loss;
}

/** Shapes of the tensors of x without the samples. */
function sampleShapes(x: unknown): string {
  return tensorsIn(x)
    .map(({ tensor, path }) => `x${path} [${['samples', ...tensor.shape.slice(1)].join(', ')}]`)
    .join(', ');
}

/** @throws ArgumentError for arguments of the wrong kind; `sameShapes`: also when batches have samples of other shapes */
export function checkProblem<X extends TensorContainer, Y, O>(
  where: string,
  options: ProblemOptions<X, Y, O>,
  sameShapes: boolean,
): Problem {
  const { model, loss, data, reduction = 'mean', regularizers = true } = options ?? {};
  const { run, weights, penalty } = checkModel(where, model);
  if (typeof loss !== 'function') {
    throw new ArgumentError(`${where}: loss must be a function (outputs, y) -> scalar, got ${typeof loss}`, {});
  }
  const parameters = checkParameters(where, options.parameters, weights);
  checkData(where, data);
  checkChoice(where, 'reduction', reduction, ['mean', 'sum']);
  async function* terms(): AsyncGenerator<Term> {
    let index = 0;
    let shapes: string | undefined;
    for await (const { x, y, release } of readBatches(where, data)) {
      const weight = reduction === 'mean' ? countSamples(where, x, index) : 1;
      shapes ??= sampleShapes(x);
      if (sameShapes && sampleShapes(x) !== shapes) {
        throw new ArgumentError(
          `${where}: batch ${index} has ${sampleShapes(x)}, batch 0 has ${shapes}; pass check: false if that is meant`,
          { batch: index },
        );
      }
      // A mean over batches of what each has added is that once; of a sum the first batch carries it.
      const penalised = regularizers && (reduction === 'mean' || index === 0);
      const value = (outputs: unknown) => withPenalty(loss(outputs as O, y as Y), penalised ? penalty : undefined);
      yield { outputs: () => run(x as never), loss: value, weight, release };
      index++;
    }
  }
  const leaves = parameters.map(({ tensor }) => tensor);
  return {
    where,
    what: 'loss',
    termName: (index) => `batch ${index}`,
    leaves,
    layout: layOut(
      leaves,
      parameters.map(({ name }) => name),
    ),
    normalise: reduction === 'mean',
    terms,
  };
}

/** Choices of how a curvature operator works. */
export interface OperatorOptions {
  /**
   * Whether the first product also makes a second pass over the data and refuses, with what was measured, a model that
   * does not compute the same again, products that are not symmetric, parameters that the loss does not depend on and
   * batches of different shapes. Default true.
   */
  check?: boolean;
  /**
   * Keep the recorded batches on the device between products (`true`), record each anew for every product (`false`), or,
   * left out, keep them if they take at most half of `memory`.
   */
  cache?: boolean;
  /**
   * Bytes of the device to use; blocks are split to fit. Default 1 GiB, on a GPU four times the size of its largest
   * buffer. A block that turns out not to fit is split further, with a warning.
   */
  memory?: number;
}

/** The choices with their defaults. @throws ArgumentError for a memory that is no positive number */
export function checkOperatorOptions(
  where: string,
  options: OperatorOptions,
): Required<Omit<OperatorOptions, 'cache'>> & {
  cache: boolean | undefined;
} {
  const { check = true, cache, memory = defaultMemory() } = options;
  if (!(typeof memory === 'number' && memory > 0)) {
    throw new ArgumentError(`${where}: memory must be a positive number of bytes, got ${memory}`, { memory });
  }
  return { check, cache, memory };
}
