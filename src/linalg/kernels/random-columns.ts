/** Where random columns are made: on the embedded kernels' threads when there are many numbers, else right here; the same bits. */
import type { Block } from '../../core/block.ts';
import { type Distribution, fillRandom, type StreamKey } from '../../core/random.ts';
import { embedded } from './choice.ts';
import { loadWasmKernels } from './wasm.ts';

/** Up to this many numbers are made here: a fraction of a millisecond, and no WebAssembly is compiled for them. */
const FEW = 2 ** 13;

/** As `fillRandom` of core/. */
export async function fillColumns(
  block: Block,
  distribution: Distribution,
  key: StreamKey,
  firstColumn: number,
): Promise<void> {
  const kernels = block.data.length <= FEW ? undefined : await embedded(loadWasmKernels);
  if (kernels) await kernels.fillColumns(block, distribution, key, firstColumn);
  else fillRandom(block, distribution, key, firstColumn);
}
