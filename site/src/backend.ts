/** TensorFlow.js in the worker: its backends, and where the wasm one has its binaries. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { useBackend } from 'eigensketch/tfjs';
import type { Choice } from './settings.ts';

/** Loads the package of a backend, which is large and which a run on another one does not need. */
const PACKAGES: Readonly<Record<Choice<'backend'>, () => Promise<unknown>>> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  webgpu: () => import('@tensorflow/tfjs-backend-webgpu'),
  async wasm() {
    const [{ setWasmPaths }, plain, simd] = await Promise.all([
      import('@tensorflow/tfjs-backend-wasm'),
      import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url'),
    ]);
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain.default,
      'tfjs-backend-wasm-simd.wasm': simd.default,
      // never asked for: useBackend switches threads off
      'tfjs-backend-wasm-threaded-simd.wasm': simd.default,
    });
  },
};

let current: Choice<'backend'> | undefined;
let device = '';

/** Makes TensorFlow.js use a backend. @returns what it runs on */
export async function startBackend(name: Choice<'backend'>): Promise<string> {
  if (current !== name) {
    await PACKAGES[name]();
    ({ device } = await useBackend(name));
    await tf.ready();
    current = name;
  }
  return device;
}
