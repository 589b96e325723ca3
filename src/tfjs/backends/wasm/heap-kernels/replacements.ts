/**
 * Kernels of the wasm backend that run faster in place: matrix products on the machine's BLAS, and products of a block
 * with one factor for each of its rows. Only while a tape is recorded or a block is pushed through it: outside of that the
 * user's TensorFlow.js is what it was.
 */
import {
  Add,
  BatchMatMul,
  Cast,
  Identity,
  type KernelFunc,
  Mean,
  Multiply,
  Sum,
  type TensorInfo,
  Transpose,
  util,
} from '@tensorflow/tfjs-core';
import { withKernels } from '../../replaced-kernels.ts';
import { type HeapBackend, heapAddress, heapView } from '../heap.ts';
import { batchMatMul, nativeProducts } from '../native-products.ts';
import { type HeapKernels, heapKernels } from './module.ts';

/**
 * How many numbers multiply the rows of a block `x` [..., b] in turn, over and over: `factors` is 1 along the block and has
 * the axes of x before it, or the last of them. Undefined for other shapes.
 */
function factorsOfRows(factors: TensorInfo, x: TensorInfo): number | undefined {
  const width = x.shape[x.shape.length - 1];
  const leading = factors.shape.findIndex((size) => size !== 1);
  if (leading < 0 || width === 1 || factors.shape.length > x.shape.length) return undefined;
  const shape = factors.shape.slice(leading);
  const expected = [...x.shape.slice(-shape.length, -1), 1];
  return util.arraysEqual(shape, expected) ? util.sizeFromShape(shape) : undefined;
}

/** The backend's own takes the rows one by one, at a cost for each: slow where they are short. */
function multiply(original: KernelFunc, { scaleRows }: HeapKernels): KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const [factors, x] = factorsOfRows(a, b) ? [a, b] : [b, a];
    const rows = factorsOfRows(factors, x);
    if (rows === undefined || a.dtype !== 'float32' || b.dtype !== 'float32') return original(call);
    const backend = call.backend as HeapBackend;
    const out = backend.makeOutput(x.shape, 'float32');
    const [from, by, into] = [x, factors, out].map((info) => heapAddress(backend, info)) as [number, number, number];
    const width = x.shape[x.shape.length - 1]!;
    scaleRows(by, from, into, util.sizeFromShape(x.shape) / (rows * width), rows, width);
    return out;
  };
}

/** Whether `row`, whose axes are the last of `x`, is added to each row of `x` with these: a bias, or a block of its tangents. */
const isRowOf = (row: TensorInfo, x: TensorInfo): boolean =>
  row.shape.length > 0 &&
  row.shape.length < x.shape.length &&
  util.arraysEqual(row.shape, x.shape.slice(-row.shape.length));

/** The backend's own takes the rows one by one here, too. */
function add(original: KernelFunc, { addRow }: HeapKernels): KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const [row, x] = isRowOf(a, b) ? [a, b] : [b, a];
    if (!isRowOf(row, x) || a.dtype !== 'float32' || b.dtype !== 'float32') return original(call);
    const backend = call.backend as HeapBackend;
    const out = backend.makeOutput(x.shape, 'float32');
    const [by, from, into] = [row, x, out].map((info) => heapAddress(backend, info)) as [number, number, number];
    const width = util.sizeFromShape(row.shape);
    addRow(by, from, into, width === 0 ? 0 : util.sizeFromShape(x.shape) / width, width);
    return out;
  };
}

/** The backend's own copies all numbers, for a handle that nobody writes to. */
const share: KernelFunc = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs.x as TensorInfo;
  (backend as HeapBackend).incRef(dataId);
  return { dataId, shape, dtype };
};

const cast =
  (original: KernelFunc): KernelFunc =>
  (call) =>
    (call.inputs.x as TensorInfo).dtype === (call.attrs as { dtype: string }).dtype ? share(call) : original(call);

/** Sizes [count, rows, cols, width] of which rows and cols change places in this order of axes; undefined for other orders. */
function swappedAxes(shape: readonly number[], order: readonly number[]): [number, number, number, number] | undefined {
  const long = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  // axes that stay side by side are one
  const runs: number[][] = [];
  for (const axis of order.filter((each) => shape[each] !== 1)) {
    const at = long.indexOf(axis);
    if (runs.at(-1)?.at(-1) === at - 1) runs.at(-1)!.push(at);
    else runs.push([at]);
  }
  if (runs[0]?.[0] !== 0) runs.unshift([]);
  const [count, cols, rows, width = []] = runs;
  if (!count || !cols || !rows || runs.length > 4) return undefined;
  if (width.length > 0 && width.at(-1) !== long.length - 1) return undefined;
  const numbers = (run: number[]): number => run.reduce((product, at) => product * shape[long[at]!]!, 1);
  return [numbers(count), numbers(rows), numbers(cols), numbers(width)];
}

/** The backend's own moves the numbers one by one. */
function transpose(original: KernelFunc, { swapAxes }: HeapKernels): KernelFunc {
  return (call) => {
    const x = call.inputs.x as TensorInfo;
    const { perm } = call.attrs as { perm: number[] };
    const sizes = swappedAxes(x.shape, perm);
    if (sizes === undefined || x.dtype !== 'float32') return original(call);
    const backend = call.backend as HeapBackend;
    const out = backend.makeOutput(
      perm.map((axis) => x.shape[axis]!),
      'float32',
    );
    swapAxes(heapAddress(backend, x), ...sizes, heapAddress(backend, out));
    return out;
  };
}

/** Numbers of work that `sums` asks for. */
const ROOM_FOR_SUMS = 3 * 1024;

/** Axes of a shape that lie side by side, as one. */
interface Run {
  size: number;
  readonly isSummed: boolean;
}

function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const [axis, size] of shape.entries()) {
    const isSummed = axes.includes(axis);
    if (size === 1) continue;
    if (runs.at(-1)?.isSummed === isSummed) runs.at(-1)!.size *= size;
    else runs.push({ size, isSummed });
  }
  return runs;
}

const sizeOf = (runs: readonly Run[]): number => runs.reduce((product, { size }) => product * size, 1);
const lastSummed = (runs: readonly Run[]): number => runs.findLastIndex(({ isSummed }) => isSummed);

/**
 * Sums or, divided by how many there are, means. The backend's own add one number after the other in float32, which is off by
 * 3e-5 for a million of them, and sum along other axes than the last by a copy that has them last.
 */
const summed =
  (original: KernelFunc, kernels: HeapKernels, isMean: boolean): KernelFunc =>
  (call) => {
    const x = call.inputs.x as TensorInfo;
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims?: boolean };
    const axes = util.parseAxisParam(axis, x.shape);
    const runs = runsOf(x.shape, axes);
    const numbers = sizeOf(runs);
    if (x.dtype !== 'float32' || lastSummed(runs) < 0 || numbers === 0) return original(call);
    const backend = call.backend as HeapBackend;
    const shape = x.shape.flatMap((size, at) => (axes.includes(at) ? (keepDims ? 1 : []) : size));
    const work = backend.makeOutput([ROOM_FOR_SUMS], 'float32');
    let sums = x;
    for (let at = lastSummed(runs); at >= 0; at = lastSummed(runs)) {
      const [before, after] = [sizeOf(runs.slice(0, at)), sizeOf(runs.slice(at + 1))];
      const [run] = runs.splice(at, 1) as [Run];
      const from = sums;
      sums = backend.makeOutput(lastSummed(runs) < 0 ? shape : [before * after], 'float32');
      const address = (info: TensorInfo): number => heapAddress(backend, info);
      kernels.sums(address(from), before, run.size, after, address(sums), address(work));
      if (from !== x) backend.disposeData(from.dataId);
    }
    backend.disposeData(work.dataId);
    if (isMean) {
      const view = heapView(backend, sums);
      for (let i = 0; i < view.length; i++) view[i]! *= view.length / numbers;
    }
    return sums;
  };

/** Runs synchronous `work` on the wasm backend with the faster kernels that there are. */
export function withFastKernels<T>(work: () => T): T {
  const [sgemm, kernels] = [nativeProducts(), heapKernels()];
  return withKernels(
    'wasm',
    {
      ...(sgemm && { [BatchMatMul]: (original) => batchMatMul(original, sgemm) }),
      ...(kernels && {
        [Add]: (original) => add(original, kernels),
        [Multiply]: (original) => multiply(original, kernels),
        [Mean]: (original) => summed(original, kernels, true),
        [Sum]: (original) => summed(original, kernels, false),
        [Transpose]: (original) => transpose(original, kernels),
      }),
      [Identity]: () => share,
      [Cast]: cast,
    },
    work,
  );
}
