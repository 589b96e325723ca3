/**
 * Rules of the depthwise convolution [N, H, W, C] by [h, w, C, m] and its gradients. The block goes into the channels,
 * which stay apart anyway: where the filter is constant, it is repeated for the b directions.
 */
import {
  add,
  depthwiseConv2d,
  gatherND,
  mul,
  reshape,
  reverse,
  stack,
  sum,
  type Tensor,
  type Tensor4D,
  tensor2d,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import { addTangents, blockSize, saveMet, sumTangent } from '../block-axis.ts';
import type { Rule } from '../rule.ts';
import { placedForGradient, readingPads, resize } from './padding.ts';
import { depthwisePlane, type Plane } from './window.ts';

type Pair = [number, number];

/** [h, w, C, m] to [h, w, C b, m], each channel b times. */
function repeatChannels(filter: Tensor, width: number): Tensor {
  const [h, w, channels, multiplier] = filter.shape as [number, number, number, number];
  const repeated = add(reshape(filter, [h * w * channels, 1, multiplier]), zeros([1, width, 1]));
  return reshape(repeated, [h, w, channels * width, multiplier]);
}

/** The output for a block of inputs [N, H, W, C, b]: [N, ...out, C m, b]. */
function outputOfInputs(x: Tensor, filter: Tensor, plane: Plane): Tensor {
  const [n, h, w, channels, width] = x.shape as [number, number, number, number, number];
  const multiplier = filter.shape[3]!;
  const y = depthwiseOutput(reshape(x, [n, h, w, channels * width]), repeatChannels(filter, width), plane);
  const [, rows, cols] = y.shape as number[] as [number, number, number];
  const swapped = transpose(reshape(y, [n * rows * cols * channels, width, multiplier]), [0, 2, 1]);
  return reshape(swapped, [n, rows, cols, channels * multiplier, width]);
}

/** The output for a block of filters [h, w, C, m, b]: [N, ...out, C m, b]. */
function outputOfFilters(x: Tensor, filter: Tensor, plane: Plane): Tensor {
  const [h, w, channels, multiplier, width] = filter.shape as [number, number, number, number, number];
  const y = depthwiseOutput(x, reshape(filter, [h, w, channels, multiplier * width]), plane);
  return reshape(y, [...y.shape.slice(0, -1), channels * multiplier, width]);
}

/** The output alone, for a constant input and filter: [N, ...out, C m]. */
export function depthwiseOutput(x: Tensor, filter: Tensor, plane: Plane): Tensor {
  const [strides, dilations] = [plane.map(({ stride }) => stride), plane.map(({ dilation }) => dilation)];
  const read = resize(x, readingPads(plane)) as Tensor4D;
  return depthwiseConv2d(read, filter as Tensor4D, strides as Pair, 'valid', 'NHWC', dilations as Pair);
}

/** The gradient by the input, [N, ...in, C, b], for a block of cotangents [N, ...out, C m, b] or filters [h, w, C, m, b]. */
function inputGradient(dy: Tensor, filter: Tensor, plane: Plane): Tensor {
  const [h, w, channels, multiplier] = filter.shape as [number, number, number, number];
  const turned = reverse(filter, [0, 1]);
  const dilations = plane.map(({ dilation }) => dilation) as Pair;
  const blockOfCotangents = dy.rank === 5;
  const width = blockOfCotangents ? blockSize(dy) : blockSize(filter);
  const pairs = channels * multiplier;
  const filters = blockOfCotangents
    ? repeatChannels(reshape(turned, [h, w, pairs, 1]), width)
    : reshape(turned, [h, w, pairs, width]);
  const placed = placedForGradient(reshape(dy, [...dy.shape.slice(0, 3), -1]), plane) as Tensor4D;
  const dx = depthwiseConv2d(placed, filters as Tensor4D, 1, 'valid', 'NHWC', dilations);
  const [n, rows, cols] = dx.shape as number[] as [number, number, number];
  const parts = reshape(dx, [n * rows * cols * channels, multiplier, width]);
  return reshape(multiplier === 1 ? parts : sum(parts, 1), [n, rows, cols, channels, width]);
}

/** For each entry of the filter, which rows of the padded input [N H W, C] the outputs read. */
function rowsRead([down, across]: Plane, batch: number, height: number, width: number): Tensor[] {
  const entries = Array.from({ length: down.filter * across.filter }, (_, at) => at);
  return entries.map((at) => {
    const [r, c] = [Math.floor(at / across.filter) * down.dilation, (at % across.filter) * across.dilation];
    const rows = new Int32Array(batch * down.output * across.output);
    let next = 0;
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < down.output; i++) {
        const line = (n * height + i * down.stride + r) * width + c;
        for (let j = 0; j < across.output; j++) rows[next++] = line + j * across.stride;
      }
    }
    return tensor2d(rows, [rows.length, 1], 'int32');
  });
}

/**
 * The gradient by the filter [h, w, C, m, b], for x [N, ...in, C, p] and dy [N, ...out, C m, q] where p or q is b and the
 * other 1: for each entry of the filter the sum over outputs of input times cotangent.
 */
function filterGradient(x: Tensor, dy: Tensor, plane: Plane): Tensor {
  const [down, across] = plane;
  const [n, , , channels, p] = x.shape as [number, number, number, number, number];
  const q = blockSize(dy);
  const multiplier = dy.shape[3]! / channels;
  const padded = resize(reshape(x, [...x.shape.slice(0, 3), channels * p]), readingPads(plane));
  const [, height, width] = padded.shape as number[] as [number, number, number];
  const lines = reshape(padded, [n * height * width, channels * p]);
  const outputs = n * down.output * across.output;
  const cotangents = reshape(dy, [outputs, channels, multiplier, q]);
  const entries = rowsRead(plane, n, height, width).map((rows) => {
    const inputs = reshape(gatherND(lines, rows), [outputs, channels, 1, p]);
    return sumTangent(mul(inputs, cotangents), [0]);
  });
  return reshape(stack(entries), [down.filter, across.filter, channels, multiplier, Math.max(p, q)]);
}

const asBlock = (tensor: Tensor): Tensor => reshape(tensor, [...tensor.shape, 1]);

/** The gradient by the input alone, for a constant filter and cotangent: [N, ...in, C]. */
export function depthwiseInputGradient(dy: Tensor, filter: Tensor, plane: Plane): Tensor {
  const dx = inputGradient(asBlock(dy), filter, plane);
  return reshape(dx, dx.shape.slice(0, -1));
}

/** The gradient by the filter alone: [h, w, C, m]. */
export function depthwiseFilterGradient(x: Tensor, dy: Tensor, plane: Plane): Tensor {
  const dw = filterGradient(asBlock(x), asBlock(dy), plane);
  return reshape(dw, dw.shape.slice(0, -1));
}

const output: Rule = (call, save) => {
  const [x, filter] = saveMet(call, save, 'x', 'filter');
  const plane = depthwisePlane(x.shape, filter.shape, call.attrs);
  return (tangents) =>
    addTangents([
      tangents.x && outputOfInputs(tangents.x, filter, plane),
      tangents.filter && outputOfFilters(x, tangents.filter, plane),
    ])!;
};

const backpropInput: Rule = (call, save) => {
  const [dy, filter] = saveMet(call, save, 'dy', 'filter');
  const plane = depthwisePlane(call.outputs[0]!.shape, filter.shape, call.attrs);
  return (tangents) =>
    addTangents([
      tangents.dy && inputGradient(tangents.dy, filter, plane),
      tangents.filter && inputGradient(dy, tangents.filter, plane),
    ])!;
};

const backpropFilter: Rule = (call, save) => {
  const [x, dy] = saveMet(call, save, 'x', 'dy');
  const plane = depthwisePlane(x.shape, call.outputs[0]!.shape, call.attrs);
  return (tangents) =>
    addTangents([
      tangents.x && filterGradient(tangents.x, asBlock(dy), plane),
      tangents.dy && filterGradient(asBlock(x), tangents.dy, plane),
    ])!;
};

/** Rules of the depthwise convolutions. */
export const depthwiseRules: Readonly<Record<string, Rule>> = {
  DepthwiseConv2dNative: output,
  DepthwiseConv2dNativeBackpropFilter: backpropFilter,
  DepthwiseConv2dNativeBackpropInput: backpropInput,
};
