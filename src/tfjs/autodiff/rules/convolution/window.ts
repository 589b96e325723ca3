/** Where the windows of a convolution or pooling lie: the numbers that its attributes come down to. */
import { backend_util } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../../../core/errors.ts';
import type { KernelCall } from '../../tape.ts';

/** One spatial axis: output o reads inputs o * stride - before + k * dilation for k below `filter`. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding in front of the first input. */
  readonly before: number;
}

/** Rows and columns. */
export type Plane = readonly [rows: Axis, cols: Axis];

/** How many positions, outputs or entries of a window there are over all axes. */
export function count(axes: readonly Axis[], size: 'input' | 'output' | 'filter'): number {
  return axes.reduce((product, axis) => product * axis[size], 1);
}

/** Whether each window is one input and each input is in one window, in the same order. */
export function isIdentity(axes: readonly Axis[]): boolean {
  return axes.every(({ filter, stride, before, input, output }) => {
    return filter === 1 && stride === 1 && before === 0 && input === output;
  });
}

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Attributes = KernelCall['attrs'];

interface Info {
  padInfo: { top: number; left: number; front?: number };
  [name: string]: unknown;
}

function axes(info: object, names: readonly ('Depth' | 'Height' | 'Width')[]): Axis[] {
  const { padInfo, ...rest } = info as Info;
  const number = (name: string) => rest[name] as number;
  const before = { Depth: padInfo.front ?? 0, Height: padInfo.top, Width: padInfo.left };
  return names.map((name) => ({
    input: number(`in${name}`),
    output: number(`out${name}`),
    filter: number(`filter${name}`),
    stride: number(`stride${name}`),
    dilation: number(`dilation${name}`),
    before: before[name],
  }));
}

/** @throws UnsupportedError for channels before rows */
function checkChannelsLast(attrs: Attributes): void {
  if (attrs.dataFormat === undefined || attrs.dataFormat === 'NHWC' || attrs.dataFormat === 'NDHWC') return;
  throw new UnsupportedError(
    `convolution: there is no tangent rule for data format '${attrs.dataFormat}'; put the channels last ('NHWC')`,
    { dataFormat: attrs.dataFormat },
  );
}

function planarAxes(x: readonly number[], filter: readonly number[], attrs: Attributes, depthwise: boolean): Plane {
  checkChannelsLast(attrs);
  const { strides, dilations, pad, dimRoundingMode } = attrs as never as Record<string, never>;
  const info = backend_util.computeConv2DInfo(
    x as Shape4,
    filter as Shape4,
    strides!,
    dilations ?? 1,
    pad!,
    dimRoundingMode,
    depthwise,
  );
  const [rows, cols] = axes(info, ['Height', 'Width']);
  return [rows!, cols!];
}

/** Rows and columns of a 2-D convolution of `x` [N, H, W, C] by `filter` [h, w, C, O]. */
export function convolutionPlane(x: readonly number[], filter: readonly number[], attrs: Attributes): Plane {
  return planarAxes(x, filter, attrs, false);
}

/** Planes, rows and columns of a 3-D convolution of `x` [N, D, H, W, C] by `filter` [d, h, w, C, O]. */
export function convolutionSpace(x: readonly number[], filter: readonly number[], attrs: Attributes): Axis[] {
  checkChannelsLast(attrs);
  const { strides, dilations, pad } = attrs as never as Record<string, never>;
  const info = backend_util.computeConv3DInfo(x as Shape5, filter as Shape5, strides!, dilations ?? 1, pad!);
  return axes(info, ['Depth', 'Height', 'Width']);
}

/** Rows and columns of a depthwise convolution by `filter` [h, w, C, m]. */
export function depthwisePlane(x: readonly number[], filter: readonly number[], attrs: Attributes): Plane {
  return planarAxes(x, filter, attrs, true);
}

/** Rows and columns (and planes) of pooling windows over `x` [N, H, W, C] or [N, D, H, W, C]. */
export function poolingAxes(x: readonly number[], attrs: Attributes): Axis[] {
  checkChannelsLast(attrs);
  const { filterSize, strides, pad, dimRoundingMode } = attrs as never as Record<string, never>;
  if (x.length === 5) {
    const info = backend_util.computePool3DInfo(x as Shape5, filterSize!, strides!, 1, pad!, dimRoundingMode);
    return axes(info, ['Depth', 'Height', 'Width']);
  }
  const info = backend_util.computePool2DInfo(x as Shape4, filterSize!, strides!, 1, pad!, dimRoundingMode);
  return axes(info, ['Height', 'Width']);
}

/** Rows and columns of a morphological dilation of `x` [N, H, W, C] by `filter` [h, w, C]. */
export function dilationAxes(x: readonly number[], filter: readonly number[], attrs: Attributes): Axis[] {
  const { strides, pad, dilations } = attrs as never as Record<string, never>;
  const info = backend_util.computeDilation2DInfo(
    x as Shape4,
    filter as [number, number, number],
    strides!,
    pad!,
    'NHWC',
    dilations!,
  );
  return axes(info, ['Height', 'Width']);
}

/** The shape of what windows that keep the channels of `x` give. */
export function outputShape(x: readonly number[], axes: readonly Axis[]): number[] {
  return [x[0]!, ...axes.map(({ output }) => output), x[x.length - 1]!];
}
