/** Lists of tensors in which an absent one is zero. */
import { add, dispose, type Tensor } from '@tensorflow/tfjs-core';

/** Adds lists of tensors and disposes the terms: at any time there is one running sum. */
export function accumulate(
  sums: readonly (Tensor | undefined)[],
  terms: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  return terms.map((term, i) => {
    const sum = sums[i];
    if (!term || !sum) return term ?? sum;
    const total = add(sum, term);
    dispose([sum, term]);
    return total;
  });
}

/** Disposes those that are there. */
export function disposePresent(tensors: readonly (Tensor | undefined)[]): void {
  for (const tensor of tensors) tensor?.dispose();
}
