/** Singular value decomposition of a small matrix, by ml-matrix, which is loaded with the first one. */
import type { Matrix as MlMatrix } from 'ml-matrix';
import type { Matrix } from '../core/block.ts';

/** A = U diag(values) V^T. */
export interface SmallSvd {
  /** m x min(m, n), orthonormal columns. */
  U: Matrix;
  /** Descending, length min(m, n). */
  values: Float64Array;
  /** n x min(m, n), orthonormal columns. */
  V: Matrix;
}

function fromMl(A: MlMatrix, cols: number): Matrix {
  const data = A.subMatrix(0, A.rows - 1, 0, cols - 1).to1DArray();
  return { rows: A.rows, cols, data: Float64Array.from(data) };
}

export async function smallSvd(A: Matrix): Promise<SmallSvd> {
  const size = Math.min(A.rows, A.cols);
  const empty = (rows: number): Matrix => ({ rows, cols: 0, data: new Float64Array(0) });
  if (size === 0) return { U: empty(A.rows), values: new Float64Array(0), V: empty(A.cols) };
  const { Matrix: Ml, SingularValueDecomposition } = await import('ml-matrix');
  const svd = new SingularValueDecomposition(Ml.from1DArray(A.rows, A.cols, A.data), { autoTranspose: true });
  return {
    U: fromMl(svd.leftSingularVectors, size),
    values: Float64Array.from(svd.diagonal).subarray(0, size),
    V: fromMl(svd.rightSingularVectors, size),
  };
}
