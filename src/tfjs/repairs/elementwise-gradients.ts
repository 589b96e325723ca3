/**
 * Gradients of kernels that broadcast, which TensorFlow.js 4.22 does not have for broadcast inputs or has wrong. The
 * partial derivatives are those of the tangent rules.
 */
import { add, type GradConfig, mul, neg, rsqrt, scalar, sub, type Tensor, zerosLike } from '@tensorflow/tfjs-core';
import { productGradients } from '../autodiff/product-gradients.ts';
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

const product: GradConfig = {
  kernelName: 'BatchMatMul',
  inputsToSave: ['a', 'b'],
  gradFunc: (dy, [a, b], attrs) => ({ ...productGradients([a!, b!], dy as Tensor, attrs) }),
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
