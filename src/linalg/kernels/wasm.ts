/** The embedded kernels, loaded where they are needed: they are a third of a page's code, and options and help need none. */
import type { WasmKernels } from './wasm/load.ts';
import type { SparseEngine } from './wasm/sparse.ts';

/** The provider `'wasm'`. */
export const loadWasmKernels = async (): Promise<WasmKernels> => (await import('./wasm/load.ts')).loadWasmKernels();

/** The threads that multiply sparse matrices. */
export const loadSparseEngine = async (): Promise<SparseEngine> =>
  (await import('./wasm/sparse.ts')).loadSparseEngine();
