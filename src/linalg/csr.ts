/** Sparse matrices in compressed rows: the record, its transpose, and its product with a block in plain TypeScript. */
import type { Block } from '../core/block.ts';
import { allocate, dtypeOf, type FloatArray } from '../core/dtype.ts';

/**
 * A sparse matrix by rows: the entries of row i are `data[k]` in column `indices[k]` for `indptr[i] <= k < indptr[i + 1]`,
 * with columns ascending and each at most once.
 */
export interface CsrMatrix {
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Int32Array;
  readonly indices: Int32Array;
  readonly data: FloatArray;
}

/** Where rows start when row i has `counts[i + 1]` entries: running sums, in place. */
export function startsOf(counts: Int32Array): Int32Array {
  for (let i = 1; i < counts.length; i++) counts[i]! += counts[i - 1]!;
  return counts;
}

/** A^T. Entries keep the order of their rows, so the columns of the result ascend whatever those of A do. */
export function transposeCsr({ rows, cols, indptr, indices, data }: CsrMatrix): CsrMatrix {
  const counts = new Int32Array(cols + 1);
  for (let k = 0; k < indices.length; k++) counts[indices[k]! + 1]!++;
  const starts = startsOf(counts);
  const next = starts.slice();
  const rowsOf = new Int32Array(indices.length);
  const values = allocate(dtypeOf(data), data.length);
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) {
      const at = next[indices[k]!]!++;
      rowsOf[at] = i;
      values[at] = data[k]!;
    }
  }
  return { rows: cols, cols: rows, indptr: starts, indices: rowsOf, data: values };
}

/** Columns kept in registers at a time. */
const WIDTH = 4;

/**
 * out = A X for rows `first..end`: the reference, and what runs where there is no WebAssembly or too little work for it.
 * Sums are made in float64 and rounded once.
 */
export function multiplyRows(A: CsrMatrix, X: Block, out: Block, first: number = 0, end: number = A.rows): void {
  const { indptr, indices, data } = A;
  const { cols, data: x } = X;
  const y = out.data;
  const whole = cols - (cols % WIDTH);
  for (let i = first; i < end; i++) {
    const from = indptr[i]!;
    const to = indptr[i + 1]!;
    const row = i * cols;
    for (let j = 0; j < whole; j += WIDTH) {
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let k = from; k < to; k++) {
        const value = data[k]!;
        const at = indices[k]! * cols + j;
        a += value * x[at]!;
        b += value * x[at + 1]!;
        c += value * x[at + 2]!;
        d += value * x[at + 3]!;
      }
      y[row + j] = a;
      y[row + j + 1] = b;
      y[row + j + 2] = c;
      y[row + j + 3] = d;
    }
    for (let j = whole; j < cols; j++) {
      let sum = 0;
      for (let k = from; k < to; k++) sum += data[k]! * x[indices[k]! * cols + j]!;
      y[row + j] = sum;
    }
  }
}
