/** Kernels of our own within the heap of TensorFlow.js's wasm backend: what they are called with, and how they get there. */
import { backend as currentBackend } from '@tensorflow/tfjs-core';
import { bytesOfText } from '../../../../core/bytes-of-text.ts';
import type { HeapBackend, HeapMemory } from '../heap.ts';
import { MODULE } from './embedded.ts';

/** Byte address in the heap. */
export type Address = number;

type SetAxis = (
  input: number,
  output: number,
  filter: number,
  stride: number,
  dilation: number,
  before: number,
) => void;

/** Exports of `assembly/index.ts`, described there. */
export interface HeapKernels {
  setRows: SetAxis;
  setColumns: SetAxis;
  patches(plane: Address, channels: number, into: Address, stride: number): void;
  addPatches(plane: Address, channels: number, from: Address, stride: number): void;
  imagesOf(
    block: Address,
    size: number,
    width: number,
    first: number,
    count: number,
    into: Address,
    apart: number,
  ): void;
  imagesBack(
    from: Address,
    apart: number,
    block: Address,
    size: number,
    width: number,
    first: number,
    count: number,
  ): void;
  frameSize(channels: number): number;
  enframe(image: Address, channels: number, into: Address): void;
  unframe(from: Address, channels: number, image: Address): void;
  outputs(framed: Address, channels: number, weights: Address, filters: number, into: Address): void;
  runsSize(channels: number, filters: number): number;
  runsOf(weights: Address, channels: number, filters: number, into: Address): void;
  addInputs(framed: Address, channels: number, runs: Address, filters: number, dy: Address): void;
  sumsSize(channels: number, filters: number): number;
  addWeights(framed: Address, channels: number, dy: Address, filters: number, sums: Address): void;
  weightsOf(sums: Address, channels: number, filters: number, weights: Address): void;
  maxima(plane: Address, channels: number, place: number, into: Address): void;
  takeRows(from: Address, places: Address, count: number, bytes: number, into: Address): void;
  addRows(rows: Address, places: Address, count: number, bytes: number, into: Address): void;
  sums(x: Address, count: number, rows: number, width: number, into: Address, work: Address): void;
  addRow(row: Address, x: Address, into: Address, rows: number, width: number): void;
  swapAxes(from: Address, count: number, rows: number, cols: number, width: number, into: Address): void;
  scaleRows(factors: Address, x: Address, into: Address, repeats: number, rows: number, width: number): void;
}

/** The part of the WebAssembly interface that is used here; the project's library settings do not declare it. */
interface WebAssemblyHost {
  compile(bytes: Uint8Array): Promise<object>;
  Instance: new (module: object, imports: { env: { memory: HeapMemory } }) => { exports: unknown };
}

const host = (): WebAssemblyHost => (globalThis as unknown as { WebAssembly: WebAssemblyHost }).WebAssembly;

let compiled: Promise<object | undefined> | undefined;
let module: object | undefined;
const instances = new WeakMap<HeapMemory, HeapKernels | 'refused'>();

/** Compiles the module. Where that is not possible, there are no such kernels. */
export async function prepareHeapKernels(): Promise<void> {
  compiled ??= bytesOfText(MODULE)
    .then((bytes) => host().compile(bytes))
    .catch(() => undefined);
  module = await compiled;
}

function instantiate(memory: HeapMemory): HeapKernels | 'refused' {
  try {
    return new (host().Instance)(module!, { env: { memory } }).exports as HeapKernels;
  } catch {
    // a memory of another kind, such as that of the backend's build with threads
    return 'refused';
  }
}

/** The kernels in the heap of the wasm backend, which is in use; undefined where there are none or the heap is not to be had. */
export function heapKernels(): HeapKernels | undefined {
  if (module === undefined) return undefined;
  const memory = (currentBackend() as HeapBackend).wasm.asm?.memory;
  if (memory === undefined) return undefined;
  let kernels = instances.get(memory);
  if (kernels === undefined) {
    kernels = instantiate(memory);
    instances.set(memory, kernels);
  }
  return kernels === 'refused' ? undefined : kernels;
}
