/** Where random columns are made: on the embedded kernels' threads when there are many numbers, else right here; the same bits. */
import type { Block } from '../../core/block.ts';
import { UnsupportedError } from '../../core/errors.ts';
import { type Distribution, fillRandom, type StreamKey } from '../../core/random.ts';
import { defaultChoice } from './choice.ts';
import type { WasmKernels } from './wasm/load.ts';

/** Up to this many numbers are made here: a fraction of a millisecond, and no WebAssembly is compiled for them. */
const FEW = 2 ** 13;

/** The embedded kernels, whatever does the dense algebra: a BLAS makes no random numbers. None with `'js'` by name. */
async function embedded(): Promise<WasmKernels | undefined> {
  if (defaultChoice() === 'js') return undefined;
  try {
    // options and help reach this file: they need no kernels
    const { loadWasmKernels } = await import('./wasm/load.ts');
    return await loadWasmKernels();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** As `fillRandom` of core/. */
export async function fillColumns(
  block: Block,
  distribution: Distribution,
  key: StreamKey,
  firstColumn: number,
): Promise<void> {
  const kernels = block.data.length <= FEW ? undefined : await embedded();
  if (kernels) await kernels.fillColumns(block, distribution, key, firstColumn);
  else fillRandom(block, distribution, key, firstColumn);
}
