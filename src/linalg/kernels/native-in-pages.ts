/** `#native` in pages, which cannot load libraries of the system. */
import type { NativeLoad } from './native.ts';

export async function loadNativeKernels(): Promise<NativeLoad> {
  return { reason: 'a page cannot call a BLAS of the system' };
}
