/** Starting a TensorFlow.js backend, or saying what is missing. */
import { getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { atDoor } from '../core/door.ts';
import { ArgumentError, UnsupportedError } from '../core/errors.ts';
import { choice, flag, optional, parseOptions, text, withDefault } from '../core/parse.ts';
import { registerPanelKernels } from '../linalg/kernels/panels.ts';
import type { DeviceRequest, StartableBackend } from './backends/backend.ts';
import { BACKENDS, refuseUnfit } from './backends/current.ts';
import { backendPanels } from './backends/panel-kernels.ts';
import type { BackendName, BackendRecord } from './backends/record.ts';
import { prepareTensorFlow } from './repairs/prepare.ts';

/** What may be asked of the device of a backend. */
export interface BackendOptions {
  /** `'webgpu'` and `'tensorflow'`: a software adapter, or a library without CUDA, is an error. Default false. */
  requireHardware?: boolean;
  /** `'webgpu'`: the GPU to use, by its name in Dawn's list, which the error for a wrong name prints. */
  adapter?: string;
}

const NAME = choice(Object.keys(BACKENDS) as BackendName[]);

const FIELDS = { requireHardware: withDefault(flag, false), adapter: optional(text) };

/** @throws ArgumentError for a choice of the device that the backend does not have */
function refuseChoices({ name, choices }: StartableBackend, { requireHardware, adapter }: DeviceRequest): void {
  if (requireHardware && !choices.includes('requireHardware')) {
    throw new ArgumentError(`requireHardware: backend '${name}' never uses a GPU; ask for 'webgpu'`, { name });
  }
  if (adapter !== undefined && !choices.includes('adapter')) {
    throw new ArgumentError(`adapter belongs to 'webgpu', got '${adapter}' for '${name}'`, { name });
  }
}

/** As {@link useBackend}, with arguments that have been parsed and one that is not public: the size of buffers. */
export async function startBackend(name: BackendName, request: DeviceRequest): Promise<BackendRecord> {
  const backend = BACKENDS[name];
  registerPanelKernels(backendPanels);
  const previous = getBackend();
  await backend.register(request);
  let cause: unknown;
  const started = await setBackend(name).catch((error: unknown) => {
    cause = error;
    return false;
  });
  if (!started || getBackend() !== name) {
    throw new UnsupportedError(
      `backend '${name}' is installed but did not start on this machine; choose another one`,
      { name },
      { cause },
    );
  }
  await ready();
  try {
    const record = backend.record(request);
    await prepareTensorFlow();
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
 * A page of a browser imports the package of the backend itself, before this call. `'webgl'`, which TensorFlow.js takes there by
 * itself, is refused: docs/browser.md says why.
 *
 * @throws ArgumentError for another name or options that do not belong to it; UnsupportedError when the backend is not
 * installed or does not start, with what to install, when there is no GPU adapter, and when there is only a software one
 * and `requireHardware` was asked for. It never falls back to another backend.
 *
 * @example
 * const { device, adapter } = await useBackend('webgpu', { requireHardware: true });
 */
export function useBackend(name: BackendName, options: BackendOptions = {}): Promise<BackendRecord> {
  return atDoor('useBackend', async () => {
    refuseUnfit(name);
    NAME.parse(name, 'name');
    const request = parseOptions(options, FIELDS);
    refuseChoices(BACKENDS[name], request);
    return startBackend(name, request);
  });
}
