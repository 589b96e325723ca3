/** Small operators in full: what sketches and Krylov methods are checked against. */
import type { LinearOperator } from 'eigensketch';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Columns of one product. */
const WIDTH = 64;

/** The n x n matrix, row-major, from products with all columns of the identity. */
export async function wholeMatrix(op: LinearOperator): Promise<Float64Array> {
  const n = op.shape[0];
  const matrix = new Float64Array(n * n);
  for (let first = 0; first < n; first += WIDTH) {
    const cols = Math.min(WIDTH, n - first);
    const X = { rows: n, cols, data: new Float32Array(n * cols) };
    for (let j = 0; j < cols; j++) X.data[(first + j) * cols + j] = 1;
    const { data } = await op.matmat(X);
    for (let i = 0; i < n; i++) for (let j = 0; j < cols; j++) matrix[i * n + first + j] = data[i * cols + j]!;
  }
  return matrix;
}

/** Eigenvalues of a symmetric row-major n x n matrix, largest magnitude first (Householder and QL, by ml-matrix). */
export function eigenvaluesOf(matrix: ArrayLike<number>): number[] {
  const n = Math.sqrt(matrix.length);
  const { realEigenvalues } = new EigenvalueDecomposition(Matrix.from1DArray(n, n, Array.from(matrix)), {
    assumeSymmetric: true,
  });
  return realEigenvalues.sort((a, b) => Math.abs(b) - Math.abs(a));
}

/** All eigenvalues of a small symmetric operator, largest magnitude first. */
export const exactEigenvalues = async (op: LinearOperator): Promise<number[]> => eigenvaluesOf(await wholeMatrix(op));
