/** The gradients of a matrix product op(a) op(b) whose leading axes broadcast. */
import { matMul, type NamedAttrMap, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { unbroadcast } from './unbroadcast.ts';

const isSingleMatrix = ({ shape }: Tensor): boolean => shape.slice(0, -2).every((size) => size === 1);

/** All rows of a stack of matrices as one matrix. */
function stacked(matrices: Tensor): Tensor {
  const columns = matrices.shape[matrices.rank - 1]!;
  return reshape(matrices, [matrices.size / columns, columns]);
}

/** By a and by b. `attrs` has `transposeA` and `transposeB`. */
export function productGradients(
  [a, b]: readonly [Tensor, Tensor],
  dy: Tensor,
  { transposeA, transposeB }: NamedAttrMap,
): { a: () => Tensor; b: () => Tensor } {
  const byA = (): Tensor => (transposeA ? matMul(b, dy, Boolean(transposeB), true) : matMul(dy, b, false, !transposeB));
  const byB = (): Tensor => {
    // One matrix for a whole stack: one product, not a sum of as many as there are matrices in the stack.
    const [left, right] = isSingleMatrix(b) && !transposeA ? [stacked(a), stacked(dy)] : [a, dy];
    const gradient = transposeB
      ? matMul(right, left, true, Boolean(transposeA))
      : matMul(left, right, !transposeA, false);
    return gradient.size === b.size ? reshape(gradient, b.shape) : gradient;
  };
  return { a: () => unbroadcast(byA(), a.shape), b: () => unbroadcast(byB(), b.shape) };
}
