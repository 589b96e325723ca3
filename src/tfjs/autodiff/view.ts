/** Tensors that share the numbers of others, made without the engine's ceremony, which costs more than a small kernel. */
import { backend, engine, getBackend, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { usesNativeProducts } from '../backends/wasm/native-products.ts';
import { isRecording } from './tape.ts';

/** Backends that know the shape of a tensor from its handle alone, so that a reshaped one is just another handle. */
const SHAPE_IN_HANDLE: ReadonlySet<string> = new Set(['wasm', 'webgpu', 'cpu']);

/**
 * The same numbers in another shape, for carrying tangents. No kernel is called, except where a tape, ours or
 * TensorFlow.js's, must see it. It counts in the scope of the caller.
 */
export function view(tensor: Tensor, shape: readonly number[]): Tensor {
  const isSeen = isRecording() || engine().state.gradientDepth > 0;
  if (isSeen || !SHAPE_IN_HANDLE.has(getBackend())) return reshape(tensor, [...shape]);
  backend().incRef(tensor.dataId);
  return engine().makeTensorFromTensorInfo({ dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype });
}

/**
 * `transpose` for carrying tangents: a view where no number moves, as for blocks of one column. Not for the wasm backend's own
 * products: XNNPACK repacks a right operand once for as long as its data lives, whatever shape the data is given later.
 */
export function permute(tensor: Tensor, order: readonly number[]): Tensor {
  const long = order.filter((axis) => tensor.shape[axis] !== 1);
  const moves = long.some((axis, i) => i > 0 && axis < long[i - 1]!);
  if (moves || (getBackend() === 'wasm' && !usesNativeProducts())) return transpose(tensor, [...order]);
  return view(
    tensor,
    order.map((axis) => tensor.shape[axis]!),
  );
}
