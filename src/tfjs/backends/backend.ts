/**
 * What eigensketch knows of a backend of TensorFlow.js. One object each; no other folder tells backends apart by name.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BackendName, BackendRecord } from './record.ts';
import type { HeapArithmetic, HeapWork } from './wasm/heap-kernels/arithmetic.ts';

/** Tensors that lie in one memory of this process. */
export interface Heap {
  /** A float32 tensor's numbers where they are. Valid until the backend makes another tensor: its heap may then move. */
  numbersOf(tensor: Tensor): Float32Array;
  /** Numbers moved in place; undefined where our kernels are missing. */
  work(): HeapWork | undefined;
  /** Arithmetic in place; undefined where our kernels or a BLAS are missing. */
  arithmetic(): HeapArithmetic | undefined;
}

/** A backend as it works. What it says of its products is asked anew each time: a BLAS may be found later. */
export interface Backend {
  readonly name: string;
  /** Products are made beside this thread, which is free until they are read. */
  readonly overlaps: boolean;
  /** The shape of a tensor is in its handle alone, so that a reshaped one is another handle that shares its memory. */
  readonly sharesMemory: boolean;
  /** Products run on the machine's BLAS, to which transposed operands cost nothing. */
  readonly usesBlas: boolean;
  /** Products repack their right operand once for as long as its data lives, whatever shape the data is given later. */
  readonly packsOperands: boolean;
  readonly heap?: Heap;
  /** Finds and loads the fast paths there are. */
  prepare(): Promise<void>;
  /** Runs synchronous `work` with the fast kernels there are. Outside of it the user's TensorFlow.js is what it was. */
  withFastKernels<T>(work: () => T): T;
  /**
   * Does `work`, all of whose results have been read when it ends.
   * @throws DeviceError when the device failed meanwhile, whatever `work` returned or threw
   */
  onDevice<T>(work: () => Promise<T>): Promise<T>;
}

/** How the device of a backend is chosen. */
export interface DeviceRequest {
  /** Refuse a software adapter. */
  readonly requireHardware: boolean;
  /** The adapter's name or a part of it. */
  readonly adapter?: string | undefined;
  /** Ask for no larger buffers than this: what a smaller device would offer. */
  readonly maxBufferBytes?: number | undefined;
}

/** A backend that `useBackend` starts. */
export interface StartableBackend extends Backend {
  readonly name: BackendName;
  /** What may be asked of its device. */
  readonly choices: readonly ('requireHardware' | 'adapter')[];
  /** Loads what registers it with TensorFlow.js. @throws UnsupportedError that says what to install */
  register(request: DeviceRequest): Promise<void>;
  /** What it runs on, once it is in use. @throws UnsupportedError or ArgumentError where that is not what was asked for */
  record(request: DeviceRequest): BackendRecord;
}

/** A backend without anything special, on this thread. */
export const PLAIN: Omit<Backend, 'name'> = {
  overlaps: false,
  sharesMemory: false,
  usesBlas: false,
  packsOperands: false,
  prepare: async () => {},
  withFastKernels: (work) => work(),
  onDevice: (work) => work(),
};
