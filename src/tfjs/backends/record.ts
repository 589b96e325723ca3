/** What a backend runs on: recorded in results and benches. */
import { getBackend } from '@tensorflow/tfjs-core';

/** The backends that can be asked for. */
export type BackendName = 'cpu' | 'wasm' | 'webgpu' | 'tensorflow';

/** A GPU as WebGPU describes it. Strings that the driver leaves empty are empty. */
export interface AdapterRecord {
  /** Maker, as in 'nvidia', 'google'. */
  readonly vendor: string;
  /** Of the graphics processor, as the driver names it. */
  readonly architecture: string;
  /** The model of the device, as the driver names it. */
  readonly device: string;
  /** Name and version of the driver, as far as it tells. */
  readonly driver: string;
  /** Whether it is a program on the CPU (SwiftShader, llvmpipe). */
  readonly software: boolean;
  /** What one command may use at most, by the names of WebGPU. */
  readonly limits: {
    /** Bytes of the largest buffer that a kernel can be given. */
    readonly maxStorageBufferBindingSize: number;
    /** Bytes of the largest buffer. */
    readonly maxBufferSize: number;
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
  };
}

/** A backend of TensorFlow.js as it was started. */
export interface BackendRecord {
  /** As `useBackend` takes it. */
  readonly name: BackendName;
  /** The package it came with and that package's version, as in '@tensorflow/tfjs-backend-wasm 4.22.0'. */
  readonly package: string;
  /** What does the arithmetic: 'CPU', 'GPU', or the adapter's name; what results record. */
  readonly device: string;
  /** The adapter, for `'webgpu'`. */
  readonly adapter?: AdapterRecord;
}

const records = new Map<string, BackendRecord>();

/** Remembers what a backend runs on, until it is started anew. */
export function setBackendRecord(record: BackendRecord): BackendRecord {
  records.set(record.name, record);
  return record;
}

/** What the backend in use runs on; undefined for one that was not started by `useBackend`. */
export function backendRecord(): BackendRecord | undefined {
  return records.get(getBackend());
}

/**
 * Bytes of the device to work with where the user does not say. WebGPU does not tell the size of its memory; a GPU has at
 * least a few times what it offers as one buffer.
 */
export function defaultMemory(): number {
  const adapter = backendRecord()?.adapter;
  return adapter && !adapter.software ? Math.max(2 ** 30, 4 * adapter.limits.maxBufferSize) : 2 ** 30;
}

/** Bytes of the largest buffer that a kernel of the backend in use can be given. */
export function largestBuffer(): number {
  return backendRecord()?.adapter?.limits.maxStorageBufferBindingSize ?? Number.POSITIVE_INFINITY;
}

/** One phrase for results: `webgpu (SwiftShader driver 5.0.0, software)`. */
export function describeBackend(): string {
  const name = getBackend();
  const record = records.get(name);
  if (!record) return name;
  return `${name} (${record.device}${record.adapter?.software ? ', software' : ''})`;
}
