/** Matrix products on row-major memory: to a column-major library a row-major matrix is its own transpose. */
import type { FloatArray } from '../../../core/dtype.ts';
import { ArgumentError, ShapeError } from '../../../core/errors.ts';
import { integer, MAX_INTEGER, NO_TRANSPOSE, ONE_CHARACTER, scalar, TRANSPOSE } from './arguments.ts';
import type { ForeignArgument } from './ffi.ts';

/**
 * C = alpha op(A) op(B) + beta C, all row-major: op(A) is m x k, op(B) is k x n, C is m x n.
 * The arrays may be views of any memory (a WebAssembly heap too); they are read and written where they are.
 */
export interface Product<T extends FloatArray = FloatArray> {
  m: number;
  n: number;
  k: number;
  /** A is stored k x m. Default false. */
  transA?: boolean;
  /** B is stored n x k. Default false. */
  transB?: boolean;
  /** Default 1. */
  alpha?: number;
  A: T;
  B: T;
  /** Default 0; C is then only written, never read. */
  beta?: number;
  C: T;
  /** Entries from one stored row of A, B, C to the next. Default: as many as a row has, no gaps. */
  strideA?: number;
  strideB?: number;
  strideC?: number;
}

/** A library would read and write past the end of an array that is too short. */
function checkLength(name: string, data: FloatArray, rows: number, cols: number, stride: number): void {
  if (rows > 0 && data.length < (rows - 1) * stride + cols) {
    throw new ShapeError(`product: ${name} needs ${rows} x ${cols} numbers, got ${data.length}`, { rows, cols });
  }
}

/**
 * The arguments of `sgemm` or `dgemm` for C^T = op(B)^T op(A)^T, which is the product itself seen column-major.
 * @throws ArgumentError for a dimension that is no 32-bit size, ShapeError for an array that is too short.
 */
export function productArguments(product: Product): ForeignArgument[] {
  const { m, n, k, transA = false, transB = false, alpha = 1, A, B, beta = 0, C } = product;
  for (const [name, value] of Object.entries({ m, n, k })) {
    if (!(Number.isInteger(value) && value >= 0 && value <= MAX_INTEGER)) {
      throw new ArgumentError(`product: ${name} must be an integer in 0..${MAX_INTEGER}, got ${value}`, { m, n, k });
    }
  }
  const [rowsA, colsA] = transA ? [k, m] : [m, k];
  const [rowsB, colsB] = transB ? [n, k] : [k, n];
  const { strideA = colsA, strideB = colsB, strideC = n } = product;
  checkLength('A', A, rowsA, colsA, strideA);
  checkLength('B', B, rowsB, colsB, strideB);
  checkLength('C', C, m, n, strideC);
  return [
    transB ? TRANSPOSE : NO_TRANSPOSE,
    transA ? TRANSPOSE : NO_TRANSPOSE,
    integer(n),
    integer(m),
    integer(k),
    scalar(alpha, C),
    B,
    integer(Math.max(1, strideB)),
    A,
    integer(Math.max(1, strideA)),
    scalar(beta, C),
    C,
    integer(Math.max(1, strideC)),
    ONE_CHARACTER,
    ONE_CHARACTER,
  ];
}
