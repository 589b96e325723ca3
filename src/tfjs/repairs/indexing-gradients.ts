/**
 * Gradients of kernels that move numbers, which TensorFlow.js 4.22 does not have (strided slices, gathering and scattering
 * by index, the largest entries, depth to space, running products) or has wrong (mirrored padding, which it only crops;
 * gathering for each sample of a batch; running sums along other axes than the last).
 */
import {
  add,
  cumsum,
  type GradConfig,
  gatherND,
  getGradient,
  matMul,
  pad,
  reshape,
  reverse,
  scatterND,
  slice,
  sum,
  type Tensor,
  tensor2d,
  transpose,
  util,
  zeros,
} from '@tensorflow/tfjs-core';
import { gatherGradient } from '../autodiff/rules/indexing.ts';
import { runningProductSlopes } from '../autodiff/rules/reduction.ts';
import { stridedPlaces } from '../autodiff/rules/strided-slice.ts';
import { alongEachAxis } from './folding.ts';

/** The indices do not move. */
const constant = (indices: Tensor) => () => zeros(indices.shape);

const gather: GradConfig = {
  kernelName: 'GatherV2',
  inputsToSave: ['x', 'indices'],
  gradFunc: (dy, saved, { axis, batchDims }) => {
    const [x, indices] = saved as [Tensor, Tensor];
    const along = util.parseAxisParam(axis as number, x.shape)[0]!;
    return {
      x: () => gatherGradient(dy as Tensor, x.shape, indices, along, (batchDims as number | undefined) ?? 0),
      indices: constant(indices),
    };
  },
};

const gatherNd: GradConfig = {
  kernelName: 'GatherNd',
  inputsToSave: ['params', 'indices'],
  gradFunc: (dy, saved) => {
    const [params, indices] = saved as [Tensor, Tensor];
    return {
      params: () => scatterND(indices as never, dy as Tensor, params.shape),
      indices: constant(indices),
    };
  },
};

const scatterNd: GradConfig = {
  kernelName: 'ScatterNd',
  inputsToSave: ['indices'],
  gradFunc: (dy, saved) => {
    const indices = saved[0]!;
    return { updates: () => gatherND(dy as Tensor, indices), indices: constant(indices) };
  },
};

/** Of the values; the indices are integers. */
const topK: GradConfig = {
  kernelName: 'TopK',
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [x, indices] = saved as [Tensor, Tensor];
    const last = x.rank - 1;
    return { x: () => gatherGradient((dys as Tensor[])[0]!, x.shape, indices, last, last) };
  },
};

/** Each number goes back to where it was taken. */
const stridedSlice: GradConfig = {
  kernelName: 'StridedSlice',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const x = saved[0]!;
    return {
      x: () => {
        const places = stridedPlaces(x.shape, attrs);
        const column = tensor2d(places, [places.length, 1], 'int32');
        return reshape(scatterND(column as never, reshape(dy as Tensor, [places.length]), [x.size]), x.shape);
      },
    };
  },
};

const depthToSpace: GradConfig = {
  kernelName: 'DepthToSpace',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const { shape } = saved[0]!;
    const block = attrs.blockSize as number;
    const [n, ...rest] = shape as [number, number, number, number];
    return {
      x: () => {
        if (attrs.dataFormat === 'NCHW') {
          const [c, h, w] = rest;
          const apart = reshape(dy as Tensor, [n, (c / block ** 2) * h, block, w, block]);
          return reshape(transpose(apart, [0, 2, 4, 1, 3]), shape);
        }
        const [h, w, c] = rest;
        // axes that stay together are one: WebGPU transposes few
        const apart = reshape(dy as Tensor, [n * h, block, w, c / block]);
        return reshape(transpose(apart, [0, 2, 1, 3]), shape);
      },
    };
  },
};

/** One axis [before, padded, after] back to n: what was mirrored is added where it came from. */
function unmirror(dy: Tensor, [before, after]: readonly [number, number], edge: number): Tensor {
  const [rows, padded, columns] = dy.shape as [number, number, number];
  const n = padded - before - after;
  const part = (from: number, length: number): Tensor => slice(dy, [0, from, 0], [rows, length, columns]);
  const placed = (turned: Tensor, from: number): Tensor =>
    pad(turned, [
      [0, 0],
      [from, n - from - turned.shape[1]!],
      [0, 0],
    ]);
  const middle = part(before, n);
  const withFront = before > 0 ? add(middle, placed(reverse(part(0, before), 1), edge)) : middle;
  return after > 0 ? add(withFront, placed(reverse(part(before + n, after), 1), n - edge - after)) : withFront;
}

const mirrorPad: GradConfig = {
  kernelName: 'MirrorPad',
  gradFunc: (dy, _saved, { paddings, mode }) => ({
    x: () =>
      alongEachAxis(dy as Tensor, (axis) => {
        const pads = (paddings as [number, number][])[axis]!;
        // 'reflect' leaves the edge itself out.
        return pads.some((n) => n > 0) ? (folded) => unmirror(folded, pads, mode === 'reflect' ? 1 : 0) : undefined;
      }),
  }),
};

/** TensorFlow.js's own slices and adds one copy after the other, and refuses more than four axes. */
const tile: GradConfig = {
  kernelName: 'Tile',
  gradFunc: (dy, _saved, { reps }) => ({
    x: () =>
      alongEachAxis(dy as Tensor, (axis) => {
        const copies = (reps as number[])[axis]!;
        if (copies === 1) return undefined;
        return (folded) => {
          const [rows, length, columns] = folded.shape as [number, number, number];
          return sum(reshape(folded, [rows, copies, length / copies, columns]), 1);
        };
      }),
  }),
};

/** An axis that is taken apart into a single piece has one gradient, where TensorFlow.js's own expects a list. */
const single = (kernelName: string): GradConfig => {
  const original = getGradient(kernelName);
  return { ...original, gradFunc: (dy, saved, attrs) => original.gradFunc([dy].flat(), saved, attrs) };
};

const runningSum: GradConfig = {
  kernelName: 'Cumsum',
  gradFunc: (dy, _saved, { axis, exclusive, reverse: fromEnd }) => ({
    x: () => cumsum(dy as Tensor, axis as number, Boolean(exclusive), !fromEnd),
  }),
};

const runningProduct: GradConfig = {
  kernelName: 'Cumprod',
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attrs) => {
    const x = saved[0]!;
    const { exclusive, reverse: fromEnd } = attrs as { exclusive: boolean; reverse: boolean };
    const axis = util.parseAxisParam(attrs.axis as number, x.shape)[0]!;
    const forth = [...x.shape.keys()].filter((each) => each !== axis).concat(axis);
    const back = forth.map((_, each) => forth.indexOf(each));
    return {
      x: () => {
        const length = x.shape[axis]!;
        const slopes = runningProductSlopes(transpose(x, forth), exclusive, fromEnd);
        const columns = reshape(transpose(dy as Tensor, forth), [x.size / length, length, 1]);
        const moved = forth.map((each) => x.shape[each]!);
        return transpose(reshape(matMul(slopes, columns), moved), back);
      },
    };
  },
};

/** All of them. TensorFlow.js's own gradients must be registered. */
export const indexingGradients = (): GradConfig[] => [
  depthToSpace,
  gather,
  gatherNd,
  mirrorPad,
  runningProduct,
  runningSum,
  scatterNd,
  single('SplitV'),
  single('Unpack'),
  stridedSlice,
  tile,
  topK,
];
