/** Kernels that a backend of TensorFlow.js 4.22 lacks or computes wrongly: a file a backend, the long ones loaded for those who use it. */
import { type KernelConfig, type NamedAttrMap, tidy } from '@tensorflow/tfjs-core';
import type { BackendName } from '../backends/record.ts';
import { CPU_REPAIRS } from './cpu.ts';
import type { Inputs, Repair, Repairs } from './repair.ts';

const REPAIRS: Readonly<Record<BackendName, () => Promise<Repairs>>> = {
  cpu: async () => CPU_REPAIRS,
  wasm: async () => (await import('./wasm.ts')).WASM_REPAIRS,
  webgpu: async () => (await import('./webgpu.ts')).WEBGPU_REPAIRS,
  tensorflow: async () => ({}),
};

/** Those of a backend; of one that is not among ours there are none. */
export async function repairsOf(backend: string): Promise<Repairs> {
  return Object.hasOwn(REPAIRS, backend) ? REPAIRS[backend as BackendName]() : {};
}

/** A kernel's entry in TensorFlow.js's registry. `original` is the backend's own. */
export function repairedConfig(
  backendName: string,
  kernelName: string,
  { compute, concerns }: Repair,
  original?: KernelConfig,
): KernelConfig {
  return {
    ...original,
    kernelName,
    backendName,
    kernelFunc: (call) => {
      const inputs = call.inputs as Inputs;
      const attrs = call.attrs as NamedAttrMap;
      if (original && concerns && !concerns(inputs, attrs)) return original.kernelFunc(call);
      return tidy(() => compute(inputs, attrs));
    },
  };
}
