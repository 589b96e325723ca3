/** The WebAssembly backend: matrix products on the machine's BLAS and kernels of our own, in place on its heap. */
import { backend as currentBackend, env } from '@tensorflow/tfjs-core';
import { host } from '#host';
import { PLAIN, type StartableBackend } from '../backend.ts';
import { recordPackage, registerPackage } from '../packages.ts';
import { type HeapBackend, heapView } from './heap.ts';

/** BLAS and kernels of our own, once somebody has prepared them. */
let fastPaths: typeof import('./fast-paths.ts') | undefined;

const usesBlas = (): boolean => fastPaths?.nativeProducts() !== undefined;

/**
 * TensorFlow.js has a build with threads for pages that are cross-origin isolated. It writes its workers from the text of its own
 * functions, which breaks in minified pages, and its memory is of a kind that our kernels are not made for.
 */
async function register(): Promise<void> {
  // a BLAS is tried in a process of its own, which takes as long as to load the package: whoever prepares it finds it tried
  const trial = import('./native-products.ts').then(({ prepareNativeProducts }) => prepareNativeProducts());
  trial.catch(() => {});
  await registerPackage('wasm');
  if (host.isPage) env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

export const wasm: StartableBackend = {
  ...PLAIN,
  name: 'wasm',
  sharesMemory: true,
  choices: [],
  get usesBlas() {
    return usesBlas();
  },
  // XNNPACK's habit
  get packsOperands() {
    return !usesBlas();
  },
  heap: {
    numbersOf: (tensor) => heapView(currentBackend() as HeapBackend, tensor),
    work: () => fastPaths?.heapWork(),
    arithmetic: () => fastPaths?.heapArithmetic(),
  },
  register,
  record: () => recordPackage('wasm'),
  prepare: async () => {
    fastPaths = await import('./fast-paths.ts');
    await fastPaths.prepare();
  },
  withFastKernels: (work) => (fastPaths ? fastPaths.withFastKernels(work) : work()),
};
