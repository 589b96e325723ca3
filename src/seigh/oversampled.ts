/** One-pass recovery with a second, wider sketch that fixes the core (Tropp, Yurtsever, Udell & Cevher 2019, section 2). */
import type { Matrix } from '../core/block.ts';
import { leastSquares } from '../linalg/least-squares.ts';
import { relativeAsymmetry, selectColumns, symmetricPart, transpose } from '../linalg/small.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, times } from '../multivector/verbs.ts';
import { type Eigenpairs, type RecoveryContext, selectLeading } from '../spectrum/eigenpairs.ts';

/** An orthonormal basis of the outer sketch, and the inner sketch taken from both sides. */
export interface OversampledMeasurement {
  /** n x k, orthonormal: the range of the outer sketch. */
  Q: Multivector;
  /** n x s, s >= 2k + 1, independent of Q. */
  R: Multivector;
  /** A R, n x s. */
  AR: Multivector;
  /** n x s, independent of Q and R. */
  L: Multivector;
}

/** A ~ Q C Q^T with C = (L^T Q)^+ (L^T A R) (Q^T R)^+, symmetrised. */
export async function oversampled(
  { Q, R, AR, L }: OversampledMeasurement,
  context: RecoveryContext,
): Promise<Eigenpairs> {
  const { kernels } = context;
  const left = await leastSquares(await gram(L, Q, context), await gram(L, AR, context), kernels);
  const C: Matrix = transpose(await leastSquares(await gram(R, Q, context), transpose(left), kernels));
  const { values, vectors } = await kernels.eigh(symmetricPart(C));
  const leading = selectLeading(values, context.which, context.rank);
  const U = selectColumns(vectors, leading, () => 1);
  const out = U.cols === Q.cols ? Q : await context.space.allocate(U.cols);
  return {
    values: Float64Array.from(leading, (i) => values[i]!),
    vectors: await times(Q, U, out, context),
    coreAsymmetry: relativeAsymmetry(C),
  };
}
