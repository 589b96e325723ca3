/** Small matrices column by column. */
import { type Matrix, zeroMatrix } from '../core/block.ts';

/** a_j^T b_j for each pair of columns of two small matrices. */
export function smallColumnDots(A: Matrix, B: Matrix): Float64Array {
  const dots = new Float64Array(A.cols);
  for (let at = 0; at < A.data.length; ) {
    for (let j = 0; j < dots.length; j++, at++) dots[j]! += A.data[at]! * B.data[at]!;
  }
  return dots;
}

/** A - B diag(weights). */
export function minusScaled(A: Matrix, B: Matrix, weights: Float64Array): Matrix {
  const C = zeroMatrix(A.rows, A.cols);
  for (let at = 0; at < C.data.length; at++) C.data[at] = A.data[at]! - B.data[at]! * weights[at % A.cols]!;
  return C;
}

/** The rows of A, each divided by its length, as columns; and the lengths. A row of zeros stays one. */
export function normalisedRows(A: Matrix): { columns: Matrix; lengths: Float64Array } {
  const columns = zeroMatrix(A.cols, A.rows);
  const lengths = new Float64Array(A.rows);
  for (let i = 0; i < A.rows; i++) {
    const row = A.data.subarray(i * A.cols, (i + 1) * A.cols);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    lengths[i] = length;
    for (let j = 0; j < A.cols; j++) columns.data[j * A.rows + i] = length === 0 ? 0 : row[j]! / length;
  }
  return { columns, lengths };
}

/** The sum of the diagonal. */
export function smallTrace(A: Matrix): number {
  let sum = 0;
  for (let i = 0; i < A.rows; i++) sum += A.data[i * A.cols + i]!;
  return sum;
}
