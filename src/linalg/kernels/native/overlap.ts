/** Products of tall panels with a few columns: they are bound by reading the panel, which is therefore used as it is. */
import type { Block, Matrix } from '../../../core/block.ts';
import { dtypeOf, type FloatArray } from '../../../core/dtype.ts';
import { SUMMED_ROWS } from '../provider.ts';
import { integer, NO_TRANSPOSE, ONE_CHARACTER, scalar, TRANSPOSE } from './arguments.ts';
import type { ForeignArgument } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import { productArguments } from './product.ts';

/** Up to so many columns a panel takes a few milliseconds at most. */
export const FEW_COLUMNS = 8;

/** y = alpha op(A) x + beta y for a row-major A (rows x cols), op(A) = A^T with `transpose`. */
interface VectorProduct {
  rows: number;
  cols: number;
  transpose: boolean;
  alpha: number;
  A: FloatArray;
  x: FloatArray;
  beta: number;
  y: FloatArray;
  /** Entries from one row of A to the next. Default: no gaps. */
  strideA?: number;
  /** Entries from one of x, and of y, to the next. Default 1. */
  stride?: number;
}

/** The arguments of `sgemv` or `dgemv`, to which a row-major matrix is its own transpose. */
function vectorArguments(product: VectorProduct): ForeignArgument[] {
  const { rows, cols, transpose, alpha, A, x, beta, y, strideA = cols, stride = 1 } = product;
  // a single column is the same in either order, and much faster as a column
  const isColumn = strideA === 1;
  const [m, n] = isColumn ? [rows, cols] : [cols, rows];
  const operation = transpose === isColumn ? TRANSPOSE : NO_TRANSPOSE;
  const step = integer(stride);
  return [
    operation,
    integer(m),
    integer(n),
    scalar(alpha, A),
    A,
    integer(Math.max(1, isColumn ? rows : strideA)),
    x,
    step,
    scalar(beta, A),
    y,
    step,
    ONE_CHARACTER,
  ];
}

/** Z -= X C for a C of one column, whose entries `c` are in the element type of the panels. */
export function subtractColumnArguments(X: Block, c: FloatArray, Z: Block): ForeignArgument[] {
  const { rows, cols, data: A } = X;
  return vectorArguments({ rows, cols, transpose: false, alpha: -1, A, x: c, beta: 1, y: Z.data });
}

/** Z -= X C for any C. */
export function subtractArguments(X: Block, C: FloatArray, Z: Block): ForeignArgument[] {
  const shape = { m: X.rows, n: Z.cols, k: X.cols };
  return productArguments({ ...shape, alpha: -1, A: X.data, B: C, beta: 1, C: Z.data });
}

/** S += V^T X for a few columns X, on this thread. See `Kernels.addGram`. */
export function addFewColumns(library: BlasLibrary, V: Block, X: Block, S: Matrix): void {
  if (V.data.length === 0 || X.cols === 0) return;
  const isWide = dtypeOf(V.data) === 'float64';
  const [gemv, gemm] = isWide ? [library.dgemv, library.dgemm] : [library.sgemv, library.sgemm];
  const sum = isWide ? S.data : new Float32Array(S.data.length);
  const step = isWide ? V.rows : SUMMED_ROWS;
  for (let start = 0; start < V.rows; start += step) {
    const rows = Math.min(step, V.rows - start);
    const A = V.data.subarray(start * V.cols, (start + rows) * V.cols);
    const x = X.data.subarray(start * X.cols, (start + rows) * X.cols);
    const beta = isWide ? 1 : 0;
    const [routine, args] =
      X.cols === 1
        ? [gemv, vectorArguments({ rows, cols: V.cols, transpose: true, alpha: 1, A, x, beta, y: sum })]
        : [gemm, productArguments({ m: V.cols, n: X.cols, k: rows, transA: true, A, B: x, beta, C: sum })];
    library.alone(2 * rows * V.cols * X.cols, () => routine(...args));
    if (!isWide) for (let at = 0; at < sum.length; at++) S.data[at]! += sum[at]!;
  }
}

/** Entries of V that stay in the cache of a core while some columns are multiplied by them. */
const CACHED_ENTRIES = 2 ** 15;

/** Columns of V, one in each row, a piece after the other: all of it for one column, else what stays in the cache. */
function* pieces({ rows: k, cols: n }: Block, columns: number, most: number): Generator<[number, number]> {
  const step = columns === 1 ? most : Math.min(most, Math.max(64, Math.floor(CACHED_ENTRIES / Math.max(1, k))));
  for (let start = 0; start < n; start += step) yield [start, Math.min(step, n - start)];
}

/** See `Kernels.addOverlap`: one product with a vector for each column, on this thread. */
export function addOverlap(library: BlasLibrary, V: Block, X: Block, S: Matrix): void {
  if (S.data.length === 0) return;
  const [k, n, l] = [V.rows, V.cols, X.cols];
  const isWide = dtypeOf(V.data) === 'float64';
  const gemv = isWide ? library.dgemv : library.sgemv;
  const sum = isWide ? S.data : new Float32Array(S.data.length);
  for (const [start, cols] of pieces(V, l, isWide ? n : SUMMED_ROWS)) {
    const A = V.data.subarray(start);
    const shape = { rows: k, cols, transpose: false, alpha: 1, A, beta: isWide ? 1 : 0, strideA: n, stride: l };
    for (let j = 0; j < l; j++) {
      const args = vectorArguments({ ...shape, x: X.data.subarray(start * l + j), y: sum.subarray(j) });
      library.alone(2 * k * cols, () => gemv(...args));
    }
    if (!isWide) for (let at = 0; at < sum.length; at++) S.data[at]! += sum[at]!;
  }
}

/** See `Kernels.subtractColumns`; `c` is C in the element type of the columns. */
export function subtractColumns(library: BlasLibrary, V: Block, c: FloatArray, X: Block): void {
  if (V.rows === 0) return;
  const [k, n, l] = [V.rows, V.cols, X.cols];
  const gemv = dtypeOf(V.data) === 'float64' ? library.dgemv : library.sgemv;
  for (const [start, cols] of pieces(V, l, n)) {
    const A = V.data.subarray(start);
    const shape = { rows: k, cols, transpose: true, alpha: -1, A, beta: 1, strideA: n, stride: l };
    for (let j = 0; j < l; j++) {
      const args = vectorArguments({ ...shape, x: c.subarray(j), y: X.data.subarray(start * l + j) });
      library.alone(2 * k * cols, () => gemv(...args));
    }
  }
}
