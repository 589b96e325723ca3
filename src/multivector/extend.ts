/** Growing an orthonormal basis by the new directions of further columns. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { frobeniusNorm, placeBlock } from '../linalg/small.ts';
import type { Multivector, Space } from './multivector.ts';
import { type Orthonormalised, orthonormalise } from './orthonormalise.ts';
import { projectOut } from './project.ts';
import type { VerbContext } from './verbs.ts';

/** Y = Q coupling + added.basis added.R(), up to the dropped directions. */
export interface Extension {
  /** New orthonormal directions, orthogonal to Q. */
  added: Orthonormalised;
  /** Q^T Y, one row for each column of Q. */
  coupling: Matrix;
  /** Nothing of Y is left outside the span of Q but its rounding. */
  exhausted: boolean;
}

/**
 * How much longer rounding in the span of Q has become beside columns of length one: basis = Y T, and rounding in Y is of
 * the size of Y = basis R.
 */
const magnification = async ({ R, T }: Orthonormalised): Promise<number> =>
  frobeniusNorm(await R()) * frobeniusNorm(await T());

/** A basis with more than this of itself in its own span has a projected matrix that lacks as much in symmetry. */
const BASIS_ROUNDINGS = 1;

/** Magnified up to so much rounding is still rounding. */
const SMALL_MAGNIFICATION = 16;

/**
 * The directions of Y (n x b, overwritten) outside the span of Q, whose parts side by side are orthonormal. Y is projected
 * until nothing but rounding is left in the span, and so are the new directions where some came of much smaller columns
 * than others.
 *
 * @param expected Q^T Y as far as it is known: saves a sweep, and nothing depends on its being right.
 */
export async function extendBasis(
  Q: readonly Multivector[],
  Y: Multivector,
  space: Space,
  context: VerbContext,
  expected?: Matrix,
): Promise<Extension> {
  const { kernels } = context;
  if (Q.length === 0) {
    const added = await orthonormalise(Y, space, context);
    return { added, coupling: zeroMatrix(0, Y.cols), exhausted: added.basis.cols === 0 };
  }
  const [coupling] = (await projectOut([Y], Q, context, {
    roundings: BASIS_ROUNDINGS,
    ...(expected ? { expected } : {}),
  })) as [Matrix];
  const first = await orthonormalise(Y, space, context);
  const R = await first.R();
  const left = frobeniusNorm(R);
  const before = Math.hypot(frobeniusNorm(coupling), left);
  const exhausted = left <= 16 * unitRoundoff(Y.dtype) * before;
  if ((await magnification(first)) <= SMALL_MAGNIFICATION * Math.sqrt(Y.cols))
    return { added: first, coupling, exhausted };
  const [overlap] = (await projectOut([first.basis], Q, context, { roundings: BASIS_ROUNDINGS })) as [Matrix];
  const correction = await kernels.gemm(overlap, R);
  for (let at = 0; at < coupling.data.length; at++) coupling.data[at]! += correction.data[at]!;
  const second = await orthonormalise(first.basis, space, context);
  await space.release(first.basis);
  return {
    added: {
      basis: second.basis,
      R: async () => kernels.gemm(await second.R(), R),
      T: async () => kernels.gemm(await first.T(), await second.T()),
      dropped: first.dropped + second.dropped,
      defect: second.defect,
    },
    coupling,
    exhausted,
  };
}

/** [[R1, coupling], [0, R2]]: the factor of Y in the basis that an extension gives. */
export function extendFactor(R1: Matrix, coupling: Matrix, R2: Matrix): Matrix {
  const R = zeroMatrix(R1.rows + R2.rows, R1.cols + R2.cols);
  placeBlock(R, R1, 0, 0);
  placeBlock(R, coupling, 0, R1.cols);
  placeBlock(R, R2, R1.rows, R1.cols);
  return R;
}

/** The inverse of [[R1, coupling], [0, R2]] from those of its diagonal blocks: [[T1, -T1 coupling T2], [0, T2]]. */
export async function extendInverse(T1: Matrix, coupling: Matrix, T2: Matrix, context: VerbContext): Promise<Matrix> {
  if (T1.rows === 0) return T2;
  const { kernels } = context;
  const corner = await kernels.gemm(await kernels.gemm(T1, coupling), T2);
  for (let at = 0; at < corner.data.length; at++) corner.data[at]! *= -1;
  return extendFactor(T1, corner, T2);
}
