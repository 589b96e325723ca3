/** The wasm backend's memory: every tensor lies in one heap, where its numbers can be read without a copy. */
import { type DataId, engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

/** A WebAssembly memory; `buffer` is another one after it has grown. */
export interface HeapMemory {
  readonly buffer: ArrayBuffer;
}

/** Elements of four bytes. */
export type HeapType = 'float32' | 'int32';

/** What the wasm backend has beyond the public contract: one heap, and where in it each tensor lies. */
export interface HeapBackend extends KernelBackend {
  wasm: { HEAPF32: Float32Array; asm?: { memory?: HeapMemory } };
  dataIdMap: { get(id: DataId): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: HeapType): TensorInfo;
}

/** A float32 tensor's numbers where they are. Valid until the backend makes another tensor: its heap may then move. */
export function heapView(backend: HeapBackend, info: TensorInfo): Float32Array {
  const start = heapAddress(backend, info) / 4;
  return backend.wasm.HEAPF32.subarray(start, start + info.shape.reduce((product, size) => product * size, 1));
}

/** Where a tensor's numbers begin, in bytes. Stays as it is while the tensor lives. */
export function heapAddress({ dataIdMap }: HeapBackend, { dataId }: TensorInfo): number {
  return dataIdMap.get(dataId).memoryOffset;
}

/** A tensor of the heap with any numbers in it, to be written in place. It counts in the scope of the caller. */
export function uninitialised(backend: HeapBackend, shape: readonly number[], dtype: HeapType = 'float32'): Tensor {
  return engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], dtype));
}
