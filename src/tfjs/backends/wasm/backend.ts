/** The WebAssembly backend: matrix products on the machine's BLAS and kernels of our own, in place on its heap. */
import { backend as currentBackend } from '@tensorflow/tfjs-core';
import { PLAIN, type StartableBackend } from '../backend.ts';
import { recordPackage, registerPackage } from '../packages.ts';
import { type HeapBackend, heapView } from './heap.ts';
import { heapArithmetic } from './heap-kernels/arithmetic.ts';
import { prepareHeapKernels } from './heap-kernels/module.ts';
import { withFastKernels } from './heap-kernels/replacements.ts';
import { nativeProducts, prepareNativeProducts } from './native-products.ts';

export const wasm: StartableBackend = {
  ...PLAIN,
  name: 'wasm',
  sharesMemory: true,
  choices: [],
  get usesBlas() {
    return nativeProducts() !== undefined;
  },
  // XNNPACK's habit
  get packsOperands() {
    return nativeProducts() === undefined;
  },
  heap: {
    numbersOf: (tensor) => heapView(currentBackend() as HeapBackend, tensor),
    arithmetic: heapArithmetic,
  },
  register: () => registerPackage('wasm'),
  record: () => recordPackage('wasm'),
  prepare: async () => {
    await Promise.all([prepareNativeProducts(), prepareHeapKernels()]);
  },
  withFastKernels,
};
