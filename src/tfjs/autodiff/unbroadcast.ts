/** The transpose of broadcasting. */
import { broadcast_util, reshape, sum, type Tensor, util } from '@tensorflow/tfjs-core';

/** Sums a tensor over the axes along which something of this shape was broadcast to it. */
export function unbroadcast(tensor: Tensor, shape: readonly number[]): Tensor {
  if (util.arraysEqual(tensor.shape, [...shape])) return tensor;
  const axes = broadcast_util.getReductionAxes([...shape], tensor.shape);
  return reshape(axes.length > 0 ? sum(tensor, axes) : tensor, [...shape]);
}
