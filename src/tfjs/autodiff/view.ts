/** Tensors that share the numbers of others, made without the engine's ceremony, which costs more than a small kernel. */
import { backend, engine, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { currentBackend } from '../backends/current.ts';
import { isRecording } from './recording.ts';

/**
 * The same numbers in another shape, for carrying tangents. No kernel is called, except where a tape, ours or
 * TensorFlow.js's, must see it. It counts in the scope of the caller.
 */
export function view(tensor: Tensor, shape: readonly number[]): Tensor {
  const isSeen = isRecording() || engine().state.gradientDepth > 0;
  if (isSeen || !currentBackend().sharesMemory) return reshape(tensor, [...shape]);
  backend().incRef(tensor.dataId);
  return engine().makeTensorFromTensorInfo({ dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype });
}

/**
 * `transpose` for carrying tangents: a view where no number moves, as for blocks of one column. Not where
 * products repack a right operand once for as long as its data lives, whatever shape the data is given later.
 */
export function permute(tensor: Tensor, order: readonly number[]): Tensor {
  const long = order.filter((axis) => tensor.shape[axis] !== 1);
  const moves = long.some((axis, i) => i > 0 && axis < long[i - 1]!);
  if (moves || currentBackend().packsOperands) return transpose(tensor, [...order]);
  return view(
    tensor,
    order.map((axis) => tensor.shape[axis]!),
  );
}
