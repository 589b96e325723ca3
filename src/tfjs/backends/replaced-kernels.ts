/** Kernels of the backend in use that others stand in for while some work runs. */
import { getKernel, type KernelConfig, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/** Makes a kernel of the backend's own one, which takes the calls that it is not for. */
export type Replacement = (original: KernelFunc) => KernelFunc;

function put(config: KernelConfig): void {
  unregisterKernel(config.kernelName, config.backendName);
  registerKernel(config);
}

/** Runs synchronous `work` with these kernels in place, by name. The registry is as before whatever happens. */
export function withKernels<T>(backend: string, kernels: Readonly<Record<string, Replacement>>, work: () => T): T {
  const replaced: KernelConfig[] = [];
  try {
    for (const [name, replacement] of Object.entries(kernels)) {
      const original = getKernel(name, backend);
      put({ ...original, kernelFunc: replacement(original.kernelFunc) });
      replaced.push(original);
    }
    return work();
  } finally {
    for (const original of replaced.reverse()) put(original);
  }
}
