/** The noise of the largest products, which may be far more than that of test vectors freed of what is known. */
import { asDType, type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import { fillRandom } from '../core/random.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import { applyOperator } from '../linops/apply.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { times } from '../multivector/verbs.ts';
import type { Certification } from './certification.ts';

/** Not a power of two: an operator that rounds the same way each time rounds the repetition in another way. */
const REPEATED_SCALE = -3 / 2;

/**
 * The norm of r products of unit vectors with independent noise, as a matrix, is at most 1 + sqrt(r / n) <= 2 times that of
 * one; the difference of two products has sqrt(2) of it.
 */
const ALL_DIRECTIONS = Math.SQRT2;

/** C x / ||C x||, or x where C x is zero. */
async function towardsLeading(C: Matrix, x: Matrix, { verbs }: Certification): Promise<Matrix> {
  const product = await verbs.kernels.gemm(C, x);
  const length = frobeniusNorm(product);
  return length > 0 ? { ...product, data: product.data.map((value) => value / length) } : x;
}

/** What two products of one vector differ by, for a unit vector in the span of V. */
export interface LargestProducts {
  noise: number;
  /** Products with single columns. */
  numMatvecs: number;
}

/**
 * Noise in A v for a unit vector v in the span of V, where V C V^T is what is known of A: a random combination of the vectors,
 * weighted towards the leading ones by C^2, is multiplied twice, the second time scaled. Noise in proportion to the product is
 * then as large as it gets; it is scaled to a product of norm `largest`.
 */
export async function noiseOfLargestProducts(
  run: Certification,
  V: Multivector,
  core: Matrix,
  largest: number,
): Promise<LargestProducts> {
  const { op, measuring, verbs } = run;
  if (!(largest > 0)) return { noise: 0, numMatvecs: 0 };
  let weights = zeroMatrix(core.rows, 1);
  fillRandom(weights, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
  for (let power = 0; power < 2; power++) weights = await towardsLeading(core, weights, run);
  const x = await times(V, weights, await measuring.space.allocate(1), verbs);
  const block = asDType(await x.readColumns(0, 1), op.dtype);
  const first = (await applyOperator(op, block)).data.slice();
  const scaled: Block = { ...block, data: block.data.map((value) => REPEATED_SCALE * value) };
  const second = (await applyOperator(op, scaled)).data;
  const difference = Float64Array.from(first, (value, i) => value - second[i]! / REPEATED_SCALE);
  const length = vectorNorm(block.data);
  await measuring.space.release(x);
  if (length === 0) return { noise: 0, numMatvecs: 2 };
  const size = vectorNorm(first) / length;
  const growth = size > 0 ? Math.max(1, largest / size) : 1;
  return { noise: (ALL_DIRECTIONS * growth * vectorNorm(difference)) / length, numMatvecs: 2 };
}
