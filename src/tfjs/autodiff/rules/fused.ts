/** Convolutions with bias and activation in one kernel, by the kernels they stand for. */
import {
  add,
  conv2d,
  depthwiseConv2d,
  elu,
  leakyRelu,
  prelu,
  relu,
  relu6,
  sigmoid,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { KernelCall, KernelInputs } from '../tape.ts';
import type { Rule } from './rule.ts';

type Inputs = KernelInputs;

/** The activations that TensorFlow.js fuses. */
const ACTIVATIONS: Readonly<Record<string, (z: Tensor, inputs: Inputs, attrs: KernelCall['attrs']) => Tensor>> = {
  elu: (z) => elu(z),
  leakyrelu: (z, _inputs, { leakyreluAlpha }) => leakyRelu(z, leakyreluAlpha as number),
  linear: (z) => z,
  prelu: (z, { preluActivationWeights }) => prelu(z, preluActivationWeights!),
  relu: (z) => relu(z),
  relu6: (z) => relu6(z),
  sigmoid: (z) => sigmoid(z),
};

/** Adds the bias, if there is one, and applies the activation: what every fused kernel does after its product. */
export function finishFused(product: Tensor, inputs: Inputs, attrs: KernelCall['attrs']): Tensor {
  const z = inputs.bias ? add(product, inputs.bias) : product;
  return ACTIVATIONS[attrs.activation as string]!(z, inputs, attrs);
}

function fused(convolve: typeof conv2d | typeof depthwiseConv2d): Rule {
  return ({ attrs }, _save, derive) => {
    const { strides, pad, dataFormat, dilations, dimRoundingMode } = attrs as never as Record<string, never>;
    return derive((inputs) => {
      const [x, filter] = [inputs.x as Tensor4D, inputs.filter as Tensor4D];
      const product = convolve(x, filter, strides!, pad!, dataFormat, dilations, dimRoundingMode);
      return finishFused(product, inputs, attrs);
    });
  };
}

/** Rules of the fused convolutions. */
export const fusedRules: Readonly<Record<string, Rule>> = {
  FusedConv2D: fused(conv2d),
  FusedDepthwiseConv2D: fused(depthwiseConv2d),
};
