/** U diag(d) V^T, applied factor by factor. */
import { type Block, checkBlock, type Matrix } from '../core/block.ts';
import { dtypeOf, type FloatArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { scaleRows } from '../linalg/small.ts';
import { hostSpace, multivectorOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, times } from '../multivector/verbs.ts';
import type { LinearOperator } from './operator.ts';

/** left diag(weights) right^T X for tall factors; the small matrix between them is float64. */
export async function applyLowRank(
  left: Multivector,
  weights: Float64Array,
  right: Multivector,
  X: Block,
  kernels: Kernels,
): Promise<Block> {
  const context = { kernels };
  const input = await multivectorOf(X, right.dtype);
  const coordinates: Matrix = scaleRows(await gram(right, input, context), weights);
  const out = await hostSpace(left.rows, left.dtype).allocate(X.cols);
  await times(left, coordinates, out, context);
  return out.readColumns(0, X.cols);
}

/**
 * The operator U diag(d) U^T, or U diag(d) V^T when V is given.
 *
 * @param U n x r block
 * @param d r numbers, of any sign
 * @param V m x r block; by default U, which makes the operator symmetric
 * @throws ShapeError when the factors do not fit.
 */
export function lowRankOperator(U: Block, d: FloatArray | readonly number[], V: Block = U): LinearOperator {
  checkBlock('lowRankOperator', U, U.rows, U.cols);
  checkBlock('lowRankOperator', V, V.rows, U.cols);
  const weights = Float64Array.from(d);
  if (weights.length !== U.cols) {
    throw new ShapeError(`lowRankOperator: U has ${U.cols} columns, d has ${weights.length} entries`, {});
  }
  const dtype = dtypeOf(U.data);
  const apply = async (left: Block, right: Block, X: Block): Promise<Block> =>
    applyLowRank(
      await multivectorOf(left, dtype),
      weights,
      await multivectorOf(right, dtype),
      X,
      await selectKernels('lowRankOperator'),
    );
  return {
    shape: [U.rows, V.rows],
    dtype,
    ...(U === V ? { selfAdjoint: true, psd: weights.every((value) => value >= 0) } : {}),
    matmat: (X) => apply(U, V, X),
    adjointMatmat: (Y) => apply(V, U, Y),
  };
}
