/** Which of a model's weights are the parameters: a list, layers, names, a filter, or all that are trained. */
import { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import { nearest, show } from '../../core/parse.ts';

/** A weight of a tf.LayersModel: a wrapper whose `read` gives the variable. */
export interface LayerWeight {
  /** The variable's present value. */
  read(): Tensor;
}

/** A tensor to differentiate by, and what it is called. */
export interface NamedTensor {
  readonly tensor: Tensor;
  readonly name: string;
}

/**
 * Why a float weight of the model is no parameter: its layer is frozen (`trainable: false`); the layer does not train it, as
 * the averages of a batch normalisation; it is a constant of a graph, as the bound of a ReLU6; or it was not selected.
 */
export type FixedReason = 'frozen' | 'not trainable' | 'constant' | 'not selected';

/** A weight of the model that is no parameter. */
export interface FixedWeight {
  /** Name of the weight. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Why it is no parameter. */
  readonly reason: FixedReason;
}

/** The weights that a model brings along. */
export interface ModelWeights {
  readonly trainable: readonly NamedTensor[];
  readonly fixed: readonly (NamedTensor & { readonly reason: FixedReason })[];
}

/** A layer of a tf.LayersModel: stands for its trainable weights. */
export interface LayerWithWeights {
  /** Weights that training changes. */
  readonly trainableWeights: readonly LayerWeight[];
  /** All of its weights. */
  readonly weights?: readonly LayerWeight[];
  /** What messages call it. */
  readonly name?: string;
}

/**
 * Which parameters to differentiate by: a layer, a list (of variables, weights of a tf.LayersModel, layers such as
 * `model.layers`, tensors of `graphModel.weights`, or names of weights), or a filter on the names of the model's trainable
 * weights (such as 'dense_Dense1/kernel').
 */
export type ParameterSelection =
  | readonly (Tensor | LayerWeight | LayerWithWeights | string)[]
  | LayerWithWeights
  | RegExp
  | ((name: string) => boolean);

/** The parameters, and the weights of the model that are none. */
export interface Selected {
  readonly parameters: readonly NamedTensor[];
  readonly fixed: readonly FixedWeight[];
}

const NO_WEIGHTS: ModelWeights = { trainable: [], fixed: [] };

/** "4 weights are frozen, 2 are constants", '' for none. */
function describeFixed(fixed: ModelWeights['fixed']): string {
  const words: [FixedReason, string][] = [
    ['frozen', 'frozen (trainable: false)'],
    ['not trainable', 'not trainable'],
    ['constant', 'constants of the graph'],
  ];
  return words
    .map(([reason, word]) => ({ count: fixed.filter((each) => each.reason === reason).length, word }))
    .filter(({ count }) => count > 0)
    .map(({ count, word }) => `${count} ${count === 1 ? 'weight is' : 'weights are'} ${word}`)
    .join(', ');
}

const listNames = (weights: readonly NamedTensor[]): string => {
  const names = weights.map(({ name }) => name);
  return names.length <= 20 ? names.join(', ') : `${names.slice(0, 20).join(', ')}, and ${names.length - 20} more`;
};

/** A function that says which names are meant; undefined for a selection that is no filter. */
function filterOf(selection: unknown): ((name: string) => boolean) | undefined {
  // Not instanceof: the pattern may come from another realm.
  if (Object.prototype.toString.call(selection) === '[object RegExp]') {
    return (name) => name.search(selection as RegExp) >= 0;
  }
  return typeof selection === 'function' ? (selection as (name: string) => boolean) : undefined;
}

function filtered(filter: (name: string) => boolean, weights: ModelWeights | undefined): readonly NamedTensor[] {
  if (!weights) {
    throw new ArgumentError(
      'parameters can be a filter on names only for a tf.LayersModel or tf.GraphModel; pass a list',
      {},
    );
  }
  const { trainable, fixed } = weights;
  const chosen = trainable.filter(({ name }) => filter(name));
  if (chosen.length > 0) return chosen;
  const others = fixed.filter(({ name }) => filter(name));
  if (others.length > 0) {
    throw new ArgumentError(
      `no parameters; the filter matches only weights that are not trained: ${describeFixed(others)} ` +
        `(${listNames(others)}); name them in a list to differentiate by them all the same`,
      { matched: others.map(({ name }) => name) },
    );
  }
  const rest = describeFixed(fixed);
  throw new ArgumentError(
    `no parameters; the filter matches none of: ${listNames(trainable)}${rest === '' ? '' : `; ${rest}`}`,
    {},
  );
}

function isLayer(value: unknown): value is LayerWithWeights {
  return Array.isArray((value as Partial<LayerWithWeights> | null | undefined)?.trainableWeights);
}

function byName(name: string, index: number, { trainable, fixed }: ModelWeights): NamedTensor {
  const known = [...trainable, ...fixed];
  const found = known.find((each) => each.name === name);
  if (found) return { tensor: found.tensor, name };
  const near = nearest(
    name,
    known.map((each) => each.name),
  );
  const hint = near === undefined ? `its weights are ${listNames(known)}` : `did you mean '${near}'?`;
  throw new ArgumentError(
    `parameters[${index}]: the model has no weight '${name}'; ${known.length === 0 ? 'pass variables' : hint}`,
    { index, name },
  );
}

function asTensor(value: unknown, index: number, weights: ModelWeights): NamedTensor {
  if (typeof value === 'string') return byName(value, index, weights);
  const read = (value as Partial<LayerWeight> | null | undefined)?.read;
  const tensor = typeof read === 'function' ? read.call(value) : value;
  if (tensor instanceof Variable) return { tensor, name: tensor.name };
  const own =
    tensor instanceof Tensor && weights.trainable.concat(weights.fixed).find((each) => each.tensor === tensor);
  if (own) return { tensor: own.tensor, name: own.name };
  throw new ArgumentError(
    `parameters[${index}] must be a tf.Variable (or a weight or layer of a tf.LayersModel, a tensor of a tf.GraphModel's ` +
      `weights, or the name of a weight), got ${show(value)}; make variables with tf.variable, of the same copy of ` +
      '@tensorflow/tfjs-core as eigensketch uses',
    { index },
  );
}

/** @throws ArgumentError for layers that have no trainable weight among them */
function ofLayers(layers: readonly LayerWithWeights[]): readonly LayerWeight[] {
  const found = layers.flatMap(({ trainableWeights }) => trainableWeights);
  if (found.length > 0) return [...new Set(found)];
  const frozen = layers.filter(({ weights = [] }) => weights.length > 0);
  const names = (list: readonly LayerWithWeights[]) => list.map(({ name }) => `'${name}'`).join(', ');
  if (frozen.length === 0) throw new ArgumentError(`no parameters: layer ${names(layers)} has no weights`, {});
  const count = frozen.flatMap(({ weights = [] }) => weights).length;
  throw new ArgumentError(
    `no parameters: layer ${names(frozen)} is frozen (trainable: false), with all ${count} weights; set trainable = true, ` +
      'or pass layer.weights to differentiate by them all the same',
    { frozen: frozen.map(({ name }) => name), weights: count },
  );
}

function listed(list: readonly unknown[], weights: ModelWeights): readonly NamedTensor[] {
  const layers = list.filter(isLayer);
  if (layers.length === list.length) return ofLayers(layers).map((weight, i) => asTensor(weight, i, weights));
  return list.flatMap((value, i) =>
    isLayer(value) ? ofLayers([value]).map((weight) => asTensor(weight, i, weights)) : [asTensor(value, i, weights)],
  );
}

function select(selection: unknown, weights: ModelWeights | undefined): readonly NamedTensor[] {
  const filter = filterOf(selection);
  if (filter) return filtered(filter, weights);
  const list = isLayer(selection) || typeof selection === 'string' ? [selection] : selection;
  if (list === undefined && weights) {
    if (weights.trainable.length > 0) return weights.trainable;
    const rest = describeFixed(weights.fixed);
    throw new ArgumentError(`the model has no trainable parameters${rest === '' ? '' : `: ${rest}`}`, {});
  }
  if (Array.isArray(list) && list.length > 0) return listed(list, weights ?? NO_WEIGHTS);
  throw new ArgumentError(
    `no parameters; pass parameters: an array of tf.Variable, such as model.trainableWeights, got ${show(selection)}`,
    { parameters: selection },
  );
}

function checkTensor({ tensor, name }: NamedTensor, index: number): void {
  if (tensor.isDisposed) throw new ArgumentError(`parameters[${index}] ('${name}') is disposed`, { index });
  if (tensor.dtype !== 'float32') {
    throw new ArgumentError(`parameters[${index}] ('${name}') must be float32, got ${tensor.dtype}`, {
      index,
      dtype: tensor.dtype,
    });
  }
}

/**
 * What to differentiate by: the selection among the model's `weights`, all trainable ones if it is left out.
 * @throws ArgumentError unless these are different float32 tensors, at least one
 */
export function selectParameters(selection: unknown, weights: ModelWeights | undefined): Selected {
  const parameters = select(selection, weights);
  for (const [i, each] of parameters.entries()) checkTensor(each, i);
  const tensors = new Map<Tensor, number>();
  for (const [i, { tensor, name }] of parameters.entries()) {
    if (tensors.has(tensor)) throw new ArgumentError(`parameters[${i}] ('${name}') is in the list twice`, { index: i });
    tensors.set(tensor, i);
  }
  const { trainable, fixed } = weights ?? NO_WEIGHTS;
  const others = [...trainable.map((each) => ({ ...each, reason: 'not selected' as const })), ...fixed];
  return {
    parameters,
    fixed: others
      .filter(({ tensor }) => !tensors.has(tensor))
      .map(({ name, tensor, reason }) => ({ name, shape: [...tensor.shape], reason })),
  };
}
