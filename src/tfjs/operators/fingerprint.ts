/** Whether a batch that is read again has the same numbers. */
import { tensorsIn } from '../problem/containers.ts';

/** One more word: `Math.imul` alone would leave changes of the highest bit, which is a sign, there, where two cancel. */
function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x5bd1e995);
  return product ^ (product >>> 15);
}

/** 32 bits of the shapes and numbers of all tensors; NaN, which equals nothing, where there is text. */
export async function fingerprint(data: unknown): Promise<number> {
  let hash = 1;
  for (const { tensor } of tensorsIn(data)) {
    if (tensor.dtype === 'string') return Number.NaN;
    for (const size of [tensor.rank, ...tensor.shape]) hash = mixed(hash, size);
    const values = await tensor.data();
    const isFloating = tensor.dtype === 'float32' || tensor.dtype === 'complex64';
    const words = isFloating ? new Int32Array(values.buffer, values.byteOffset, values.length) : values;
    for (let i = 0; i < words.length; i++) hash = mixed(hash, words[i]!);
  }
  return hash;
}
