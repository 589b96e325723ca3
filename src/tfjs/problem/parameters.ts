/** The parameters of a model as one long vector: each flattened row-major, one after the other, in the order given. */
import { type Tensor, tensor, Variable } from '@tensorflow/tfjs-core';
import { type Block, zeros } from '../../core/block.ts';
import { ArgumentError } from '../../core/errors.ts';
import { show } from '../../core/parse.ts';
import { currentBackend } from '../backends/current.ts';

/** A weight of a tf.LayersModel: a wrapper whose `read` gives the variable. */
export interface LayerWeight {
  /** The variable's present value. */
  read(): Tensor;
}

/** Where one parameter lies in the long vector. */
export interface ParameterInfo {
  /** Name of the variable. */
  readonly name: string;
  /** Shape of the variable. */
  readonly shape: readonly number[];
  /** First row and number of rows. */
  readonly offset: number;
  /** Numbers in it. */
  readonly size: number;
}

/** The rows of each tensor in the vector of all. */
export function layOut(tensors: readonly Tensor[], names: readonly string[]): ParameterInfo[] {
  let offset = 0;
  return tensors.map(({ shape, size }, i) => {
    const info = { name: names[i]!, shape: [...shape], offset, size };
    offset += size;
    return info;
  });
}

/** A tensor to differentiate by, and what it is called. */
export interface NamedTensor {
  readonly tensor: Tensor;
  readonly name: string;
}

/** A layer of a tf.LayersModel: stands for its trainable weights. */
export interface LayerWithWeights {
  /** Weights that training changes. */
  readonly trainableWeights: readonly LayerWeight[];
}

/**
 * Which parameters to differentiate by: a list, a layer, or a filter on the names of the model's trainable weights (such
 * as 'dense_Dense1/kernel').
 */
export type ParameterSelection =
  | readonly (Variable | LayerWeight)[]
  | LayerWithWeights
  | RegExp
  | ((name: string) => boolean);

function asVariable(value: unknown, index: number): NamedTensor {
  const read = (value as Partial<LayerWeight> | null | undefined)?.read;
  const tensor = typeof read === 'function' ? read.call(value) : value;
  if (tensor instanceof Variable) return { tensor, name: tensor.name };
  throw new ArgumentError(
    `parameters[${index}] must be a tf.Variable (or a weight of a tf.LayersModel), got ${show(value)}; make variables with tf.variable, ` +
      'of the same copy of @tensorflow/tfjs-core as eigensketch uses',
    { index },
  );
}

function checkTensor({ tensor, name }: NamedTensor, index: number): void {
  if (tensor.isDisposed) {
    throw new ArgumentError(`parameters[${index}] ('${name}') is disposed`, { index });
  }
  if (tensor.dtype !== 'float32') {
    throw new ArgumentError(`parameters[${index}] ('${name}') must be float32, got ${tensor.dtype}`, {
      index,
      dtype: tensor.dtype,
    });
  }
}

/** A function that says which names are meant; undefined for a selection that is no filter. */
function filterOf(selection: unknown): ((name: string) => boolean) | undefined {
  // Not instanceof: the pattern may come from another realm.
  if (Object.prototype.toString.call(selection) === '[object RegExp]') {
    return (name) => name.search(selection as RegExp) >= 0;
  }
  return typeof selection === 'function' ? (selection as (name: string) => boolean) : undefined;
}

function select(selection: unknown, weights: readonly NamedTensor[] | undefined): readonly NamedTensor[] {
  const filter = filterOf(selection);
  if (filter) {
    if (!weights) {
      throw new ArgumentError(
        'parameters can be a filter on names only for a tf.LayersModel or tf.GraphModel; pass a list',
      );
    }
    const chosen = weights.filter(({ name }) => filter(name));
    if (chosen.length > 0) return chosen;
    const names = weights.map(({ name }) => name).join(', ');
    throw new ArgumentError(`no parameters; the filter matches none of: ${names}`, {});
  }
  const list = (selection as Partial<LayerWithWeights> | undefined)?.trainableWeights ?? selection;
  if (list === undefined && weights?.length === 0) {
    throw new ArgumentError('the model has no trainable parameters; are all its layers frozen (trainable: false)?');
  }
  if (list === undefined && weights) return weights;
  if (Array.isArray(list) && list.length > 0) return list.map((value, i) => asVariable(value, i));
  throw new ArgumentError(
    `no parameters; pass parameters: an array of tf.Variable, such as model.trainableWeights, got ${show(selection)}`,
    { parameters: selection },
  );
}

/**
 * What to differentiate by: the selection among the model's `weights`, all of those if it is left out.
 * @throws ArgumentError unless these are different float32 tensors, at least one
 */
export function chooseParameters(
  selection: unknown,
  weights: readonly NamedTensor[] | undefined,
): readonly NamedTensor[] {
  const chosen = select(selection, weights);
  for (const [i, each] of chosen.entries()) checkTensor(each, i);
  const twice = chosen.findIndex(({ tensor }, i) => chosen.findIndex((other) => other.tensor === tensor) !== i);
  if (twice >= 0) {
    throw new ArgumentError(`parameters[${twice}] ('${chosen[twice]!.name}') is in the list twice`, {
      index: twice,
    });
  }
  return chosen;
}

/** Copies a D x b block to the device: one tensor `[...shape, b]` for each parameter, from its rows without a transpose. */
export function toTangents(X: Block, layout: readonly ParameterInfo[]): Tensor[] {
  return layout.map(({ shape, offset, size }) =>
    tensor(X.data.subarray(offset * X.cols, (offset + size) * X.cols) as Float32Array, [...shape, X.cols], 'float32'),
  );
}

function copyScaled(values: Float32Array, factor: number, target: Float32Array): void {
  if (factor === 1) target.set(values);
  else for (let i = 0; i < values.length; i++) target[i] = factor * values[i]!;
}

/**
 * Reads tensors `[...shape, b]` back as the D x b block of their rows, times `factor`, in `out` if given; an absent tensor
 * is zero.
 */
export async function toBlock(
  tensors: readonly (Tensor | undefined)[],
  layout: readonly ParameterInfo[],
  cols: number,
  factor: number,
  out?: Block,
): Promise<Block> {
  const rows = layout.reduce((total, { size }) => total + size, 0);
  const block = out ?? zeros(rows, cols, 'float32');
  // All reads are under way at once: a device answers each only after a round trip.
  await Promise.all(
    layout.map(async ({ offset, size }, i) => {
      const target = block.data.subarray(offset * cols, (offset + size) * cols) as Float32Array;
      const tensor = tensors[i];
      if (tensor === undefined) target.fill(0);
      else
        copyScaled(currentBackend().heap?.numbersOf(tensor) ?? ((await tensor.data()) as Float32Array), factor, target);
    }),
  );
  return block;
}
