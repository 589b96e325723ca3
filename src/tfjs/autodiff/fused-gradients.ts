/**
 * Gradients of fused operations that TensorFlow.js 4.22 has without the fusion but not with it: dilated convolutions with a
 * bias, as those of tf.layers.conv2d are, and matrix products of which one side is broadcast. They belong to the operation,
 * not to the kernel, so the registry of gradients cannot help: the engine's way to such operations is watched while a
 * gradient is taken.
 */
import { engine, type NamedAttrMap, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { productGradients } from './product-gradients.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from './rules/convolution/depthwise.ts';
import { productsOf } from './rules/convolution/products.ts';
import { convolutionPlane, depthwisePlane } from './rules/convolution/window.ts';
import { unbroadcast } from './unbroadcast.ts';

type Engine = ReturnType<typeof engine>;
/** A function that brings its own gradient along. */
type CustomOperation = Parameters<Engine['customGrad']>[0];
type Inputs = Parameters<Engine['runKernel']>[1];

/** A kernel without activation: inside gradients TensorFlow.js fuses no other. */
interface Fusion {
  /** Whether TensorFlow.js fails on this call. */
  fails(inputs: Inputs, attrs: NamedAttrMap): boolean;
  /** The two operands, then the output and the bias where there is one, from what the operation saved. */
  saved(tensors: readonly Tensor[]): readonly [Tensor, Tensor, Tensor, Tensor | undefined];
  /** Gradients by the two operands. */
  gradients(operands: readonly [Tensor, Tensor], dy: Tensor, attrs: NamedAttrMap): [Tensor, Tensor];
}

/** Whether a convolution's attributes have a dilation other than 1. */
export function isDilated({ dilations }: NamedAttrMap): boolean {
  return [dilations ?? 1].flat().some((dilation) => dilation !== 1);
}

const dilated = (gradients: Fusion['gradients']): Fusion => ({
  fails: (_, attrs) => isDilated(attrs),
  saved: ([filter, x, output, bias]) => [x!, filter!, output!, bias],
  gradients,
});

const FUSIONS: Readonly<Record<string, Fusion>> = {
  FusedConv2D: dilated(([x, filter], dy, attrs) => {
    const { inputGradient, filterGradient } = productsOf(convolutionPlane(x.shape, filter.shape, attrs));
    return [inputGradient(dy, filter), filterGradient(x, dy)];
  }),
  FusedDepthwiseConv2D: dilated(([x, filter], dy, attrs) => {
    const plane = depthwisePlane(x.shape, filter.shape, attrs);
    return [depthwiseInputGradient(dy, filter, plane), depthwiseFilterGradient(x, dy, plane)];
  }),
  _FusedMatMul: {
    fails: ({ a, b }) => (a as Tensor).shape[0] !== (b as Tensor).shape[0],
    saved: ([a, b, output, bias]) => [a!, b!, output!, bias],
    gradients: (operands, dy, attrs) => {
      const { a, b } = productGradients(operands, dy, attrs);
      return [a(), b()];
    },
  },
};

interface FusedCall {
  readonly fusion: Fusion;
  readonly attrs: NamedAttrMap;
}

function gradientsOf({ fusion, attrs }: FusedCall, dy: Tensor, saved: readonly Tensor[]): Tensor[] {
  const [left, right, output, bias] = fusion.saved(saved);
  const cotangent = reshape(dy, output.shape);
  const gradients = fusion.gradients([left, right], cotangent, attrs);
  return bias ? [...gradients, unbroadcast(cotangent, bias.shape)] : gradients;
}

/** Runs `run`, which takes gradients, with those of such fusions in place. The engine is as before whatever happens. */
export function withFusedGradients<T>(run: () => T): T {
  const own = engine();
  const { customGrad, runKernel } = own;
  let fused: FusedCall | undefined;
  const watch: Engine['runKernel'] = (kernel, inputs, attrs) => {
    const fusion = FUSIONS[kernel];
    if (fusion && attrs && fusion.fails(inputs, attrs)) fused = { fusion, attrs };
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
