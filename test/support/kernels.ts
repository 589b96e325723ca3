/** All kernels that TensorFlow.js knows, from its registries and its list of names. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../src/tfjs/index.ts';

/** Backends of the table. */
export const BACKENDS = ['cpu', 'wasm', 'webgpu'] as const;

/** Every kernel name: those that tfjs-core exports (its gradients call no others) and those registered. */
export interface KnownKernels {
  names: string[];
  /** What each backend had before anything was repaired. */
  own: Record<string, Set<string>>;
}

/** Must be called before a backend is used, while the registries are as TensorFlow.js made them. */
export async function knownKernels(): Promise<KnownKernels> {
  await import('@tensorflow/tfjs-backend-cpu');
  await import('@tensorflow/tfjs-backend-wasm');
  // registers its kernels on machines without a GPU, too
  await import('@tensorflow/tfjs-backend-webgpu');
  const own = Object.fromEntries(
    BACKENDS.map((backend) => [backend, new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName))]),
  );
  // The names are exported as constants: Add = 'Add', RealDiv = 'RealDiv', ...
  const exported = Object.entries(tf).flatMap(([key, value]) => ((value as unknown) === key ? [key] : []));
  for (const backend of ['cpu', 'wasm'] as const) await useBackend(backend);
  return { names: [...new Set([...exported, ...BACKENDS.flatMap((backend) => [...own[backend]!])])].sort(), own };
}
