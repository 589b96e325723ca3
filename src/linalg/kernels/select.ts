/** From the `kernels` option to a provider. */
import { checkChoice } from '../../core/checks.ts';
import { jsKernels } from './js.ts';
import type { Kernels } from './provider.ts';

/** Names a user can ask for; `'auto'` takes the fastest one that works on this machine. */
export type KernelsChoice = 'auto' | 'js';

/** The provider for a choice. @throws ArgumentError for a name that does not exist. */
export async function selectKernels(where: string, choice: KernelsChoice = 'auto'): Promise<Kernels> {
  checkChoice(where, 'kernels', choice, ['auto', 'js']);
  return jsKernels;
}
