/**
 * Gradients of dilated convolutions that are fused with their bias, as those of tf.layers.conv2d are: TensorFlow.js 4.22
 * has none, though it has one without the fusion. They belong to the operation, not to the kernel, so the registry of
 * gradients cannot help: the engine's way to such operations is watched while a gradient is taken.
 */
import { broadcast_util, engine, type NamedAttrMap, reshape, sum, type Tensor } from '@tensorflow/tfjs-core';
import { depthwiseFilterGradient, depthwiseInputGradient } from './rules/convolution/depthwise.ts';
import { productsOf } from './rules/convolution/products.ts';
import { convolutionPlane, depthwisePlane } from './rules/convolution/window.ts';

type Engine = ReturnType<typeof engine>;
/** A function that brings its own gradient along. */
type CustomOperation = Parameters<Engine['customGrad']>[0];

/** Gradients by x and by the filter. */
type Gradients = (x: Tensor, filter: Tensor, dy: Tensor, attrs: NamedAttrMap) => [Tensor, Tensor];

const GRADIENTS: Readonly<Record<string, Gradients>> = {
  FusedConv2D: (x, filter, dy, attrs) => {
    const { inputGradient, filterGradient } = productsOf(convolutionPlane(x.shape, filter.shape, attrs));
    return [inputGradient(dy, filter), filterGradient(x, dy)];
  },
  FusedDepthwiseConv2D: (x, filter, dy, attrs) => {
    const plane = depthwisePlane(x.shape, filter.shape, attrs);
    return [depthwiseInputGradient(dy, filter, plane), depthwiseFilterGradient(x, dy, plane)];
  },
};

/** Whether a convolution's attributes have a dilation other than 1. */
export function isDilated({ dilations }: NamedAttrMap): boolean {
  return [dilations ?? 1].flat().some((dilation) => dilation !== 1);
}

/** A fused call without activation: inside gradients TensorFlow.js fuses no other. */
interface FusedCall {
  readonly kernel: string;
  readonly attrs: NamedAttrMap;
}

/** What the operation saved: [filter, x, output] and the bias, if there is one. */
function gradientsOf({ kernel, attrs }: FusedCall, dy: Tensor, saved: readonly Tensor[]): Tensor[] {
  const [filter, x, output, bias] = saved as [Tensor, Tensor, Tensor, Tensor?];
  const cotangent = reshape(dy, output.shape);
  const gradients = GRADIENTS[kernel]!(x, filter, cotangent, attrs);
  if (!bias) return gradients;
  const axes = broadcast_util.getReductionAxes(bias.shape, output.shape);
  return [...gradients, reshape(sum(cotangent, axes), bias.shape)];
}

/** Runs `run`, which takes gradients, with those of dilated fusions in place. The engine is as before whatever happens. */
export function withDilatedFusions<T>(run: () => T): T {
  const own = engine();
  const { customGrad, runKernel } = own;
  let fused: FusedCall | undefined;
  const watch: Engine['runKernel'] = (kernel, inputs, attrs) => {
    if (kernel in GRADIENTS && attrs && isDilated(attrs)) fused = { kernel, attrs };
    return runKernel.call(own, kernel, inputs, attrs) as never;
  };
  const replace = (operation: CustomOperation) =>
    customGrad.call(own, (...args) => {
      fused = undefined;
      const result = operation(...args);
      const call = fused as FusedCall | undefined;
      if (call === undefined) return result;
      return { ...result, gradFunc: (dy, saved) => gradientsOf(call, dy, saved) };
    });
  Object.assign(own, { runKernel: watch, customGrad: replace });
  try {
    return run();
  } finally {
    Object.assign(own, { runKernel, customGrad });
  }
}
