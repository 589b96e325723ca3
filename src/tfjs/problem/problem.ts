/** A model, a loss, parameters and data as a sum of terms: what all curvature of networks starts from. */
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import type { Memory } from '../../core/memory.ts';
import { choice, type Field, flag, memory, optional, type Parsed, refuse, withDefault } from '../../core/parse.ts';
import type { Term } from '../autodiff/objective.ts';
import { type ShapedArray, type TensorContainer, tensorsIn } from './containers.ts';
import { countSamples, DATA, type Data, readBatches } from './data.ts';
import { type GraphModelLike, type LayersModelLike, MODEL, type RunnableModel } from './model.ts';
import { chooseParameters, layOut, type ParameterInfo, type ParameterSelection } from './parameters.ts';

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
   * Bytes of the device to use, or an amount like `'2GiB'`; blocks are split to fit. Default 1 GiB, on a GPU four times the size of its largest
   * buffer. A block that turns out not to fit is split further, with a warning.
   */
  memory?: Memory;
}

const LOSS: Field<(outputs: unknown, y: unknown) => Tensor> = {
  kind: 'value',
  parse: (value, name) =>
    typeof value === 'function' ? (value as never) : refuse(name, 'a function (outputs, y) -> scalar', value),
};

/** What is chosen depends on the model: {@link chooseParameters} checks it. */
const SELECTION: Field<unknown> = { kind: 'value', parse: (value) => value };

/** The fields of what gives outputs. */
export const MODEL_FIELDS: {
  readonly model: Field<RunnableModel>;
  readonly parameters: Field<unknown>;
  readonly data: Field<Data<unknown, unknown>>;
} = { model: MODEL, parameters: SELECTION, data: DATA };

/** The fields of {@link ProblemOptions}. */
export const PROBLEM_FIELDS: typeof MODEL_FIELDS & {
  readonly loss: typeof LOSS;
  readonly reduction: Field<'mean' | 'sum'>;
  readonly regularizers: Field<boolean>;
} = {
  ...MODEL_FIELDS,
  loss: LOSS,
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
function parametersOf({ model, parameters }: Parsed<typeof MODEL_FIELDS>): Pick<Problem, 'leaves' | 'layout'> {
  const chosen = chooseParameters(parameters, model.weights);
  const leaves = chosen.map(({ tensor }) => tensor);
  const names = chosen.map(({ name }) => name);
  return { leaves, layout: layOut(leaves, names) };
}

/**
 * A problem from its parsed options.
 * @param sameShapes whether batches with samples of other shapes are refused
 * @throws ArgumentError for parameters that cannot be differentiated by
 */
export function problemOf(options: Parsed<typeof PROBLEM_FIELDS>, sameShapes: boolean): Problem {
  const { model, loss, data, reduction, regularizers } = options;
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
      const value = (outputs: unknown) => withPenalty(loss(outputs, y), penalised ? model.penalty : undefined);
      yield { outputs: () => model.run(x as never), loss: value, weight, release };
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
