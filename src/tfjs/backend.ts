/** Starting a TensorFlow.js backend, or saying what is missing. */
import { findBackend, getBackend, getGradient, ready, setBackend, Tensor } from '@tensorflow/tfjs-core';
import { checkChoice } from '../core/checks.ts';
import { UnsupportedError } from '../core/errors.ts';
import { prepareHeapKernels } from './heap-kernels/module.ts';
import { prepareNativeProducts } from './native-products.ts';
import { repair } from './repairs/index.ts';

/** The backends that can be asked for. */
export type BackendName = 'cpu' | 'wasm' | 'webgpu' | 'tensorflow';

/** Each backend's packages, the module that registers it first. */
const PACKAGES: Readonly<Record<BackendName, readonly string[]>> = {
  cpu: ['@tensorflow/tfjs-backend-cpu'],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  webgpu: ['@tensorflow/tfjs-backend-webgpu', 'webgpu'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'],
};

async function importOrExplain(where: string, modules: readonly string[], install: string): Promise<void> {
  const failures: unknown[] = [];
  for (const module of modules) {
    try {
      await import(module);
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw new UnsupportedError(
    `${where}: ${modules.join(' or ')} could not be loaded (${(failures[0] as Error).message.split('\n')[0]}); ` +
      `run: npm install ${install}`,
    { modules },
    { cause: failures[0] },
  );
}

/**
 * Registers TensorFlow.js's gradient functions, and what they need and the backend in use lacks. In Node they come with
 * the package `@tensorflow/tfjs` (which `@tensorflow/tfjs-node` contains), not with `@tensorflow/tfjs-core`.
 * Also finds the machine's BLAS, for products of the wasm backend, and our own kernels for its heap.
 * @throws UnsupportedError when that package is not installed.
 */
export async function ensureGradients(where: string): Promise<void> {
  // tfjs-layers registers the gradients, but not the methods of tensors that some of them use.
  if (getGradient('Add') == null || !('reshape' in Tensor.prototype)) {
    await importOrExplain(
      `${where}: TensorFlow.js has no gradients registered`,
      ['@tensorflow/tfjs'],
      '@tensorflow/tfjs',
    );
  }
  repair();
  await Promise.all([prepareNativeProducts(), prepareHeapKernels()]);
}

/** WebGPU in Node is the package `webgpu` (Dawn), which is put where browsers have it. */
async function provideWebGpu(where: string): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: unknown } };
  if (scope.navigator?.gpu !== undefined) return;
  const name = 'webgpu';
  await importOrExplain(where, [name], PACKAGES.webgpu.join(' '));
  const { create, globals } = (await import(name)) as { create(options: string[]): unknown; globals: object };
  Object.assign(globalThis, globals);
  const navigator = scope.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: create([]), configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

/**
 * Makes TensorFlow.js use the named backend, loading its package if that has not been done.
 *
 * `'cpu'` is plain JavaScript, `'wasm'` SIMD WebAssembly on one thread, `'webgpu'` a GPU through the package `webgpu`,
 * `'tensorflow'` the native library of `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`.
 *
 * Kernels that TensorFlow.js's own gradients need and the backend lacks or gets wrong are put into its registry, made of
 * others (docs/kernels.md lists them): on `'wasm'` convolutional networks and embeddings can then be trained, too.
 *
 * @throws ArgumentError for another name; UnsupportedError when the backend is not installed or does not start, with
 * what to install. It never falls back to another backend.
 */
export async function useBackend(name: BackendName): Promise<void> {
  const where = 'useBackend';
  checkChoice(where, 'name', name, Object.keys(PACKAGES) as BackendName[]);
  const packages = PACKAGES[name];
  if (name === 'webgpu') await provideWebGpu(where);
  if (findBackend(name) == null) {
    const modules = name === 'tensorflow' ? packages : packages.slice(0, 1);
    await importOrExplain(`${where}: backend '${name}' is not installed`, modules, modules.at(-1)!);
  }
  let cause: unknown;
  const started = await setBackend(name).catch((error: unknown) => {
    cause = error;
    return false;
  });
  if (!started || getBackend() !== name) {
    throw new UnsupportedError(
      `${where}: backend '${name}' is installed but did not start on this machine; choose another one`,
      { name },
      { cause },
    );
  }
  await ready();
  await ensureGradients(where);
}
