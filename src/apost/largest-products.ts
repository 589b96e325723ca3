/** The noise of the largest products, which may be far more than that of test vectors freed of what is known. */
import { type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import { fillRandom } from '../core/random.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import { applyOperator } from '../linops/apply.ts';
import type { Certification } from './certification.ts';
import type { Core } from './completeness.ts';

/** Not a power of two: an operator that rounds the same way each time rounds the repetition in another way. */
const REPEATED_SCALE = -3 / 2;

/**
 * The norm of r products of unit vectors with independent noise, as a matrix, is at most 1 + sqrt(r / n) <= 2 times that of
 * one; the difference of two products has sqrt(2) of it.
 */
const ALL_DIRECTIONS = Math.SQRT2;

/** C x / ||C x||, or x where C x is zero. */
async function towardsLeading(C: Core, x: Matrix): Promise<Matrix> {
  const product = await C.times(x);
  const length = frobeniusNorm(product);
  return length > 0 ? { ...product, data: product.data.map((value) => value / length) } : x;
}

/** The weights c, r x 1, of a random combination V c of the columns of V, towards the leading eigenvectors of V C V^T by C^2. */
export async function leadingWeights(core: Core): Promise<Matrix> {
  let weights = zeroMatrix(core.size, 1);
  fillRandom(weights, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
  for (let power = 0; power < 2; power++) weights = await towardsLeading(core, weights);
  return weights;
}

/** What two products of one vector differ by, for a unit vector in the span of V. */
export interface LargestProducts {
  noise: number;
  /** Products with single columns. */
  numMatvecs: number;
}

/**
 * Noise in A v for a unit vector v in the span of V, from a combination x of leading vectors ({@link leadingWeights}), which is multiplied twice, the second time
 * scaled. Noise in proportion to the product is then as large as it gets; it is scaled to a product of norm `largest`.
 */
export async function noiseOfLargestProducts(
  { op }: Certification,
  x: Block,
  largest: number,
): Promise<LargestProducts> {
  const length = vectorNorm(x.data);
  if (!(largest > 0 && length > 0)) return { noise: 0, numMatvecs: 0 };
  const first = (await applyOperator(op, x)).data.slice();
  const scaled: Block = { ...x, data: x.data.map((value) => REPEATED_SCALE * value) };
  const second = (await applyOperator(op, scaled)).data;
  const size = vectorNorm(first) / length;
  const difference = first;
  for (let i = 0; i < difference.length; i++) difference[i]! -= second[i]! / REPEATED_SCALE;
  const growth = size > 0 ? Math.max(1, largest / size) : 1;
  return { noise: (ALL_DIRECTIONS * growth * vectorNorm(difference)) / length, numMatvecs: 2 };
}
