/**
 * The three products of a convolution, all by `tf.conv2d` or `tf.conv3d`: the output, and the gradients by input and by
 * filter.
 *
 * TensorFlow.js's wasm backend has no 2-D gradient by the filter, a slow one by the input and wrong 3-D ones, while its
 * convolution runs nearly at the speed of a matrix product.
 */
import { conv2d, conv3d, reverse, type Tensor, type Tensor4D, type Tensor5D, transpose } from '@tensorflow/tfjs-core';
import { placedForGradient, readingPads, resize } from './padding.ts';
import type { Axis } from './window.ts';

/** The products of a trilinear form. Batch and numbers of channels are those of the tensors given. */
export interface Products {
  /** [N, ...in, C] by [...k, C, O] to [N, ...out, O]. */
  output(x: Tensor, filter: Tensor): Tensor;
  /** [N, ...out, O] by [...k, C, O] to [N, ...in, C]. */
  inputGradient(dy: Tensor, filter: Tensor): Tensor;
  /** [N, ...in, C] by [N, ...out, O] to [...k, C, O]. */
  filterGradient(x: Tensor, dy: Tensor): Tensor;
}

function convolve(x: Tensor, filter: Tensor, strides: readonly number[], dilations: readonly number[]): Tensor {
  if (strides.length === 2) {
    const [by, spread] = [strides, dilations] as never as [[number, number], [number, number]];
    return conv2d(x as Tensor4D, filter as Tensor4D, by, 'valid', 'NHWC', spread);
  }
  const [by, spread] = [strides, dilations] as never as [[number, number, number], [number, number, number]];
  return conv3d(x as Tensor5D, filter as Tensor5D, by, 'valid', 'NDHWC', spread);
}

/** The products for these windows, of two or three spatial axes. */
export function productsOf(axes: readonly Axis[]): Products {
  const strides = axes.map(({ stride }) => stride);
  const dilations = axes.map(({ dilation }) => dilation);
  const ones = axes.map(() => 1);
  const spatial = axes.map((_, i) => i);
  const [first, last] = [axes.length, axes.length + 1];
  const pads = readingPads(axes);
  return {
    output: (x, filter) => convolve(resize(x, pads), filter, strides, dilations),
    inputGradient(dy, filter) {
      const turned = transpose(reverse(filter, spatial), [...spatial, last, first]);
      return convolve(placedForGradient(dy, axes), turned, ones, dilations);
    },
    // The entries of the filter are the outputs of sliding dy over x, with channels for samples and samples for channels;
    // stride and dilation change places.
    filterGradient(x, dy) {
      const inner = spatial.map((axis) => axis + 1);
      const samplesLast = transpose(resize(x, pads), [last, ...inner, 0]);
      const gradient = convolve(samplesLast, transpose(dy, [...inner, 0, last]), dilations, strides);
      return transpose(gradient, [...inner, 0, last]);
    },
  };
}
