/** Puts into TensorFlow.js's registry what its backends lack or compute wrongly. */
import {
  getBackend,
  getGradient,
  getKernelsForBackend,
  registerGradient,
  registerKernel,
  unregisterGradient,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { BackendName } from '../backends/record.ts';
import { repairedGradients } from './gradients.ts';
import { REPAIRS, repairedConfig } from './kernels.ts';
import { repairLayers } from './layers.ts';

const repairedBackends = new Set<string>();
let gradientsRepaired = false;

/** Repairs the kernels of the backend in use, the gradients and the layers, once each. Gradients must have been registered. */
export function repair(): void {
  repairLayers();
  const backend = getBackend();
  if (!repairedBackends.has(backend)) {
    repairedBackends.add(backend);
    const own = new Map(getKernelsForBackend(backend).map((config) => [config.kernelName, config]));
    const entries = Object.hasOwn(REPAIRS, backend) ? REPAIRS[backend as BackendName] : {};
    for (const [kernel, entry] of Object.entries(entries)) {
      const original = own.get(kernel);
      if (original && entry.wrong === undefined) continue;
      if (original) unregisterKernel(kernel, backend);
      registerKernel(repairedConfig(backend, kernel, entry, original));
    }
  }
  if (gradientsRepaired) return;
  gradientsRepaired = true;
  for (const config of repairedGradients()) {
    // Replacing a gradient without taking it out first prints a warning.
    if (getGradient(config.kernelName) != null) unregisterGradient(config.kernelName);
    registerGradient(config);
  }
}
