/**
 * Gradients that TensorFlow.js 4.22 does not have or has wrong: of einsum, dilated convolutions, image resizing, padded
 * average pooling, and extrema that several numbers attain.
 */
import {
  engine,
  eye,
  type GradConfig,
  getGradient,
  matMul,
  max,
  min,
  mul,
  type NamedAttrMap,
  reshape,
  type Tensor,
  transpose,
  util,
} from '@tensorflow/tfjs-core';
import { isDilated } from '../autodiff/fused-gradients.ts';
import { GRADIENTS_OF_GRADIENTS } from '../autodiff/gradients-of-gradients.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from '../autodiff/rules/convolution/depthwise.ts';
import { productsOf } from '../autodiff/rules/convolution/products.ts';
import { convolutionPlane, convolutionSpace, depthwisePlane } from '../autodiff/rules/convolution/window.ts';
import { einsumGradient } from '../autodiff/rules/einsum.ts';
import { localResponseGradient } from '../autodiff/rules/normalisation.ts';
import { borderFactor } from '../autodiff/rules/pooling.ts';
import { extremumShares } from '../autodiff/rules/reduction.ts';
import { ELEMENTWISE_GRADIENTS } from './elementwise-gradients.ts';
import { indexingGradients } from './indexing-gradients.ts';

const einsumConfig: GradConfig = {
  kernelName: 'Einsum',
  saveAllInputs: true,
  gradFunc: (dy, saved, { equation }) =>
    Object.fromEntries(
      saved.map((_, i) => [String(i), () => einsumGradient(equation as string, saved, i, dy as Tensor)]),
    ),
};

/** TensorFlow.js's gradient, and the given one for what it refuses. */
function withDilation(kernelName: string, dilated: GradConfig['gradFunc']): GradConfig {
  const original = getGradient(kernelName);
  return {
    ...original,
    gradFunc: (dy, saved, attrs) => (isDilated(attrs) ? dilated : original.gradFunc)(dy, saved, attrs),
  };
}

/** The gradient of a convolution by matrix products, whatever its windows. */
function dilatedGradient(windows: typeof convolutionSpace | typeof convolutionPlane): GradConfig['gradFunc'] {
  return (dy, [x, filter], attrs) => {
    const products = productsOf(windows(x!.shape, filter!.shape, attrs));
    return {
      x: () => products.inputGradient(dy as Tensor, filter!),
      filter: () => products.filterGradient(x!, dy as Tensor),
    };
  };
}

/** The matrix [from, to] that a resizing kernel's gradient applies along one axis, from the kernel's own action. */
function resizingTransposed(kernel: string, attrs: NamedAttrMap, from: number, to: number): Tensor {
  const images = reshape(eye(from), [1, from, 1, from]);
  const columns = engine().runKernel(kernel, { images }, { ...attrs, size: [to, 1] }) as Tensor;
  return transpose(reshape(columns, [to, from]), [1, 0]);
}

/** The transpose of resizing [N, H, W, C], which is linear along rows and along columns. */
function resizingGradient(kernel: string): GradConfig {
  return {
    ...getGradient(kernel),
    kernelName: kernel,
    gradFunc: (dy, [images], attrs) => {
      const [n, h, w, c] = images!.shape as [number, number, number, number];
      const [rows, cols] = (dy as Tensor).shape.slice(1, 3) as [number, number];
      const gradient = () => {
        const down = reshape(resizingTransposed(kernel, attrs, h, rows), [1, h, rows]);
        const across = reshape(resizingTransposed(kernel, attrs, w, cols), [1, w, cols]);
        const tall = matMul(down, reshape(dy as Tensor, [n, rows, cols * c]));
        return reshape(matMul(across, reshape(tall, [n * h, cols, c])), [n, h, w, c]);
      };
      return { images: gradient };
    },
  };
}

/** TensorFlow.js divides by the size of the whole window at the border, too. */
function averagingGradient(kernel: string): GradConfig {
  const original = getGradient(kernel);
  return {
    ...original,
    gradFunc: (dy, saved, attrs) => {
      const factor = borderFactor(saved[0]!.shape, attrs);
      return original.gradFunc(factor ? mul(dy as Tensor, factor) : dy, saved, attrs);
    },
  };
}

/** Ties share the gradient, which TensorFlow.js gives to each. From the input, so that it has a gradient itself. */
function extremumGradient(kernelName: string, extremum: typeof max, attribute: string): GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, [saved], attrs) => {
      const x = saved!;
      const axes = util.parseAxisParam(attrs[attribute] as number | number[], x.shape);
      const y = extremum(x, axes, true);
      return { x: () => mul(reshape(dy as Tensor, y.shape), extremumShares(x, y, axes)) };
    },
  };
}

/** From the input alone, by operations that have gradients: the kernel of TensorFlow.js's gradient has none. */
const localResponse: GradConfig = {
  kernelName: 'LRN',
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attrs) => ({ x: () => localResponseGradient(x!, dy as Tensor, attrs) }),
};

/** All of them. TensorFlow.js's own gradients must be registered. */
export function repairedGradients(): GradConfig[] {
  return [
    einsumConfig,
    localResponse,
    extremumGradient('Max', max, 'reductionIndices'),
    extremumGradient('Min', min, 'axis'),
    ...ELEMENTWISE_GRADIENTS,
    ...indexingGradients(),
    ...Object.entries(GRADIENTS_OF_GRADIENTS).map(([kernelName, entry]) => ({ kernelName, ...entry })),
    averagingGradient('AvgPool'),
    averagingGradient('AvgPool3D'),
    // The kernels of these gradients know no half-pixel centres, and one has rows and columns exchanged on the CPU.
    resizingGradient('ResizeBilinear'),
    resizingGradient('ResizeNearestNeighbor'),
    withDilation('Conv2D', dilatedGradient(convolutionPlane)),
    withDilation('Conv3D', dilatedGradient(convolutionSpace)),
    withDilation('DepthwiseConv2dNative', (dy, [x, filter], attrs) => {
      const plane = depthwisePlane(x!.shape, filter!.shape, attrs);
      return {
        x: () => depthwiseInputGradient(dy as Tensor, filter!, plane),
        filter: () => depthwiseFilterGradient(x!, dy as Tensor, plane),
      };
    }),
  ];
}
