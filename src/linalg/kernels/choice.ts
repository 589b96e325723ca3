/** The `kernels` option: apart from the providers, which are loaded when one is needed. */
import { host } from '#host';
import { UnsupportedError } from '../../core/errors.ts';
import { type Field, choice as oneOf, optional } from '../../core/parse.ts';

/**
 * `'native'`: a BLAS and LAPACK of this machine. `'wasm'`: the embedded SIMD kernels. `'js'`: the slow reference.
 * `'device'`: large float32 products on the GPU that a TensorFlow.js backend uses, the rest on the host. `'auto'`: the first
 * of `'native'`, `'wasm'` and `'js'` that works here, and where a GPU is in use what a trial finds faster there.
 */
export type KernelsChoice = 'auto' | 'native' | 'wasm' | 'js' | 'device';

/** One of them by name. */
export const CHOICE: Field<KernelsChoice> = oneOf<KernelsChoice>(['auto', 'native', 'wasm', 'js', 'device']);

/** The `kernels` option, as public functions take it. */
export const KERNELS: Field<KernelsChoice | undefined> = optional(CHOICE);

/** The choice of those who make none: the environment variable EIGENSKETCH_KERNELS, else `'auto'`. */
export function defaultChoice(): string {
  return host.setting('EIGENSKETCH_KERNELS') || 'auto';
}

/**
 * What `load` gives of the embedded kernels, for work that no BLAS does: undefined with the reference kernels `'js'` by name, and
 * where WebAssembly does not work.
 */
export async function embedded<T>(load: () => Promise<T>): Promise<T | undefined> {
  return defaultChoice() === 'js' ? undefined : unlessUnsupported(load);
}

/** What `work` gives; undefined where this machine, or the memory that it has left, does not allow it. */
export async function unlessUnsupported<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}
