/** What is faster than the wasm backend's own: loaded for those who use it. */
import { prepareHeapKernels } from './heap-kernels/module.ts';
import { prepareNativeProducts } from './native-products.ts';

export { heapArithmetic, heapWork } from './heap-kernels/arithmetic.ts';
export { withFastKernels } from './heap-kernels/replacements.ts';
export { nativeProducts } from './native-products.ts';

/** Finds and loads what there is. */
export async function prepare(): Promise<void> {
  await Promise.all([prepareNativeProducts(), prepareHeapKernels()]);
}
