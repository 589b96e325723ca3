/** Growing an orthonormal basis by the new directions of further columns. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { placeBlock } from '../linalg/small.ts';
import type { Multivector, Space } from './multivector.ts';
import { type Orthonormalised, orthonormalise } from './orthonormalise.ts';
import { columnNorms, gram, subtractTimes, type VerbContext } from './verbs.ts';

/** Y = Q coupling + added.basis added.R, up to the dropped directions. */
export interface Extension {
  /** New orthonormal directions, orthogonal to Q. */
  added: Orthonormalised;
  /** Q^T Y, one row for each column of Q. */
  coupling: Matrix;
  /** Nothing of Y is left outside the span of Q but its rounding. */
  exhausted: boolean;
}

/** Y <- (I - Q Q^T) Y by one sweep over the parts of Q; adds Q^T Y, as the sweep met it, to `coupling`. */
async function projectOut(
  Q: readonly Multivector[],
  Y: Multivector,
  coupling: Matrix,
  context: VerbContext,
): Promise<void> {
  let first = 0;
  for (const part of Q) {
    const overlap = await gram(part, Y, context);
    await subtractTimes(Y, part, overlap, context);
    const rows = coupling.data.subarray(first * Y.cols, (first + part.cols) * Y.cols);
    for (let at = 0; at < rows.length; at++) rows[at]! += overlap.data[at]!;
    first += part.cols;
  }
}

/**
 * The directions of Y (n x b, overwritten) outside the span of Q, whose parts side by side are orthonormal. Y is projected
 * before and after it is orthonormalised: what is left may be far smaller than Y, and rounding of the size of Y is then
 * not small.
 */
export async function extendBasis(
  Q: readonly Multivector[],
  Y: Multivector,
  space: Space,
  context: VerbContext,
): Promise<Extension> {
  const { kernels } = context;
  const cols = Q.reduce((total, part) => total + part.cols, 0);
  const before = Math.hypot(...(await columnNorms(Y, context)));
  const coupling = zeroMatrix(cols, Y.cols);
  for (let sweep = 0; sweep < 2; sweep++) await projectOut(Q, Y, coupling, context);
  const left = Math.hypot(...(await columnNorms(Y, context)));
  const first = await orthonormalise(Y, space, context);
  const overlap = zeroMatrix(cols, first.basis.cols);
  await projectOut(Q, first.basis, overlap, context);
  const correction = await kernels.gemm(overlap, first.R);
  for (let at = 0; at < coupling.data.length; at++) coupling.data[at]! += correction.data[at]!;
  const second = await orthonormalise(first.basis, space, context);
  await space.release(first.basis);
  return {
    added: {
      basis: second.basis,
      R: await kernels.gemm(second.R, first.R),
      T: await kernels.gemm(first.T, second.T),
      dropped: first.dropped + second.dropped,
      defect: second.defect,
    },
    coupling,
    exhausted: left <= 16 * unitRoundoff(Y.dtype) * before,
  };
}

/** The inverse of [[R1, coupling], [0, R2]] from those of its diagonal blocks: [[T1, -T1 coupling T2], [0, T2]]. */
export async function extendInverse(T1: Matrix, coupling: Matrix, T2: Matrix, context: VerbContext): Promise<Matrix> {
  const { kernels } = context;
  const corner = await kernels.gemm(await kernels.gemm(T1, coupling), T2);
  for (let at = 0; at < corner.data.length; at++) corner.data[at]! *= -1;
  const T = zeroMatrix(T1.rows + T2.rows, T1.cols + T2.cols);
  placeBlock(T, T1, 0, 0);
  placeBlock(T, corner, 0, T1.cols);
  placeBlock(T, T2, T1.rows, T1.cols);
  return T;
}
