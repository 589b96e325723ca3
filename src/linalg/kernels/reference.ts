/** The provider `'js'` and the package that it is made of, loaded where somebody asks for it. */
import type { Kernels } from './provider.ts';

/** The provider, or why there is none. */
export interface ReferenceLoad {
  kernels?: Kernels;
  /** For a person to read. */
  reason?: string;
}

export async function loadReferenceKernels(): Promise<ReferenceLoad> {
  const { jsKernels } = await import('./js.ts');
  return { kernels: jsKernels };
}
