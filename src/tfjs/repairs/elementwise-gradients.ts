/**
 * Gradients of kernels that broadcast, which TensorFlow.js 4.22 does not have for broadcast inputs or has wrong. The
 * partial derivatives are those of the tangent rules.
 */
import {
  add,
  type GradConfig,
  matMul,
  mul,
  neg,
  reshape,
  rsqrt,
  scalar,
  sub,
  type Tensor,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { partialDerivatives } from '../autodiff/rules/arithmetic.ts';
import { unbroadcast } from '../autodiff/unbroadcast.ts';

/** From the table of partial derivatives. */
function binaryGradient(kernelName: string): GradConfig {
  const { inputs, partials } = partialDerivatives(kernelName);
  return {
    kernelName,
    inputsToSave: [...inputs],
    outputsToSave: [true],
    gradFunc: (dy, saved) => {
      const [a, b, y] = saved as [Tensor, Tensor, Tensor];
      const by = (i: 0 | 1) => (): Tensor => {
        const slope = partials[i](a, b, y);
        return unbroadcast(mul(dy as Tensor, slope), saved[i]!.shape);
      };
      return { [inputs[0]]: by(0), [inputs[1]]: by(1) };
    },
  };
}

/** TensorFlow.js has the gradient of a division without rounding. */
const floorDivision: GradConfig = {
  kernelName: 'FloorDiv',
  inputsToSave: ['a', 'b'],
  gradFunc: (_dy, [a, b]) => ({ a: () => zerosLike(a!), b: () => zerosLike(b!) }),
};

const isSingleMatrix = ({ shape }: Tensor): boolean => shape.slice(0, -2).every((size) => size === 1);

/** All rows of a stack of matrices as one matrix. */
function stacked(matrices: Tensor): Tensor {
  const columns = matrices.shape[matrices.rank - 1]!;
  return reshape(matrices, [matrices.size / columns, columns]);
}

/** Of op(a) op(b), whose leading axes broadcast. */
const product: GradConfig = {
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (seed, saved, { transposeA, transposeB }) => {
    const [a, b] = saved as [Tensor, Tensor];
    const dy = seed as Tensor;
    const byA = (): Tensor =>
      transposeA ? matMul(b, dy, Boolean(transposeB), true) : matMul(dy, b, false, !transposeB);
    const byB = (): Tensor => {
      // One matrix for a whole stack: one product, not a sum of as many as there are matrices in the stack.
      const [left, right] = isSingleMatrix(b) && !transposeA ? [stacked(a), stacked(dy)] : [a, dy];
      const gradient = transposeB
        ? matMul(right, left, true, Boolean(transposeA))
        : matMul(left, right, !transposeA, false);
      return gradient.size === b.size ? reshape(gradient, b.shape) : gradient;
    };
    return { a: () => unbroadcast(byA(), a.shape), b: () => unbroadcast(byB(), b.shape) };
  },
};

/** The scale is saved, too, where there is none: `nested-gradients.ts` puts ones there. */
const batchNormalisation: GradConfig = {
  kernelName: 'FusedBatchNorm',
  inputsToSave: ['x', 'mean', 'variance', 'scale'],
  gradFunc: (seed, saved, { varianceEpsilon }) => {
    const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor];
    const dy = seed as Tensor;
    const root = rsqrt(add(variance, scalar(varianceEpsilon as number)));
    const centred = sub(x, mean);
    const scaled = mul(dy, mul(scale, root));
    return {
      x: () => scaled,
      mean: () => neg(unbroadcast(scaled, mean.shape)),
      variance: () => mul(scalar(-0.5), unbroadcast(mul(mul(scaled, centred), mul(root, root)), variance.shape)),
      scale: () => unbroadcast(mul(dy, mul(centred, root)), scale.shape),
      offset: () => unbroadcast(dy, mean.shape),
    };
  },
};

/** All of them. */
export const ELEMENTWISE_GRADIENTS: readonly GradConfig[] = [
  ...['Maximum', 'Minimum', 'Pow', 'SquaredDifference'].map(binaryGradient),
  batchNormalisation,
  floorDivision,
  product,
];
