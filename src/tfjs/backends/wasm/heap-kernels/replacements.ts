/**
 * Kernels of the wasm backend that run faster in place: matrix products on the machine's BLAS, and products of a block
 * with one factor for each of its rows. Only while a tape is recorded or a block is pushed through it: outside of that the
 * user's TensorFlow.js is what it was.
 */
import {
  BatchMatMul,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  Multiply,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';
import { type HeapBackend, heapAddress } from '../heap.ts';
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

/** Runs synchronous `work` on the wasm backend with the faster kernels that there are. */
export function withFastKernels<T>(work: () => T): T {
  const replaced: KernelConfig[] = [];
  const put = (config: KernelConfig): void => {
    unregisterKernel(config.kernelName, config.backendName);
    registerKernel(config);
  };
  const replace = (kernelName: string, faster: (original: KernelFunc) => KernelFunc): void => {
    const original = getKernel(kernelName, 'wasm');
    put({ ...original, kernelFunc: faster(original.kernelFunc) });
    replaced.push(original);
  };
  const [sgemm, kernels] = [nativeProducts(), heapKernels()];
  try {
    if (sgemm) replace(BatchMatMul, (original) => batchMatMul(original, sgemm));
    if (kernels) replace(Multiply, (original) => multiply(original, kernels));
    return work();
  } finally {
    for (const original of replaced.reverse()) put(original);
  }
}
