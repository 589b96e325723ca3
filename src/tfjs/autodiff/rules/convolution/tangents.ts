/**
 * Tangents of a convolution's three products. Each is bilinear, so its tangent has two terms: a block of directions goes
 * next to the positions where the filter is constant, into the channels where it is not.
 */
import { reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { addTangents, blockSize } from '../block-axis.ts';
import type { ConvolutionTangents } from './in-place.ts';
import { productsOf } from './products.ts';
import type { Axis } from './window.ts';

/** [..., C, b] to [..., C b]: the same numbers. */
function blockToChannels(tangent: Tensor): Tensor {
  const channels = tangent.shape[tangent.rank - 2]!;
  return reshape(tangent, [...tangent.shape.slice(0, -2), channels * blockSize(tangent)]);
}

/** [..., C b] to [..., C, b]: the same numbers. */
function channelsToBlock(folded: Tensor, width: number): Tensor {
  return reshape(folded, [...folded.shape.slice(0, -1), folded.shape[folded.rank - 1]! / width, width]);
}

/** Exchanges the last two axes. */
function swapLastTwo(tensor: Tensor): Tensor {
  const { rank } = tensor;
  return transpose(tensor, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** [..., C, O, b] to [..., C b, O]. */
function blockToInChannels(tangent: Tensor): Tensor {
  const [inputs, outputs, width] = tangent.shape.slice(-3) as [number, number, number];
  return reshape(swapLastTwo(tangent), [...tangent.shape.slice(0, -3), inputs * width, outputs]);
}

/** [..., C b, O] to [..., C, O, b]. */
function inChannelsToBlock(folded: Tensor, width: number): Tensor {
  const [inputs, outputs] = folded.shape.slice(-2) as [number, number];
  return swapLastTwo(reshape(folded, [...folded.shape.slice(0, -2), inputs / width, width, outputs]));
}

/** The tangents for these windows by public operations, on any backend. */
export function composedTangents(axes: readonly Axis[]): ConvolutionTangents {
  const { output, inputGradient, filterGradient } = productsOf(axes);
  return {
    output: (x, filter, dx, dfilter) =>
      addTangents([
        dx && swapLastTwo(output(swapLastTwo(dx), filter)),
        dfilter && channelsToBlock(output(x, blockToChannels(dfilter)), blockSize(dfilter)),
      ])!,
    inputGradient: (dy, filter, ddy, dfilter) =>
      addTangents([
        ddy && swapLastTwo(inputGradient(swapLastTwo(ddy), filter)),
        dfilter && channelsToBlock(inputGradient(dy, blockToInChannels(dfilter)), blockSize(dfilter)),
      ])!,
    filterGradient: (x, dy, dx, ddy) =>
      addTangents([
        dx && inChannelsToBlock(filterGradient(blockToChannels(dx), dy), blockSize(dx)),
        ddy && channelsToBlock(filterGradient(x, blockToChannels(ddy)), blockSize(ddy)),
      ])!,
  };
}
