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

/** Whether `factors` is `x` with 1 for its last axis, the block. */
function areFactorsOf(factors: TensorInfo, x: TensorInfo): boolean {
  const [rank, width] = [x.shape.length, x.shape[x.shape.length - 1]];
  return (
    factors.shape.length === rank &&
    width !== 1 &&
    factors.shape[rank - 1] === 1 &&
    util.arraysEqual(factors.shape.slice(0, -1), x.shape.slice(0, -1))
  );
}

/** The backend's own takes the rows one by one, at a cost for each: dear where they are short. */
function multiply(original: KernelFunc, { scaleRows }: HeapKernels): KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const pair = areFactorsOf(a, b) ? [a, b] : areFactorsOf(b, a) ? [b, a] : undefined;
    if (pair === undefined || a.dtype !== 'float32' || b.dtype !== 'float32') return original(call);
    const [factors, x] = pair as [TensorInfo, TensorInfo];
    const backend = call.backend as HeapBackend;
    const out = backend.makeOutput(x.shape, 'float32');
    const [from, by, into] = [x, factors, out].map((info) => heapAddress(backend, info)) as [number, number, number];
    scaleRows(by, from, into, util.sizeFromShape(factors.shape), x.shape[x.shape.length - 1]!);
    return out;
  };
}

/** Runs synchronous `work` with the faster kernels of the current backend, if it has any. */
export function withHeapKernels<T>(work: () => T): T {
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
