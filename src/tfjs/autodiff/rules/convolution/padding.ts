/** Zeros around and between the positions of [N, ...spatial, C], so that one convolution is the transpose of another. */
import { pad, reshape, slice, type Tensor, util } from '@tensorflow/tfjs-core';
import type { Axis } from './window.ts';

/** Zeros in front and behind; negative numbers cut. */
export type Pads = [before: number, after: number];

/** Adds zeros at both ends of the spatial axes, or cuts where `pads` are negative. */
export function resize(x: Tensor, pads: readonly Pads[]): Tensor {
  const added = pads.map(([before, after]): Pads => [Math.max(before, 0), Math.max(after, 0)]);
  const larger = added.flat().some((n) => n > 0) ? pad(x, [[0, 0], ...added, [0, 0]]) : x;
  if (pads.flat().every((n) => n >= 0)) return larger;
  const begin = pads.map(([before]) => Math.max(-before, 0));
  const size = pads.map(([before, after], i) => larger.shape[i + 1]! + Math.min(before, 0) + Math.min(after, 0));
  return slice(larger, [0, ...begin, 0], [larger.shape[0], ...size, larger.shape[larger.rank - 1]!]);
}

/** The padding with which the windows read every input exactly up to the last one they reach. */
export function readingPads(axes: readonly Axis[]): Pads[] {
  return axes.map(({ input, output, filter, stride, dilation, before }) => [
    before,
    (output - 1) * stride + (filter - 1) * dilation + 1 - input - before,
  ]);
}

/** Puts stride - 1 zeros after each position, one axis at a time: wasm pads arrays of few axes only. */
function spreadOut(x: Tensor, axes: readonly Axis[]): Tensor {
  return axes.reduce((spread, { stride }, i) => {
    if (stride === 1) return spread;
    const [before, after] = [spread.shape.slice(0, i + 2), spread.shape.slice(i + 2)];
    const apart = pad(reshape(spread, [util.sizeFromShape(before), 1, util.sizeFromShape(after)]), [
      [0, 0],
      [0, stride - 1],
      [0, 0],
    ]);
    return reshape(apart, [...before.slice(0, -1), before[i + 1]! * stride, ...after]);
  }, x);
}

/** Outputs [N, ...out, C] placed so that the turned filter, slid over them by one, meets each input at its outputs. */
export function placedForGradient(dy: Tensor, axes: readonly Axis[]): Tensor {
  const pads = axes.map(({ input, output, filter, stride, dilation, before }): Pads => {
    const reach = (filter - 1) * dilation;
    return [reach - before, input + before - output * stride];
  });
  return resize(spreadOut(dy, axes), pads);
}
