/** Starting a TensorFlow.js backend, or saying what is missing. */
import { findBackendFactory, getBackend, getGradient, ready, setBackend, Tensor } from '@tensorflow/tfjs-core';
import { checkChoice } from '../../core/checks.ts';
import { ArgumentError, UnsupportedError } from '../../core/errors.ts';
import { registerPanelKernels } from '../../linalg/kernels/panels.ts';
import { repair } from '../repairs/index.ts';
import { importOrExplain, versionOf } from './packages.ts';
import { backendPanels } from './panel-kernels.ts';
import { type BackendName, type BackendRecord, setBackendRecord } from './record.ts';
import { registerTensorFlow, tensorFlowRecord } from './tensorflow.ts';
import { prepareHeapKernels } from './wasm/heap-kernels/module.ts';
import { prepareNativeProducts } from './wasm/native-products.ts';
import { type DeviceWishes, registerWebGpu, webGpuRecord } from './webgpu/start.ts';

/** What is wanted of the backend. */
export interface BackendOptions {
  /** `'webgpu'` and `'tensorflow'`: a CPU that plays a GPU, or a library without CUDA, is an error. Default false. */
  requireHardware?: boolean;
  /** `'webgpu'`: the GPU to use, by its name in Dawn's list, which the error for a wrong name prints. */
  adapter?: string;
}

const NAMES: readonly BackendName[] = ['cpu', 'wasm', 'webgpu', 'tensorflow'];

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

/** Loads what registers the backend. */
async function register(where: string, name: BackendName, wishes: DeviceWishes): Promise<void> {
  if (name === 'webgpu') return registerWebGpu(where, wishes);
  if (findBackendFactory(name) != null) return undefined;
  if (name === 'tensorflow') return registerTensorFlow(where);
  const module = `@tensorflow/tfjs-backend-${name}`;
  await importOrExplain(`${where}: backend '${name}' is not installed`, [module], module);
}

/** What the backend, which is in use now, runs on. */
function recordOf(where: string, name: BackendName, wishes: DeviceWishes): BackendRecord {
  if (name === 'webgpu') return webGpuRecord(where, wishes);
  if (name === 'tensorflow') return tensorFlowRecord(where, wishes.requireHardware);
  const module = `@tensorflow/tfjs-backend-${name}`;
  return setBackendRecord({ name, package: `${module} ${versionOf(module)}`, device: 'CPU' });
}

function checkOptions(where: string, name: BackendName, options: BackendOptions): DeviceWishes {
  const { requireHardware = false, adapter } = options;
  if (requireHardware && name !== 'webgpu' && name !== 'tensorflow') {
    throw new ArgumentError(`${where}: requireHardware: backend '${name}' never uses a GPU; ask for 'webgpu'`, {
      name,
    });
  }
  if (adapter !== undefined && (name !== 'webgpu' || typeof adapter !== 'string')) {
    throw new ArgumentError(`${where}: adapter must be a name and belongs to 'webgpu', got ${adapter} for '${name}'`, {
      name,
    });
  }
  return { requireHardware, adapter };
}

/** As {@link useBackend}, with wishes that are not public. */
export async function startBackend(where: string, name: BackendName, wishes: DeviceWishes): Promise<BackendRecord> {
  registerPanelKernels(backendPanels);
  const previous = getBackend();
  await register(where, name, wishes);
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
  try {
    const record = recordOf(where, name, wishes);
    await ensureGradients(where);
    return record;
  } catch (error) {
    if (previous) await setBackend(previous);
    throw error;
  }
}

/**
 * Makes TensorFlow.js use the named backend, loading its package if that has not been done, and says what it runs on.
 *
 * `'cpu'` is plain JavaScript, `'wasm'` SIMD WebAssembly on one thread, `'webgpu'` a GPU through the package `webgpu`
 * (Dawn: Vulkan, Metal, Direct3D 12), `'tensorflow'` the native library of `@tensorflow/tfjs-node-gpu` or
 * `@tensorflow/tfjs-node`. docs/gpu.md says what each needs.
 *
 * Kernels that TensorFlow.js's own gradients need and the backend lacks or gets wrong are put into its registry, made of
 * others (docs/kernels.md lists them): on `'wasm'` convolutional networks and embeddings can then be trained, too.
 *
 * On `'webgpu'` a device that was lost is replaced by a new one; what was on the old one is gone. Results are read with
 * `await tensor.data()`: `dataSync()` does not exist there.
 *
 * @throws ArgumentError for another name or options that do not belong to it; UnsupportedError when the backend is not
 * installed or does not start, with what to install, when there is no GPU adapter, and when there is only a software one
 * and `requireHardware` was asked for. It never falls back to another backend.
 *
 * @example
 * const { device, adapter } = await useBackend('webgpu', { requireHardware: true });
 */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<BackendRecord> {
  const where = 'useBackend';
  checkChoice(where, 'name', name, NAMES);
  return startBackend(where, name, checkOptions(where, name, options));
}
