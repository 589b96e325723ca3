/** Gradients of kernels that TensorFlow.js itself never differentiates: those of gradients, and fused ones. */
import {
  add,
  avgPool,
  avgPool3d,
  cast,
  div,
  type GradConfig,
  less,
  minimum,
  mul,
  type NamedAttrMap,
  reshape,
  scalar,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { productGradients } from './product-gradients.ts';
import { depthwiseFilterGradient, depthwiseInputGradient, depthwiseOutput } from './rules/convolution/depthwise.ts';
import { productsOf } from './rules/convolution/products.ts';
import { type Axis, convolutionPlane, convolutionSpace, depthwisePlane } from './rules/convolution/window.ts';
import { dilationPairs } from './rules/dilation.ts';
import { borderFactor, poolingMaxima } from './rules/pooling.ts';
import { fetch } from './rules/window-maxima.ts';
import { unbroadcast } from './unbroadcast.ts';

type Entry = Omit<GradConfig, 'kernelName'>;
type Windows = (x: readonly number[], filter: readonly number[], attrs: NamedAttrMap) => readonly Axis[];

/** The gradient by the filter is linear in x and dy: <F(x, dy), w> = <x, inputGradient(dy, w)> = <dy, output(x, w)>. */
const filterGradient = (windows: Windows): Entry => ({
  inputsToSave: ['x', 'dy'],
  gradFunc: (seed, [x, dy], attrs) => {
    const weights = seed as Tensor;
    const { output, inputGradient } = productsOf(windows(x!.shape, weights.shape, attrs));
    return { x: () => inputGradient(dy!, weights), dy: () => output(x!, weights) };
  },
});

/** The gradient by the input is linear in dy and the filter. */
const inputGradient = (windows: Windows): Entry => ({
  inputsToSave: ['dy', 'filter'],
  gradFunc: (seed, [dy, filter], attrs) => {
    const x = seed as Tensor;
    const { output, filterGradient: byFilter } = productsOf(windows(x.shape, filter!.shape, attrs));
    return { dy: () => output(x, filter!), filter: () => byFilter(x, dy!) };
  },
});

/** The same two for depthwise convolutions. */
const depthwiseFilter: Entry = {
  inputsToSave: ['x', 'dy'],
  gradFunc: (seed, [x, dy], attrs) => {
    const weights = seed as Tensor;
    const plane = depthwisePlane(x!.shape, weights.shape, attrs);
    return {
      x: () => depthwiseInputGradient(dy!, weights, plane),
      dy: () => depthwiseOutput(x!, weights, plane),
    };
  },
};

const depthwiseInput: Entry = {
  inputsToSave: ['dy', 'filter'],
  gradFunc: (seed, [dy, filter], attrs) => {
    const x = seed as Tensor;
    const plane = depthwisePlane(x.shape, filter!.shape, attrs);
    return {
      dy: () => depthwiseOutput(x, filter!, plane),
      filter: () => depthwiseFilterGradient(x, dy!, plane),
    };
  },
};

/**
 * The gradient kernel of average pooling spreads dy / window size; its transpose averages with zeros outside.
 */
const averageGradient: Entry = {
  inputsToSave: ['input'],
  gradFunc: (seed, [input], attrs) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs as never as Record<string, never>;
    const x = seed as Tensor;
    const average = () =>
      x.rank === 5
        ? avgPool3d(x as Tensor5D, filterSize!, strides!, pad!, dimRoundingMode)
        : avgPool(x as Tensor4D, filterSize!, strides!, pad!, dimRoundingMode);
    const factor = borderFactor(x.shape, attrs);
    return {
      dy: () => (factor ? div(average(), factor) : average()),
      // Only its shape matters.
      input: () => zerosLike(input!),
    };
  },
};

/** The gradient of maximum pooling puts outputs at the places of the maxima; its transpose fetches them there. */
const maximumGradient: Entry = {
  inputsToSave: ['dy', 'input'],
  gradFunc: (seed, [dy, input], attrs) => ({
    dy: () => reshape(fetch(seed as Tensor, poolingMaxima(input!, attrs), input!.size), dy!.shape),
    // To first order the places do not move.
    input: () => zerosLike(input!),
    output: () => zerosLike(dy!),
  }),
};

/** The gradients of a dilation put dy at the places of the pairs that attain the maxima; the transpose fetches it there. */
const dilationGradient = (pick: 'inX' | 'inFilter'): Entry => ({
  inputsToSave: ['x', 'filter', 'dy'],
  gradFunc: (seed, saved, attrs) => {
    const [x, filter, dy] = saved as [Tensor, Tensor, Tensor];
    const weights = seed as Tensor;
    return {
      dy: () => reshape(fetch(weights, dilationPairs(x, filter, attrs)[pick], weights.size), dy.shape),
      // To first order the pairs do not move.
      x: () => zerosLike(x),
      filter: () => zerosLike(filter),
    };
  },
});

/** Inside a gradient TensorFlow.js fuses a bias but no activation. A product without a bias leaves that input out. */
const fusedMatMul: Entry = {
  inputsToSave: ['a', 'b', 'bias'],
  gradFunc: (seed, [a, b, bias], attrs) => {
    const dy = seed as Tensor;
    return { ...productGradients([a!, b!], dy, attrs), bias: () => unbroadcast(dy, bias!.shape) };
  },
};

const fusedConvolution: Entry = {
  inputsToSave: ['x', 'filter', 'bias'],
  gradFunc: (seed, [x, filter, bias], attrs) => {
    const dy = seed as Tensor;
    const products = productsOf(convolutionPlane(x!.shape, filter!.shape, attrs));
    return {
      x: () => products.inputGradient(dy, filter!),
      filter: () => products.filterGradient(x!, dy),
      bias: () => unbroadcast(dy, bias!.shape),
    };
  },
};

const fusedDepthwise: Entry = {
  inputsToSave: ['x', 'filter', 'bias'],
  gradFunc: (seed, [x, filter, bias], attrs) => {
    const dy = seed as Tensor;
    const plane = depthwisePlane(x!.shape, filter!.shape, attrs);
    return {
      x: () => depthwiseInputGradient(dy, filter!, plane),
      filter: () => depthwiseFilterGradient(x!, dy, plane),
      bias: () => unbroadcast(dy, bias!.shape),
    };
  },
};

/** By kernel name: kernels that the gradient functions call. */
export const GRADIENTS_OF_GRADIENTS: Readonly<Record<string, Entry>> = {
  AvgPool3DGrad: averageGradient,
  AvgPoolGrad: averageGradient,
  Conv2DBackpropFilter: filterGradient(convolutionPlane),
  Conv3DBackpropFilterV2: filterGradient(convolutionSpace),
  Conv3DBackpropInputV2: inputGradient(convolutionSpace),
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilter,
  DepthwiseConv2dNativeBackpropInput: depthwiseInput,
  Dilation2DBackpropFilter: dilationGradient('inFilter'),
  Dilation2DBackpropInput: dilationGradient('inX'),
  // dy where y >= 0, dy (y + 1) below.
  EluGrad: {
    inputsToSave: ['dy', 'y'],
    gradFunc: (seed, [dy, y]) => ({
      dy: () => mul(seed as Tensor, add(minimum(y!, scalar(0)), scalar(1))),
      y: () => mul(seed as Tensor, mul(dy!, cast(less(y!, 0), 'float32'))),
    }),
  },
  MaxPool3DGrad: maximumGradient,
  MaxPoolGrad: maximumGradient,
};

/**
 * Kernels of which the custom gradient of an operation stands before: the engine never asks for these. It could not save
 * their inputs, of which the bias is optional.
 */
export const GRADIENTS_OF_FUSIONS: Readonly<Record<string, Entry>> = {
  FusedConv2D: fusedConvolution,
  FusedDepthwiseConv2D: fusedDepthwise,
  _FusedMatMul: fusedMatMul,
};
