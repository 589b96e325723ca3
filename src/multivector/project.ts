/** Taking the part in the span of an orthonormal basis away from tall blocks. */
import { type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';
import { addSquares, gram, subtractTimes, type VerbContext } from './verbs.ts';

/** What a projection of rounded numbers may leave in the span, in roundings of the size of the rest. */
const LEFT_OVER = 16;

/**
 * X <- (I - V V^T) X, n x l, with an orthonormal V. What the first sweep leaves in the span, by rounding of the size of
 * the part it took away, is measured on the way; another sweep follows where it is not small beside what is left of X.
 */
export async function projectOut(X: Multivector, V: Multivector, context: VerbContext): Promise<Multivector> {
  let overlap: Matrix = await gram(V, X, context);
  for (let sweeps = 0; sweeps < 2; sweeps++) {
    const remaining = zeroMatrix(V.cols, X.cols);
    const squares = new Float64Array(X.cols);
    const observe = async (v: Block, left: Block): Promise<void> => {
      addSquares(left, squares);
      await context.kernels.addGram(v, left, remaining);
    };
    await subtractTimes(X, V, overlap, context, { observe });
    const size = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    if (frobeniusNorm(remaining) <= LEFT_OVER * unitRoundoff(X.dtype) * size) break;
    overlap = remaining;
  }
  return X;
}
