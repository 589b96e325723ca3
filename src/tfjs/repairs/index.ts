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
import { repairedGradients } from './gradients.ts';
import { repairedConfig, repairsOf } from './kernels.ts';
import { repairLayers } from './layers.ts';

const repairedBackends = new Map<string, Promise<void>>();
let gradientsRepaired = false;

async function repairKernels(backend: string): Promise<void> {
  const repairs = await repairsOf(backend);
  const own = new Map(getKernelsForBackend(backend).map((config) => [config.kernelName, config]));
  for (const [kernel, entry] of Object.entries(repairs)) {
    const original = own.get(kernel);
    if (original && entry.wrong === undefined) continue;
    if (original) unregisterKernel(kernel, backend);
    registerKernel(repairedConfig(backend, kernel, entry, original));
  }
}

function repairGradients(): void {
  if (gradientsRepaired) return;
  gradientsRepaired = true;
  for (const config of repairedGradients()) {
    // Replacing a gradient without taking it out first prints a warning.
    if (getGradient(config.kernelName) != null) unregisterGradient(config.kernelName);
    registerGradient(config);
  }
}

/** Repairs the kernels of the backend in use, the gradients and the layers, once each. Gradients must have been registered. */
export async function repair(): Promise<void> {
  repairLayers();
  repairGradients();
  const backend = getBackend();
  const repaired = repairedBackends.get(backend) ?? repairKernels(backend);
  repairedBackends.set(backend, repaired);
  await repaired;
}
