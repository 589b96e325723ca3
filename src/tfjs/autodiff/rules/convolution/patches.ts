/** The inputs under each window, laid out as the rows of a matrix, and the transpose of that. */
import { gatherND, pad, reshape, scatterND, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { type Axis, count, isIdentity } from './window.ts';

/** Size of the axis between the spatial ones and the channels; 1 where there is none. */
export function innerOf(x: Tensor, axes: readonly Axis[]): number {
  return x.rank === axes.length + 3 ? x.shape[x.rank - 2]! : 1;
}

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

/** Samples first..first + size of `all`, each input standing for `inner` rows that do not meet. */
interface Range {
  readonly first: number;
  readonly size: number;
  readonly all: number;
  readonly inner: number;
}

/** Rows for each sample, output, inner index and entry, int32 [..., 1]; outside is the first row after the last sample. */
function rowsOf(axes: readonly Axis[], { first, size, all, inner }: Range): Tensor {
  const sample = positionsOfSample(axes);
  const [inputs, outputs, entries] = [count(axes, 'input'), count(axes, 'output'), count(axes, 'filter')];
  const rows = new Int32Array(size * sample.length * inner);
  const outside = all * inputs * inner;
  let at = 0;
  for (let n = first; n < first + size; n++) {
    for (let o = 0; o < outputs; o++) {
      for (let j = 0; j < inner; j++) {
        for (let k = 0; k < entries; k++) {
          const position = sample[o * entries + k]!;
          rows[at++] = position < 0 ? outside : (n * inputs + position) * inner + j;
        }
      }
    }
  }
  return tensor2d(rows, [rows.length, 1], 'int32');
}

const reachesOutside = (axes: readonly Axis[]): boolean =>
  axes.some(({ input, output, filter, stride, dilation, before }) => {
    return before > 0 || (output - 1) * stride + (filter - 1) * dilation >= input + before;
  });

/** [N, ...in, inner, C] to [size outputs inner, entries C] for any of its samples; without `inner` as if it were 1. */
export function patchesOf(x: Tensor, axes: readonly Axis[]): (first: number, size: number) => Tensor {
  const [all, channels] = [x.shape[0], x.shape[x.rank - 1]!];
  const inner = innerOf(x, axes);
  const rowsPerSample = count(axes, 'input') * inner;
  if (isIdentity(axes)) return (first, size) => reshape(samplesOf(x, first, size), [size * rowsPerSample, channels]);
  const rows = reshape(x, [all * rowsPerSample, channels]);
  const withOutside = reachesOutside(axes)
    ? pad(rows, [
        [0, 1],
        [0, 0],
      ])
    : rows;
  return (first, size) => {
    const fetched = gatherND(withOutside, rowsOf(axes, { first, size, all, inner }));
    return reshape(fetched, [size * count(axes, 'output') * inner, count(axes, 'filter') * channels]);
  };
}

/** The transpose: adds up [N outputs inner, entries C] at the inputs, [N, ...in, inner, C]. */
export function patchesBack(patches: Tensor, axes: readonly Axis[], inner: number): Tensor {
  const samples = patches.shape[0]! / (count(axes, 'output') * inner);
  const channels = patches.shape[1]! / count(axes, 'filter');
  const shape = [samples, ...axes.map(({ input }) => input), inner, channels];
  if (isIdentity(axes)) return reshape(patches, shape);
  const rows = reshape(patches, [patches.size / channels, channels]);
  const places = rowsOf(axes, { first: 0, size: samples, all: samples, inner });
  // What falls outside lands in a sample more, which is left out in the end.
  const all = samples + Number(reachesOutside(axes));
  const perSample = count(axes, 'input') * inner;
  const sums = reshape(scatterND(places as never, rows, [all * perSample, channels]), [all, perSample * channels]);
  return reshape(samplesOf(sums, 0, samples), shape);
}
