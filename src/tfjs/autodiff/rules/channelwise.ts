/** Linear kernels that treat each channel of [N, ..., C] alike: the block becomes channels, and the kernel itself runs. */
import { engine, reshape, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { blockSize } from './block-axis.ts';
import type { Rule } from './rule.ts';

/** The shape with b times as many channels. */
function widened(shape: readonly number[], width: number): number[] {
  return [...shape.slice(0, -1), shape[shape.length - 1]! * width];
}

/** `moving` names the input it is linear in; of another input, `like`, only the shape matters. */
function channelwise(moving: string, like?: string): Rule {
  return ({ kernel, inputs, attrs, outputs }) =>
    (tangents) => {
      const tangent = tangents[moving];
      // What is like the input of a pooling may move with the parameters; the result does not change with it.
      if (tangent === undefined) return [undefined];
      const width = blockSize(tangent);
      const given: Record<string, Tensor> = { [moving]: reshape(tangent, widened(inputs[moving]!.shape, width)) };
      if (like !== undefined) given[like] = zeros(widened(inputs[like]!.shape, width));
      const result = engine().runKernel(kernel, given as never, attrs as never) as Tensor;
      return reshape(result, [...outputs[0].shape, width]);
    };
}

/** Rules of average pooling, of its gradient, and of resizing. */
export const channelwiseRules: Readonly<Record<string, Rule>> = {
  AvgPool: channelwise('x'),
  AvgPool3D: channelwise('x'),
  AvgPool3DGrad: channelwise('dy', 'input'),
  AvgPoolGrad: channelwise('dy', 'input'),
  DepthToSpace: channelwise('x'),
  ResizeBilinear: channelwise('images'),
  ResizeNearestNeighbor: channelwise('images'),
};
