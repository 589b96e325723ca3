/** Matrix products of the wasm backend on the machine's BLAS, in place on the backend's heap. */
import { broadcast_util, type KernelFunc, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Kernels } from '../../../linalg/kernels/provider.ts';
import { selectKernels } from '../../../linalg/kernels/select.ts';
import { type HeapBackend, heapView } from './heap.ts';

type Sgemm = NonNullable<Kernels['sgemm']>;

let sgemm: Sgemm | undefined;

/** Finds the BLAS, unless the user chose other kernels. Until then, and without one, products stay with the backend. */
export async function prepareNativeProducts(): Promise<void> {
  const kernels = await selectKernels();
  sgemm = kernels.sgemm && ((product) => kernels.sgemm!(product));
}

/** The BLAS's product, if there is one for this backend. */
export function nativeProducts(): Sgemm | undefined {
  return sgemm;
}

function matrixShape({ shape }: TensorInfo): { count: number; rows: number; cols: number } {
  const [rows, cols] = shape.slice(-2) as [number, number];
  return { count: shape.slice(0, -2).reduce((product, size) => product * size, 1), rows, cols };
}

/** Stacks that broadcast along some but not all leading axes, and other types than float32, stay with the backend. */
function isPlain(a: TensorInfo, b: TensorInfo): boolean {
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const isSingle = (leading: number[]): boolean => leading.every((size) => size === 1);
  return (
    a.dtype === 'float32' &&
    b.dtype === 'float32' &&
    (isSingle(left) || isSingle(right) || left.join() === right.join())
  );
}

/** The kernel `BatchMatMul` on the BLAS; what is not plain goes to the original. */
export function batchMatMul(original: KernelFunc, multiply: Sgemm): KernelFunc {
  return (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    if (!isPlain(a, b)) return original(call);
    const { transposeA: transA, transposeB: transB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const backend = call.backend as HeapBackend;
    const [left, right] = [matrixShape(a), matrixShape(b)];
    const [m, k] = transA ? [left.cols, left.rows] : [left.rows, left.cols];
    const n = transB ? right.rows : right.cols;
    const leading = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const out = backend.makeOutput([...leading, m, n], 'float32');
    const count = Math.max(left.count, right.count);
    // views of the heap, which may have grown and moved when the output was made: taken only now
    const matrix = (info: TensorInfo, index: number, size: number): Float32Array =>
      heapView(backend, info).subarray(index * size, (index + 1) * size);
    for (let i = 0; i < count; i++) {
      const A = matrix(a, left.count === 1 ? 0 : i, m * k);
      const B = matrix(b, right.count === 1 ? 0 : i, k * n);
      multiply({ m, n, k, transA, transB, A, B, C: matrix(out, i, m * n) });
    }
    return out;
  };
}
