/** The wasm backend's memory: every tensor lies in one heap, where its numbers can be read without a copy. */
import {
  backend as currentBackend,
  type DataId,
  getBackend,
  type KernelBackend,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

/** What the wasm backend has beyond the public contract: one heap, and where in it each tensor lies. */
export interface HeapBackend extends KernelBackend {
  wasm: { HEAPF32: Float32Array };
  dataIdMap: { get(id: DataId): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
}

/** A float32 tensor's numbers where they are. Valid until the backend makes another tensor: its heap may then move. */
export function heapView({ wasm, dataIdMap }: HeapBackend, { dataId, shape }: TensorInfo): Float32Array {
  const start = dataIdMap.get(dataId).memoryOffset / 4;
  return wasm.HEAPF32.subarray(start, start + shape.reduce((product, size) => product * size, 1));
}

/** A float32 tensor of the current backend in its heap, or undefined where the backend has none. Valid as a view is. */
export function onHeap(tensor: Tensor): Float32Array | undefined {
  return getBackend() === 'wasm' ? heapView(currentBackend() as HeapBackend, tensor) : undefined;
}
