/** What a product has outside the basis, without what is only rounding. */
import type { Matrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { scaleRows, subMatrix, transpose } from '../linalg/small.ts';
import { smallSvd } from '../linalg/svd.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { Orthonormalised } from '../multivector/orthonormalise.ts';
import { times, type VerbContext } from '../multivector/verbs.ts';

/** Singular values of a remainder up to this many roundings of the largest product are rounding themselves. */
const REMAINDER_ROUNDINGS = 64;

/** What is left of a product outside the basis: orthonormal columns, what the product is in them, and what was dropped. */
export interface Remainder {
  W: Multivector;
  R: Matrix;
  lost: number;
}

/** Drops directions of W R that are rounding beside a product of size `scale`: they would be noise of length one. */
export async function withoutRounding(
  { basis, ...factor }: Orthonormalised,
  scale: number,
  context: VerbContext & { space: Space },
  roundings: number = REMAINDER_ROUNDINGS,
): Promise<Remainder> {
  const R = await factor.R();
  const { U, values, V } = await smallSvd(R, context.kernels);
  const cutoff = roundings * unitRoundoff(basis.dtype) * scale;
  const kept = values.filter((value) => value > cutoff).length;
  if (kept === basis.cols) return { W: basis, R, lost: 0 };
  const rotation = subMatrix(U, 0, U.rows, 0, kept);
  const W = await times(basis, rotation, await context.space.allocate(kept), context);
  await context.space.release(basis);
  return {
    W,
    R: scaleRows(transpose(subMatrix(V, 0, V.rows, 0, kept)), values.subarray(0, kept)),
    lost: vectorNorm(values.subarray(kept)),
  };
}
