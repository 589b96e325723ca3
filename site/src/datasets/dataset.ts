/** What a network learns from: numbers with shapes, and no tensors, so that drawings can have them too. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Samples and what is to be learned of them. */
export interface Dataset {
  /** Rows of numbers. */
  readonly inputs: Float32Array;
  /** One-hot rows of classes, or values. */
  readonly targets: Float32Array;
  /** Number of rows of both. */
  readonly samples: number;
  /** Numbers in a row of `inputs`. */
  readonly features: number;
  /** Numbers in a row of `targets`. */
  readonly outputs: number;
  /** The class of each sample, where there are classes. */
  readonly classes?: Uint8Array;
}

/** Numbers uniform in -1..1, the same for the same seed. */
export function uniform(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => 2 * uniformFloat64(generator) - 1;
}

/** A row for each class with a one in its place. */
export function oneHot(classes: Uint8Array, outputs: number): Float32Array {
  const rows = new Float32Array(classes.length * outputs);
  for (const [i, each] of classes.entries()) rows[i * outputs + each] = 1;
  return rows;
}
