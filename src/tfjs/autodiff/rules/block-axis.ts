/** Working with the block index, the extra last axis of every tangent. */
import { add, matMul, mul, ones, reshape, sum, type Tensor, util, zeros } from '@tensorflow/tfjs-core';
import { currentBackend } from '../../backends/current.ts';
import type { KernelCall } from '../tape.ts';
import { view } from '../view.ts';
import type { Save } from './rule.ts';

/** Number of directions b in a tangent. */
export function blockSize(tangent: Tensor): number {
  return tangent.shape[tangent.rank - 1]!;
}

/** `[...shape]` to `[...shape, 1]`, so that it broadcasts against tangents. Shares the data. */
export function withBlockAxis(tensor: Tensor): Tensor {
  return reshape(tensor, [...tensor.shape, 1]);
}

/** A tangent in the shape of another tensor of as many elements. Shares the data. */
export function reshapeTangent(tangent: Tensor, shape: readonly number[]): Tensor {
  return view(tangent, [...shape, blockSize(tangent)]);
}

/**
 * A tangent `[...from, b]` spread to `[...shape, b]` by the usual broadcasting of `from` against `shape`. By adding zeros:
 * TensorFlow.js would tile, which on wasm copies element by element.
 */
export function broadcastTangent(tangent: Tensor, shape: readonly number[]): Tensor {
  return util.arraysEqual(tangent.shape.slice(0, -1), [...shape]) ? tangent : add(tangent, zeros([...shape, 1]));
}

/** Factor (a tensor with a block axis, or a number) times tangent. */
export function scale(factor: Tensor | number, tangent: Tensor): Tensor {
  return factor === 1 ? tangent : mul(factor, tangent);
}

/** The sum of the tangents that are there; `undefined` for none. */
export function addTangents(terms: readonly (Tensor | undefined)[]): Tensor | undefined {
  return terms.reduce((total, term) => (total && term ? add(total, term) : (total ?? term)), undefined);
}

/** Sum of a tangent over axes of the untangented shape, which are non-negative and sorted; the summed axes disappear. */
export function sumTangent(tangent: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 0) return tangent;
  const areLeading = axes.every((axis, i) => axis === i);
  // Leading axes: a row of ones times a matrix needs no transpose and runs at the speed of memory, unless the matrix is
  // repacked for it, as on wasm, whose sum of ours reads it once.
  if (!areLeading || currentBackend().packsOperands) return sum(tangent, [...axes]);
  const rest = tangent.shape.slice(axes.length);
  const rows = util.sizeFromShape(tangent.shape.slice(0, axes.length));
  return view(matMul(ones([1, rows]), view(tangent, [rows, util.sizeFromShape(rest)])), rest);
}

/** The two inputs of a bilinear kernel, saved if the other one moves: its tangents meet this one. */
export function saveMet({ inputs, moving }: KernelCall, save: Save, first: string, second: string): [Tensor, Tensor] {
  const met = (name: string, other: string) => (moving.has(other) ? save(inputs[name]!) : inputs[name]!);
  return [met(first, second), met(second, first)];
}
