/** An operator from a user's function. */

import { type Block, zeros } from '../core/block.ts';
import { checkInteger } from '../core/checks.ts';
import { allocate, checkDType, type DType, isFloatArray } from '../core/dtype.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { defineOperator, type Operator } from './define.ts';
import type { LinearOperator } from './operator.ts';

/** A vector as users' functions take it (a fresh typed array) and return it. */
export type Vector = Float32Array | Float64Array;
type MaybePromise<T> = T | Promise<T>;

/** A product given column by column, or for a block of columns at once (much faster where possible). */
export interface Product {
  matvec?: (x: Vector) => MaybePromise<Vector | readonly number[]>;
  matmat?: (X: Block) => MaybePromise<Block>;
}

export interface MatvecSpec extends Product {
  /** [m, n]. */
  shape: readonly [number, number];
  dtype: DType;
  /** A = A^T. */
  selfAdjoint?: boolean;
  /** x^T A x >= 0. */
  psd?: boolean;
  /** The transposed product, as a function of one vector or as a {@link Product}. */
  adjoint?: Product | ((y: Vector) => MaybePromise<Vector | readonly number[]>);
}

/** A block product from a spec: the block function if there is one, else one column after the other. */
function blockProduct(product: Product, outputRows: number, dtype: DType): LinearOperator['matmat'] {
  const { matmat, matvec } = product;
  if (matmat) return (X) => matmat(X);
  if (!matvec) throw new ArgumentError('fromMatvec: give a matvec or a matmat function');
  return async (X) => {
    const Y = zeros(outputRows, X.cols, dtype);
    for (let j = 0; j < X.cols; j++) {
      const x = allocate(dtype, X.rows);
      for (let i = 0; i < X.rows; i++) x[i] = X.data[i * X.cols + j]!;
      const y = await matvec(x);
      if (!isFloatArray(y) && !Array.isArray(y)) {
        throw new ArgumentError('fromMatvec: the function must return a typed array or an array of numbers');
      }
      if (y.length !== outputRows) {
        throw new ShapeError(`fromMatvec: the function returned ${y.length} numbers instead of ${outputRows}`, {
          expected: outputRows,
          got: y.length,
        });
      }
      for (let i = 0; i < outputRows; i++) Y.data[i * X.cols + j] = y[i]!;
    }
    return Y;
  };
}

/**
 * An operator from the user's product function, synchronous or asynchronous.
 *
 * @example
 * const second = fromMatvec({ shape: [3, 3], dtype: 'float64', selfAdjoint: true, matvec: (x) => x.map((v) => 2 * v) });
 * @throws ArgumentError for a bad shape, dtype or missing function; a product throws ShapeError when the function
 * returns the wrong length.
 */
export function fromMatvec(spec: MatvecSpec): Operator {
  const [m, n] = spec.shape;
  checkInteger('fromMatvec', 'shape[0]', m, 1, Number.MAX_SAFE_INTEGER);
  checkInteger('fromMatvec', 'shape[1]', n, 1, Number.MAX_SAFE_INTEGER);
  const dtype = checkDType('fromMatvec', spec.dtype);
  const forward = blockProduct(spec, m, dtype);
  const adjoint = typeof spec.adjoint === 'function' ? { matvec: spec.adjoint } : spec.adjoint;
  return defineOperator('fromMatvec', {
    shape: [m, n],
    dtype,
    ...(spec.selfAdjoint === undefined ? {} : { selfAdjoint: spec.selfAdjoint }),
    ...(spec.psd === undefined ? {} : { psd: spec.psd }),
    matmat: forward,
    ...(adjoint ? { adjointMatmat: blockProduct(adjoint, n, dtype) } : {}),
    ...(!adjoint && spec.selfAdjoint ? { adjointMatmat: forward } : {}),
  });
}
