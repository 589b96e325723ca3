/** `#reference` in pages, which would carry a package of 80 KB for kernels that nobody should use there. */
import type { ReferenceLoad } from './reference.ts';

export async function loadReferenceKernels(): Promise<ReferenceLoad> {
  return { reason: "pages have the embedded ones only: leave 'kernels' out, or pass 'wasm'" };
}
