/**
 * Rules of the full convolutions and their gradients: three products of one trilinear form, so each is linear in both
 * inputs. A block of b directions goes next to the positions where the filter is constant, into the channels where it is not.
 */
import { reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../../tape.ts';
import { addTangents, blockSize, saveMet } from '../block-axis.ts';
import type { Rule } from '../rule.ts';
import { productsOf } from './products.ts';
import { type Axis, convolutionPlane, convolutionSpace } from './window.ts';

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

/** The windows of a call, from the shapes of x and the filter. */
type Windows = (x: readonly number[], filter: readonly number[], attrs: KernelCall['attrs']) => readonly Axis[];

const outputRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [x, filter] = saveMet(call, save, 'x', 'filter');
    const { output } = productsOf(windows(x.shape, filter.shape, call.attrs));
    return (tangents) =>
      addTangents([
        tangents.x && swapLastTwo(output(swapLastTwo(tangents.x), filter)),
        tangents.filter && channelsToBlock(output(x, blockToChannels(tangents.filter)), blockSize(tangents.filter)),
      ])!;
  };

const inputGradientRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [dy, filter] = saveMet(call, save, 'dy', 'filter');
    const { inputGradient } = productsOf(windows(call.outputs[0]!.shape, filter.shape, call.attrs));
    return (tangents) =>
      addTangents([
        tangents.dy && swapLastTwo(inputGradient(swapLastTwo(tangents.dy), filter)),
        tangents.filter &&
          channelsToBlock(inputGradient(dy, blockToInChannels(tangents.filter)), blockSize(tangents.filter)),
      ])!;
  };

const filterGradientRule =
  (windows: Windows): Rule =>
  (call, save) => {
    const [x, dy] = saveMet(call, save, 'x', 'dy');
    const { filterGradient } = productsOf(windows(x.shape, call.outputs[0]!.shape, call.attrs));
    return (tangents) =>
      addTangents([
        tangents.x && inChannelsToBlock(filterGradient(blockToChannels(tangents.x), dy), blockSize(tangents.x)),
        tangents.dy && channelsToBlock(filterGradient(x, blockToChannels(tangents.dy)), blockSize(tangents.dy)),
      ])!;
  };

/** Rules of the full convolutions. */
export const convolutionRules: Readonly<Record<string, Rule>> = {
  Conv2D: outputRule(convolutionPlane),
  Conv2DBackpropFilter: filterGradientRule(convolutionPlane),
  Conv2DBackpropInput: inputGradientRule(convolutionPlane),
  Conv3D: outputRule(convolutionSpace),
  Conv3DBackpropFilterV2: filterGradientRule(convolutionSpace),
  Conv3DBackpropInputV2: inputGradientRule(convolutionSpace),
};
