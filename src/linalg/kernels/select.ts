/** From the `kernels` option to a provider. */
import { host } from '#host';
import { loadNativeKernels } from '#native';
import { loadReferenceKernels } from '#reference';
import { UnsupportedError } from '../../core/errors.ts';
import { CHOICE, defaultChoice, type KernelsChoice } from './choice.ts';
import { withFasterPanels, withPanels } from './device.ts';
import { panelKernels } from './panels.ts';
import type { Kernels } from './provider.ts';
import { loadWasmKernels } from './wasm.ts';

async function onHost(): Promise<Kernels> {
  const { kernels, reason } = await loadNativeKernels();
  if (kernels) return kernels;
  // a machine without a BLAS is nothing to speak of; a library that the user named and that fails is
  if (host.setting('EIGENSKETCH_BLAS')) warnOnce(`EIGENSKETCH_BLAS is not used: ${reason}`);
  try {
    return await loadWasmKernels();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    const { kernels: reference } = await loadReferenceKernels();
    if (!reference) throw error;
    warnOnce(`the slow reference kernels are used: ${error.message}`);
    return reference;
  }
}

let warned = false;
function warnOnce(message: string): void {
  if (!warned) host.warn(message);
  warned = true;
}

async function automatic(): Promise<Kernels> {
  const host = await onHost();
  const panels = panelKernels();
  return panels ? withFasterPanels(host, panels) : host;
}

async function onDevice(): Promise<Kernels> {
  const panels = panelKernels();
  if (panels) return withPanels(await onHost(), panels, 0);
  throw new UnsupportedError(`kernels 'device' need a GPU in use; call useBackend('webgpu') first`, {});
}

/**
 * The provider for a choice.
 * @throws ArgumentError for a name that does not exist, UnsupportedError with the reason when the one asked for by name
 * does not work on this machine.
 */
export async function selectKernels(choice?: KernelsChoice): Promise<Kernels> {
  const name = CHOICE.parse(choice ?? defaultChoice(), choice ? 'kernels' : 'EIGENSKETCH_KERNELS');
  if (name === 'auto') return automatic();
  if (name === 'device') return onDevice();
  if (name === 'wasm') return loadWasmKernels();
  const { kernels, reason } = await (name === 'js' ? loadReferenceKernels() : loadNativeKernels());
  if (!kernels) throw new UnsupportedError(`kernels '${name}' cannot be used: ${reason}`, { reason });
  return kernels;
}
