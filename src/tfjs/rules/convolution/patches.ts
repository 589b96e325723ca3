/** The inputs under each window, laid out as the rows of a matrix, and the transpose of that. */
import { gatherND, pad, reshape, scatterND, type Tensor, tensor2d, util } from '@tensorflow/tfjs-core';
import type { Axis } from './window.ts';

/** Products of sizes. */
const count = (axes: readonly Axis[], size: 'input' | 'output' | 'filter'): number =>
  util.sizeFromShape(axes.map((axis) => axis[size]));

/** Samples `first..first + size` of [N, ...]. Not by `tf.slice`, which on wasm copies the whole tensor more than once. */
export function samplesOf(x: Tensor, first: number, size: number): Tensor {
  const [all, ...rest] = x.shape as [number, ...number[]];
  if (size === all) return x;
  const chosen = tensor2d(
    Array.from({ length: size }, (_, i) => first + i),
    [size, 1],
    'int32',
  );
  return reshape(gatherND(reshape(x, [all, x.size / all]), chosen), [size, ...rest]);
}

/** Whether each window is one input and each input is in one window, in the same order. */
function isIdentity(axes: readonly Axis[]): boolean {
  return axes.every(({ filter, stride, before, input, output }) => {
    return filter === 1 && stride === 1 && before === 0 && input === output;
  });
}

/** For every output of one sample and every entry of the window, the flat position among the inputs, -1 outside. */
function positionsOfSample(axes: readonly Axis[]): Int32Array {
  // Outputs and entries axis by axis; positions [outputs so far, entries so far].
  let positions: Int32Array = new Int32Array(1);
  let [outputs, entries] = [1, 1];
  for (const { input, output, filter, stride, dilation, before } of axes) {
    const next = new Int32Array(positions.length * output * filter);
    let at = 0;
    for (let i = 0; i < outputs; i++) {
      for (let o = 0; o < output; o++) {
        for (let j = 0; j < entries; j++) {
          const outer = positions[i * entries + j]!;
          for (let k = 0; k < filter; k++) {
            const inner = o * stride - before + k * dilation;
            next[at++] = outer < 0 || inner < 0 || inner >= input ? -1 : outer * input + inner;
          }
        }
      }
    }
    positions = next;
    outputs *= output;
    entries *= filter;
  }
  return positions;
}

/** The same for samples `first..first + size` of `all`, int32 [size outputs entries, 1]; outside is one row after the last. */
function positionsOf(axes: readonly Axis[], first: number, size: number, all: number): Tensor {
  const sample = positionsOfSample(axes);
  const inputs = count(axes, 'input');
  const positions = new Int32Array(size * sample.length);
  const outside = all * inputs;
  let at = 0;
  for (let n = first; n < first + size; n++) {
    const start = n * inputs;
    for (let i = 0; i < sample.length; i++) positions[at++] = sample[i]! < 0 ? outside : start + sample[i]!;
  }
  return tensor2d(positions, [positions.length, 1], 'int32');
}

const reachesOutside = (axes: readonly Axis[]): boolean =>
  axes.some(({ input, output, filter, stride, dilation, before }) => {
    return before > 0 || (output - 1) * stride + (filter - 1) * dilation >= input + before;
  });

/** [N, ...in, C] to [size outputs, entries C] for any of its samples. */
export function patchesOf(x: Tensor, axes: readonly Axis[]): (first: number, size: number) => Tensor {
  const [samples, channels] = [x.shape[0]!, x.shape[x.rank - 1]!];
  const inputs = count(axes, 'input');
  const rows = reshape(x, [samples * inputs, channels]);
  if (isIdentity(axes)) return (first, size) => reshape(samplesOf(x, first, size), [size * inputs, channels]);
  const withOutside = reachesOutside(axes)
    ? pad(rows, [
        [0, 1],
        [0, 0],
      ])
    : rows;
  return (first, size) => {
    const fetched = gatherND(withOutside, positionsOf(axes, first, size, samples));
    return reshape(fetched, [size * count(axes, 'output'), count(axes, 'filter') * channels]);
  };
}

/** The transpose: adds up [N outputs, entries C] at the inputs, [N, ...in, C]. */
export function patchesBack(patches: Tensor, axes: readonly Axis[]): Tensor {
  const samples = patches.shape[0]! / count(axes, 'output');
  const channels = patches.shape[1]! / count(axes, 'filter');
  const shape = [samples, ...axes.map(({ input }) => input), channels];
  if (isIdentity(axes)) return reshape(patches, shape);
  const inputs = count(axes, 'input');
  const rows = reshape(patches, [patches.size / channels, channels]);
  const positions = positionsOf(axes, 0, samples, samples);
  // What falls outside lands in a sample more, which is left out in the end.
  const all = samples + Number(reachesOutside(axes));
  const sums = reshape(scatterND(positions as never, rows, [all * inputs, channels]), [all, inputs * channels]);
  return reshape(samplesOf(sums, 0, samples), shape);
}
