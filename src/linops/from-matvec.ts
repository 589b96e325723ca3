/** An operator from a user's function. */

import { type Block, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { allocate, type DType, type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import {
  asRecord,
  callback,
  dtype as dtypeField,
  type Field,
  flag,
  integer,
  optional,
  parseOptions,
  refuse,
} from '../core/parse.ts';
import { defineOperator, type Operator } from './define.ts';
import type { LinearOperator } from './operator.ts';

/** A value at once or later. */
export type MaybePromise<T> = T | Promise<T>;

/** A product given column by column, or for a block of columns at once (much faster where possible). */
export interface Product {
  /** The product with one vector, a fresh typed array. */
  matvec?: ((x: FloatArray) => MaybePromise<FloatArray | readonly number[]>) | undefined;
  /** The product with a block of columns. */
  matmat?: ((X: Block) => MaybePromise<Block>) | undefined;
}

/** What {@link fromMatvec} makes an operator of. */
export interface MatvecSpec extends Product {
  /** [m, n]. */
  shape: readonly [number, number];
  /** Element type of the vectors and blocks. */
  dtype: DType;
  /** A = A^T. */
  selfAdjoint?: boolean;
  /** x^T A x >= 0. */
  psd?: boolean;
  /** The transposed product, as a function of one vector or as a {@link Product}. */
  adjoint?: Product | ((y: FloatArray) => MaybePromise<FloatArray | readonly number[]>);
}

/** A block product from a spec: the block function if there is one, else one column after the other. */
function blockProduct(product: Product, outputRows: number, dtype: DType): LinearOperator['matmat'] {
  const { matmat, matvec } = product;
  if (matmat) return (X) => matmat(X);
  if (!matvec) throw new ArgumentError('give a matvec or a matmat function');
  return async (X) => {
    const Y = zeros(outputRows, X.cols, dtype);
    for (let j = 0; j < X.cols; j++) {
      const x = allocate(dtype, X.rows);
      for (let i = 0; i < X.rows; i++) x[i] = X.data[i * X.cols + j]!;
      const y = await matvec(x);
      if (!isFloatArray(y) && !Array.isArray(y)) {
        throw new ArgumentError('the function must return a typed array or an array of numbers');
      }
      if (y.length !== outputRows) {
        throw new ShapeError(`the function returned ${y.length} numbers instead of ${outputRows}`, {
          expected: outputRows,
          got: y.length,
        });
      }
      for (let i = 0; i < outputRows; i++) Y.data[i * X.cols + j] = y[i];
    }
    return Y;
  };
}

const shapeField: Field<readonly [number, number]> = {
  kind: 'value',
  parse(value, name) {
    if (!Array.isArray(value) || value.length !== 2) return refuse(name, 'two sizes [m, n]', value);
    return [integer(1).parse(value[0], `${name}[0]`), integer(1).parse(value[1], `${name}[1]`)];
  },
};

type VectorFunction = NonNullable<Product['matvec']>;
type BlockFunction = NonNullable<Product['matmat']>;

const adjointField: Field<Product | VectorFunction> = {
  kind: 'value',
  parse: (value, name) =>
    typeof value === 'function' ? (value as VectorFunction) : parseOptions(asRecord(value, name), PRODUCT),
};

const PRODUCT = { matvec: optional(callback<VectorFunction>()), matmat: optional(callback<BlockFunction>()) };
const SPEC = {
  shape: shapeField,
  dtype: dtypeField,
  selfAdjoint: optional(flag),
  psd: optional(flag),
  adjoint: optional(adjointField),
  ...PRODUCT,
};

/**
 * An operator from the user's product function, synchronous or asynchronous.
 *
 * @example
 * const second = fromMatvec({ shape: [3, 3], dtype: 'float64', selfAdjoint: true, matvec: (x) => x.map((v) => 2 * v) });
 * @throws ArgumentError for a bad shape, dtype or missing function; a product rejects with ShapeError when the function
 * returns the wrong length.
 */
export function fromMatvec(spec: MatvecSpec): Operator {
  return atDoor('fromMatvec', () => {
    const {
      shape,
      dtype,
      selfAdjoint,
      psd,
      matvec,
      matmat,
      adjoint: given,
    } = parseOptions(asRecord(spec, 'spec'), SPEC);
    const [m, n] = shape;
    const forward = blockProduct({ matvec, matmat }, m, dtype);
    const adjoint = typeof given === 'function' ? { matvec: given } : given;
    return defineOperator<LinearOperator>('fromMatvec', {
      shape,
      dtype,
      ...(selfAdjoint === undefined ? {} : { selfAdjoint }),
      ...(psd === undefined ? {} : { psd }),
      matmat: forward,
      ...(adjoint ? { adjointMatmat: blockProduct(adjoint, n, dtype) } : {}),
      ...(!adjoint && selfAdjoint ? { adjointMatmat: forward } : {}),
    });
  });
}
