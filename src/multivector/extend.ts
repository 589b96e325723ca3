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
  /** Q^T Y, Q.cols x Y.cols. */
  coupling: Matrix;
  /** Nothing of Y is left outside the span of Q but its rounding. */
  exhausted: boolean;
}

function addTo(total: Matrix, part: Matrix): void {
  for (let at = 0; at < total.data.length; at++) total.data[at]! += part.data[at]!;
}

/**
 * The directions of Y (n x b, overwritten) outside the span of the orthonormal Q (n x k). Y is projected before and after
 * it is orthonormalised: what is left may be far smaller than Y, and rounding of the size of Y is then not small.
 */
export async function extendBasis(
  Q: Multivector,
  Y: Multivector,
  space: Space,
  context: VerbContext,
): Promise<Extension> {
  const { kernels } = context;
  const before = Math.hypot(...(await columnNorms(Y, context)));
  const coupling = zeroMatrix(Q.cols, Y.cols);
  for (let sweep = 0; sweep < 2; sweep++) {
    const overlap = await gram(Q, Y, context);
    addTo(coupling, overlap);
    await subtractTimes(Y, Q, overlap, context);
  }
  const left = Math.hypot(...(await columnNorms(Y, context)));
  const first = await orthonormalise(Y, space, context);
  const overlap = await gram(Q, first.basis, context);
  addTo(coupling, await kernels.gemm(overlap, first.R));
  await subtractTimes(first.basis, Q, overlap, context);
  const second = await orthonormalise(first.basis, space, context);
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
