/** U diag(d) V^T, applied factor by factor. */

import { asDType, type Block, type Matrix, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { dtypeOf, type FloatArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { block, numbers } from '../core/parse.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { scaleRows } from '../linalg/small.ts';
import { viewOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, subtractTimes, times } from '../multivector/verbs.ts';
import { withAdd } from './adding.ts';
import { trusted } from './apply.ts';
import { defineOperator, type Operator } from './define.ts';

/** diag(weights) right^T X, a small matrix in float64; added up in float64, too, where `wide`. */
async function coordinatesOf(
  right: Multivector,
  weights: Float64Array,
  X: Block,
  kernels: Kernels,
  wide: boolean,
): Promise<Matrix> {
  return scaleRows(await gram(right, viewOf(asDType(X, right.dtype)), { kernels }, { wide }), weights);
}

/** left diag(weights) right^T X for tall factors, in `out` if given. */
export async function applyLowRank(
  left: Multivector,
  weights: Float64Array,
  right: Multivector,
  X: Block,
  kernels: Kernels,
  out: Block = zeros(left.rows, X.cols, left.dtype),
  wide = true,
): Promise<Block> {
  await times(left, await coordinatesOf(right, weights, X, kernels, wide), viewOf(out), { kernels });
  return out;
}

/** V diag(weights) V^T X; through its factors for a V that has not been formed. */
export async function applySymmetric(
  V: Multivector,
  weights: Float64Array,
  X: Block,
  kernels: Kernels,
): Promise<Block> {
  const { factors } = V;
  if (!factors) return applyLowRank(V, weights, V, X, kernels);
  const { basis, rotation } = factors;
  const out = zeros(V.rows, X.cols, V.dtype);
  const inBasis = await gram(basis, viewOf(asDType(X, basis.dtype)), { kernels }, { wide: true });
  const coordinates = scaleRows(await kernels.gemm(rotation, inBasis, { transA: true }), weights);
  await times(basis, await kernels.gemm(rotation, coordinates), viewOf(out), { kernels });
  return out;
}

/**
 * The operator U diag(d) U^T, or U diag(d) V^T when V is given.
 *
 * @param U n x r block
 * @param d r numbers, of any sign
 * @param V m x r block; by default U, which makes the operator symmetric
 * @throws ShapeError when the factors do not fit.
 */
export function lowRankOperator(U: Block, d: FloatArray | readonly number[], V: Block = U): Operator {
  return atDoor('lowRankOperator', () => {
    block.parse(U, 'U');
    block.parse(V, 'V');
    if (V.cols !== U.cols) throw new ShapeError(`U has ${U.cols} columns, V has ${V.cols}`, {});
    const weights = Float64Array.from(numbers.parse(d, 'd'));
    if (weights.length !== U.cols) {
      throw new ShapeError(`U has ${U.cols} columns, d has ${weights.length} entries`, {});
    }
    const dtype = dtypeOf(U.data);
    const [left, right] = [viewOf(U), viewOf(asDType(V, dtype))];
    const apply = async (left: Multivector, right: Multivector, X: Block, out?: Block): Promise<Block> =>
      applyLowRank(left, weights, right, X, await selectKernels(), out, false);
    const op = defineOperator('lowRankOperator', {
      shape: [U.rows, V.rows],
      dtype,
      ...(U === V ? { selfAdjoint: true, psd: weights.every((value) => value >= 0) } : {}),
      matmat: (X: Block, out?: Block) => apply(left, right, X, out),
      adjointMatmat: (Y: Block) => apply(right, left, Y),
    });
    return withAdd(trusted(op), async (X, weight, out) => {
      const kernels = await selectKernels();
      const away = weights.map((value) => -weight * value);
      await subtractTimes(viewOf(out), left, await coordinatesOf(right, away, X, kernels, false), { kernels });
    });
  });
}
