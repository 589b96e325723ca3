/** Operators as dense matrices, for comparing. */
import type { Block } from '../../src/core/block.ts';
import type { LinearOperator } from '../../src/linops/operator.ts';

/** The whole matrix of an n x n operator, row-major, from products with `width` columns of the identity at a time; no -0. */
export async function toDense(op: LinearOperator, width: number): Promise<Float64Array> {
  const n = op.shape[0];
  const matrix = new Float64Array(n * n);
  for (let first = 0; first < n; first += width) {
    const cols = Math.min(width, n - first);
    const X: Block = { rows: n, cols, data: new Float32Array(n * cols) };
    for (let j = 0; j < cols; j++) X.data[(first + j) * cols + j] = 1;
    const { data } = await op.matmat(X);
    for (let i = 0; i < n; i++) for (let j = 0; j < cols; j++) matrix[i * n + first + j] = data[i * cols + j]! + 0;
  }
  return matrix;
}

/** These columns of an n x n operator's matrix one after the other, `width` at a time; no -0. */
export async function someColumns(op: LinearOperator, columns: readonly number[], width: number): Promise<number[]> {
  const n = op.shape[0];
  const values: number[] = [];
  for (let first = 0; first < columns.length; first += width) {
    const chosen = columns.slice(first, first + width);
    const X: Block = { rows: n, cols: chosen.length, data: new Float32Array(n * chosen.length) };
    for (const [at, column] of chosen.entries()) X.data[column * chosen.length + at] = 1;
    const { data } = await op.matmat(X);
    for (const at of chosen.keys()) for (let i = 0; i < n; i++) values.push(data[i * chosen.length + at]! + 0);
  }
  return values;
}

/** ||A - B||_F / ||B||_F, 0 where both are 0. */
export function relativeError(A: ArrayLike<number>, B: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < B.length; i++) {
    difference += (A[i]! - B[i]!) ** 2;
    norm += B[i]! ** 2;
  }
  if (A.length !== B.length) return Number.NaN;
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
