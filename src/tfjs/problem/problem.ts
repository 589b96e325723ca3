/** A model, a loss, parameters and data as a sum of terms: what all curvature of networks starts from. */
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import type { Memory } from '../../core/memory.ts';
import { choice, type Field, flag, memory, optional, type Parsed, withDefault } from '../../core/parse.ts';
import type { Term } from '../autodiff/objective.ts';
import { callUser } from './calls.ts';
import { type NestedNumbers, type ShapedArray, type TensorContainer, tensorsIn } from './containers.ts';
import { countSamples, DATA, type Data, readBatches } from './data.ts';
import type { GraphModelLike } from './graph-model.ts';
import type { LayersModelLike } from './layers-model.ts';
import { checkLoss, type LossName } from './loss.ts';
import { MODEL, type RunnableModel } from './model.ts';
import { layOut, type ParameterInfo } from './parameters.ts';
import { type FixedWeight, type ParameterSelection, selectParameters } from './selection.ts';

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
   *
   * Also the name of a member of tf.losses ('softmaxCrossEntropy' takes rows of a one-hot y or y of classes), or such a
   * member or one of tf.metrics itself, which take the labels first and are called so; so is a function whose first parameter
   * is called `yTrue`, as in model.compile. What it returns is averaged. Left out: the loss that a tf.LayersModel was
   * compiled with.
   */
  loss?: LossName | ((outputs: O, y: Y) => Tensor);
  /** The node, or list of nodes, of a tf.GraphModel to take as outputs. Default: the model's own. */
  output?: string | readonly string[];
  /**
   * What to differentiate by: a list (of variables, weights or layers of a tf.LayersModel, or names of weights), a layer, or
   * a filter (a function or a RegExp) on the names of the model's trainable weights. Left out: all of those. Of a
   * tf.GraphModel they are the float constants that kernels use as weights: filters, matrices, biases, scales and tables. The
   * operator lists its `parameters`, and the weights that are none as `fixedWeights`.
   */
  parameters?: ParameterSelection;
  /**
   * Batches [x, y] or { xs, ys }: an array, an iterable or async iterable, a tf.data.Dataset, or a function that returns
   * one. x and y are tensors, typed arrays with shapes `{ data, shape }` such as `readArray` of `eigensketch/files` makes of a .npy file, nested arrays of numbers (which become float32
   * tensors), or arrays or dictionaries of such. Data is read
   * more than once unless `check` is false and everything fits in memory: pass a function rather than a generator object.
   */
  data: Data<X | ShapedArray | NestedNumbers, Y | ShapedArray | NestedNumbers>;
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

/** Choices of how a curvature operator works. */
export interface OperatorOptions {
  /**
   * Whether the first product also makes a second pass over the data and refuses, with what was measured, a model that
   * does not compute the same again, products that are not symmetric, parameters that the loss does not depend on and
   * batches of different shapes. Where batches are kept, the model is run again on the first one, and on those that
   * have other numbers than before or call other kernels than the first. Default true.
   */
  check?: boolean;
  /**
   * Keep the recorded batches on the device between products (`true`), record each anew for every product (`false`), or,
   * left out, keep them if they take at most half of `memory`.
   */
  cache?: boolean;
  /**
   * Bytes of the device to use, or an amount like `'2GiB'`; blocks are split to fit. Default 1 GiB, on a GPU four times the size of its largest
   * buffer. A block that turns out not to fit is split further, with a warning.
   */
  memory?: Memory;
}

/** What depends on the model, with which {@link problemOf} checks it. */
const OF_MODEL: Field<unknown> = { kind: 'value', parse: (value) => value };

/** The fields of what gives outputs. */
export const MODEL_FIELDS: {
  readonly model: Field<RunnableModel>;
  readonly output: Field<unknown>;
  readonly parameters: Field<unknown>;
  readonly data: Field<Data<unknown, unknown>>;
} = { model: MODEL, output: OF_MODEL, parameters: OF_MODEL, data: DATA };

/** The fields of {@link ProblemOptions}. */
export const PROBLEM_FIELDS: typeof MODEL_FIELDS & {
  readonly loss: Field<unknown>;
  readonly reduction: Field<'mean' | 'sum'>;
  readonly regularizers: Field<boolean>;
} = {
  ...MODEL_FIELDS,
  loss: OF_MODEL,
  reduction: withDefault(choice(['mean', 'sum']), 'mean'),
  regularizers: withDefault(flag, true),
};

/** How recorded batches are kept. */
export const KEEPING_FIELDS: {
  readonly cache: Field<boolean | undefined>;
  readonly memory: Field<number | undefined>;
} = { cache: optional(flag), memory: optional(memory) };

/** The fields of {@link OperatorOptions}. */
export const OPERATOR_FIELDS: typeof KEEPING_FIELDS & { readonly check: Field<boolean> } = {
  ...KEEPING_FIELDS,
  check: withDefault(flag, true),
};

/** A sum of terms, by what it is differentiated, and what messages call them. */
export interface Problem {
  /** What the user's function that returns the scalar is called. */
  readonly what: string;
  /** What the terms are called: "batch 3". */
  readonly termName: (index: number) => string;
  readonly leaves: readonly Tensor[];
  readonly layout: readonly ParameterInfo[];
  /** The weights of the model that are no parameters. */
  readonly fixedWeights: readonly FixedWeight[];
  /** Whether to divide the weights by their sum. */
  readonly normalise: boolean;
  /** The terms, produced one by one. */
  readonly terms: () => AsyncIterable<Term>;
}

/** Numbers in all of them. */
export function numbersIn(layout: readonly ParameterInfo[]): number {
  return layout.reduce((total, { size }) => total + size, 0);
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

/** @throws ArgumentError for parameters that cannot be differentiated by */
function parametersOf({
  model,
  parameters,
}: Parsed<typeof MODEL_FIELDS>): Pick<Problem, 'leaves' | 'layout' | 'fixedWeights'> {
  const { parameters: chosen, fixed } = selectParameters(parameters, model.weights);
  const leaves = chosen.map(({ tensor }) => tensor);
  const names = chosen.map(({ name }) => name);
  return { leaves, layout: layOut(leaves, names), fixedWeights: fixed };
}

/**
 * A problem from its parsed options.
 * @param sameShapes whether batches with samples of other shapes are refused
 * @throws ArgumentError for a loss or output that the model has not, and parameters that cannot be differentiated by
 */
export function problemOf(options: Parsed<typeof PROBLEM_FIELDS>, sameShapes: boolean): Problem {
  const { model, output, data, reduction, regularizers } = options;
  const run = output === undefined ? model.run : model.runTo(output);
  const loss = checkLoss(options.loss, model.loss);
  async function* terms(): AsyncGenerator<Term> {
    let index = 0;
    let shapes: string | undefined;
    for await (const { x, y, release } of readBatches(data)) {
      const weight = reduction === 'mean' ? countSamples(x, index) : 1;
      shapes ??= sampleShapes(x);
      if (sameShapes && sampleShapes(x) !== shapes) {
        throw new ArgumentError(
          `batch ${index} has ${sampleShapes(x)}, batch 0 has ${shapes}; pass check: false if that is meant`,
          { batch: index },
        );
      }
      // A mean over batches of what each has added is that once; of a sum the first batch carries it.
      const penalised = regularizers && (reduction === 'mean' || index === 0);
      yield {
        outputs: () => callUser('model', () => run(x as never)),
        loss: (outputs) =>
          withPenalty(
            callUser('loss', () => loss(outputs, y)),
            penalised ? model.penalty : undefined,
          ),
        weight,
        data: [x, y],
        release,
      };
      index++;
    }
  }
  const termName = (index: number): string => `batch ${index}`;
  return { what: 'loss', termName, ...parametersOf(options), normalise: reduction === 'mean', terms };
}

/** The outputs of a model over data as a problem without a loss, each batch with weight one. */
export function problemOfOutputs(options: Parsed<typeof MODEL_FIELDS>): Problem {
  const noLoss = (): never => {
    throw new ArgumentError('there is no loss');
  };
  const withoutLoss = { ...options, loss: noLoss, reduction: 'sum', regularizers: false } as const;
  return problemOf(withoutLoss, false);
}
