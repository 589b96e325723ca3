/** The parameters of a model as one long vector: each flattened row-major, one after the other, in the order given. */
import { type Tensor, tensor, Variable } from '@tensorflow/tfjs-core';
import type { Block } from '../core/block.ts';
import { ArgumentError } from '../core/errors.ts';
import { onHeap } from './heap.ts';

/** A weight of a tf.LayersModel: a wrapper whose `read` gives the variable. */
export interface LayerWeight {
  read(): Tensor;
}

/** Where one parameter lies in the long vector. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** First row and number of rows. */
  readonly offset: number;
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

function asVariable(value: unknown, index: number): Variable {
  const read = (value as Partial<LayerWeight> | null | undefined)?.read;
  const candidate = typeof read === 'function' ? read.call(value) : value;
  if (!(candidate instanceof Variable)) {
    throw new ArgumentError(
      `hessian: parameters[${index}] must be a tf.Variable (or a weight of a tf.LayersModel), got ` +
        `${value === null ? 'null' : typeof value}; make variables with tf.variable, of the same copy of ` +
        '@tensorflow/tfjs-core as eigensketch uses',
      { index },
    );
  }
  if (candidate.isDisposed) {
    throw new ArgumentError(`hessian: parameters[${index}] ('${candidate.name}') is disposed`, { index });
  }
  if (candidate.dtype !== 'float32') {
    throw new ArgumentError(
      `hessian: parameters[${index}] ('${candidate.name}') must be float32, got ${candidate.dtype}`,
      { index, dtype: candidate.dtype },
    );
  }
  return candidate;
}

/** @throws ArgumentError unless `parameters` is a list of different float32 variables, at least one. */
export function checkParameters(parameters: unknown): Variable[] {
  if (!Array.isArray(parameters) || parameters.length === 0) {
    throw new ArgumentError(
      'hessian: no parameters; pass parameters: an array of tf.Variable, such as model.trainableWeights',
      {},
    );
  }
  const variables = parameters.map(asVariable);
  const twice = variables.findIndex((variable, i) => variables.indexOf(variable) !== i);
  if (twice >= 0) {
    throw new ArgumentError(`hessian: parameters[${twice}] ('${variables[twice]!.name}') is in the list twice`, {
      index: twice,
    });
  }
  return variables;
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

/** Reads tensors `[...shape, b]` back as the D x b block of their rows, times `factor`; an absent tensor is zero. */
export async function toBlock(
  tensors: readonly (Tensor | undefined)[],
  layout: readonly ParameterInfo[],
  cols: number,
  factor: number,
): Promise<Block> {
  const rows = layout.reduce((total, { size }) => total + size, 0);
  const data = new Float32Array(rows * cols);
  for (const [i, { offset }] of layout.entries()) {
    const tensor = tensors[i];
    if (tensor === undefined) continue;
    const values = onHeap(tensor) ?? ((await tensor.data()) as Float32Array);
    copyScaled(values, factor, data.subarray(offset * cols));
  }
  return { rows, cols, data };
}
