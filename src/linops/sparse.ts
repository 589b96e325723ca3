/** The operator of a sparse matrix. */
import { asDType, type Block, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { dtypeOf, type FloatArray } from '../core/dtype.ts';
import { type CsrMatrix, transposeCsr } from '../linalg/csr.ts';
import { multiplySparse } from '../linalg/kernels/sparse.ts';
import { trusted } from './apply.ts';
import { defineOperator, type Operator } from './define.ts';
import type { Asymmetry } from './operator.ts';
import { type SparseEntries, toCsr } from './sparse-entries.ts';

/** An operator whose entries can be had: what a graph or a file needs of it. */
export interface SparseOperator extends Operator {
  /** Compressed rows, columns ascending, each place at most once: `scipy.sparse.csr_matrix((data, indices, indptr), shape)`. */
  readonly entries: {
    readonly shape: readonly [number, number];
    readonly indptr: Int32Array;
    readonly indices: Int32Array;
    readonly data: FloatArray;
  };
}

/** The entry in which a square matrix differs most from its transpose; undefined when there is none: A = A^T exactly. */
function worstAsymmetry(A: CsrMatrix): Asymmetry | undefined {
  const T = transposeCsr(A);
  let worst: Asymmetry | undefined;
  const visit = (row: number, column: number, value: number, transposed: number): void => {
    if (value === transposed) return;
    if (worst === undefined || Math.abs(value - transposed) > Math.abs(worst.value - worst.transposed)) {
      worst = { row, column, value, transposed };
    }
  };
  for (let i = 0; i < A.rows; i++) {
    let k = A.indptr[i]!;
    let l = T.indptr[i]!;
    const [endA, endT] = [A.indptr[i + 1]!, T.indptr[i + 1]!];
    while (k < endA || l < endT) {
      const a = k < endA ? A.indices[k]! : A.cols;
      const t = l < endT ? T.indices[l]! : A.cols;
      visit(i, Math.min(a, t), a <= t ? A.data[k]! : 0, t <= a ? T.data[l]! : 0);
      if (a <= t) k++;
      if (t <= a) l++;
    }
  }
  return worst;
}

/**
 * The operator of compressed rows that are known to be canonical.
 * @param name what messages of its products call it
 */
export function csrOperator(name: string, A: CsrMatrix, psd?: boolean): SparseOperator {
  const shape = [A.rows, A.cols] as const;
  const dtype = dtypeOf(A.data);
  const asymmetry: Asymmetry | undefined = A.rows === A.cols ? worstAsymmetry(A) : undefined;
  const isSymmetric = A.rows === A.cols && asymmetry === undefined;
  const multiply = (A: CsrMatrix, X: Block, Y: Block = zeros(A.rows, X.cols, dtype)): Promise<Block> =>
    multiplySparse(A, asDType(X, dtype), Y);
  let transposed: CsrMatrix | undefined;
  const op = defineOperator(name, {
    shape,
    dtype,
    ...(psd ? { psd } : {}),
    ...(isSymmetric ? { selfAdjoint: true } : {}),
    ...(asymmetry ? { asymmetry } : {}),
    flopsPerColumn: 2 * A.data.length,
    entries: { shape, indptr: A.indptr, indices: A.indices, data: A.data },
    matmat: (X: Block, out?: Block) => multiply(A, X, out),
    adjointMatmat: (Y: Block) => {
      if (!isSymmetric) transposed ??= transposeCsr(A);
      return multiply(transposed ?? A, Y);
    },
  });
  return trusted(op);
}

/**
 * The operator of a sparse matrix in SciPy's formats. Its dtype is float32 for a Float32Array, else float64; `selfAdjoint`
 * is set when the matrix equals its transpose entry by entry. Products run on the worker threads of the embedded kernels,
 * with the matrix kept there (a copy of 12 bytes an entry in float64, 8 in float32), or in plain TypeScript where there is
 * no WebAssembly, the matrix is larger than its 4 GB, or the product is small. The first adjoint product of a matrix that
 * is not symmetric makes its transpose.
 *
 * @param entries `{ shape, indptr, indices, data }`; with `format: 'csc'` by columns, with `format: 'coo'` as
 *   `{ shape, row, col, data }`; `symmetric: 'lower' | 'upper'` when only one triangle is given. Entries in any order;
 *   those of the same place are added up, as SciPy does. Arrays may be shared: do not change them.
 * @example
 * // [[2, -1], [-1, 2]]
 * const A = sparseOperator({ shape: [2, 2], indptr: [0, 2, 4], indices: [0, 1, 0, 1], data: [2, -1, -1, 2] });
 * @throws ArgumentError for indices out of range and more than 2^31 - 1 rows or entries, ShapeError when lengths do not
 *   fit, NumericalError for entries that are not finite, all naming the place.
 */
export function sparseOperator(entries: SparseEntries): SparseOperator {
  return atDoor('sparseOperator', () => csrOperator('sparseOperator', toCsr(entries)));
}
