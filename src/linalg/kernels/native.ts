/** The provider `'native'`, as the rest of the library sees it; the folder native/ holds its parts. */
export type { NativeKernels } from './native/kernels.ts';
export { loadNativeKernels, type NativeLoad } from './native/load.ts';
export type { Product } from './native/product.ts';
export { betweenCalls } from './native/threads.ts';
