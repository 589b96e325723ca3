/** What a dense kernel provider does for the library: a few operations, all row-major, the long ones off the caller's back. */
import type { Block, Matrix } from '../../core/block.ts';
import type { DType, FloatArray } from '../../core/dtype.ts';
import type { Product } from './native/product.ts';

/** Rows of float32 numbers that are added up in float32: of more, rounding in the sums would exceed that of the numbers. */
export const SUMMED_ROWS = 2048;

/** Eigendecomposition of a small symmetric matrix: A = V diag(values) V^T. */
export interface SmallEigh {
  /** Ascending, length k. */
  values: Float64Array;
  /** k x k, orthonormal columns, column i belongs to `values[i]`. */
  vectors: Matrix;
}

/** How small matrices enter a product. */
export interface GemmOptions {
  transA?: boolean;
  transB?: boolean;
}

/** What a column has in the span of others. */
export interface Measured {
  /** V^T x, the columns of V side by side. */
  overlap: Float64Array;
  /** x^T x. */
  square: number;
}

/** Memory of a provider's own, which it takes for others once it is given back or nobody has it any more. */
export interface Loan {
  memory: FloatArray;
  giveBack(): void;
}

/**
 * Memory of a provider's own for columns that lie one after the other, and what it does with them where they are. Parts of V have
 * a column in each row. Nothing is done, and the answer is undefined or false, where other operations do as well; the numbers do
 * not depend on what memory is left to lend.
 */
export interface ColumnMemory {
  /** Room for `count` columns; undefined where another memory does as well, or there is no more of this one. */
  lend(dtype: DType, rows: number, count: number): Promise<Loan | undefined>;
  /** x -= V c, c in one piece for each part, and where it `isMeasured` what x has in the span of V then: one pass over V. */
  project(
    parts: readonly (Block | undefined)[],
    away: readonly Matrix[],
    x: Block,
    isMeasured: boolean,
  ): Promise<Measured | undefined>;
  /** out = V C, `out` with a column in each row, too; `factors`: the rows of C for each part, transposed. */
  combine(parts: readonly (Block | undefined)[], factors: readonly Matrix[], out: Block): Promise<boolean>;
}

/**
 * The dense kernels behind all n-scale and k-scale algebra. Panels (`X`, `Y`: p rows) are float32 or float64, small
 * matrices are float64. Implementations may run elsewhere (a BLAS thread, a worker): arguments must not be touched
 * before the promise settles.
 */
export interface Kernels {
  /** Recorded in every result, e.g. `js` or `native (OpenBLAS 0.3.21 for Haswell, 2 threads)`. */
  readonly name: string;
  /**
   * G += X^T Y. X: p x k, Y: p x l of one dtype, G: k x l. Float64 panels are added up in float64, float32 panels in float32
   * for at most {@link SUMMED_ROWS} rows, and these sums in float64. With `symmetric` (by default when X === Y) the sum is
   * known to be symmetric and only entries on and above the diagonal are meant: those below may be left as they are or hold
   * anything.
   */
  addGram(X: Block, Y: Block, G: Matrix, symmetric?: boolean): Promise<void>;
  /** out = X C. X: p x k and out: p x l of one dtype (distinct memory), C: k x l, rounded to that dtype first. */
  times(X: Block, C: Block, out: Block): Promise<void>;
  /**
   * X <- X R^-1 in place, by substitution: the residual X_new R - X is rounding of the size of |X_new| |R|, where that of a
   * product with the inverse is larger by the condition of R. X: p x k, R: k x k upper triangular with a diagonal free of
   * zeros, rounded to the dtype of X first. A provider may invert diagonal blocks of at most 32 columns.
   */
  solve(X: Block, R: Matrix): Promise<void>;
  /** Z -= X C in place. X: p x k and Z: p x l of one dtype, C: k x l, rounded to that dtype first. */
  subtract(X: Block, C: Block, Z: Block): Promise<void>;
  /**
   * S += V X, added up as by `addGram`, for columns that lie one after the other. V: k x n, a column in each row, and X: n x l
   * of one dtype, S: k x l.
   */
  addOverlap(V: Block, X: Block, S: Matrix): Promise<void>;
  /** X -= V^T C in place for such a V. X: n x l, C: k x l, rounded to their dtype first. */
  subtractColumns(V: Block, C: Matrix, X: Block): Promise<void>;
  /** op(A) op(B) of small matrices in float64. */
  gemm(A: Matrix, B: Matrix, options?: GemmOptions): Promise<Matrix>;
  /** Eigenvalues and eigenvectors of a small symmetric matrix; only its symmetric part is meant. */
  eigh(A: Matrix): Promise<SmallEigh>;
  /** Only where products with single columns gain by it. */
  readonly columns?: ColumnMemory;
  /**
   * A product in float32, at once and on this thread, for callers with memory of their own such as a WebAssembly heap; only
   * where the provider has a BLAS that works in place.
   * @throws ShapeError for an array that is too short, ArgumentError for a dimension that is no 32-bit size.
   */
  sgemm?(product: Product<Float32Array>): void;
}
