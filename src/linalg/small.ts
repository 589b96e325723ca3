/** Small float64 matrices: the handful of k x k helpers the recoveries share. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { vectorNorm } from '../core/vector-norm.ts';

/** (A + A^T) / 2. */
export function symmetricPart(A: Matrix): Matrix {
  const k = A.rows;
  const S = zeroMatrix(k, k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = (A.data[i * k + j]! + A.data[j * k + i]!) / 2;
      S.data[i * k + j] = mean;
      S.data[j * k + i] = mean;
    }
  }
  return S;
}

const TILE = 32;

/** Copies the entries above the diagonal to their mirror images below it, in tiles that stay in the cache. */
export function mirrorUpper(A: Matrix): Matrix {
  const { rows: k, data } = A;
  for (let top = 0; top < k; top += TILE) {
    const bottom = Math.min(k, top + TILE);
    for (let left = 0; left <= top; left += TILE) {
      for (let i = top; i < bottom; i++) {
        const right = Math.min(left + TILE, i);
        for (let j = left; j < right; j++) data[i * k + j] = data[j * k + i]!;
      }
    }
  }
  return A;
}

/** ||A - A^T||_F. Over the pairs i > j, the root mean square of A_ij - A_ji is this over sqrt(k (k - 1)). */
export function asymmetryNorm({ rows: k, data }: Matrix): number {
  let squares = 0;
  for (let i = 1; i < k; i++) {
    for (let j = 0; j < i; j++) squares += (data[i * k + j]! - data[j * k + i]!) ** 2;
  }
  return Math.sqrt(2 * squares);
}

/**
 * ||A - A^T||_F / ||A||_F: 0 for a symmetric matrix, about sqrt(2) for a random one; 0 for the zero matrix.
 * @param size of what A is made of, where that is larger than A: what little is left of it by chance may be noise alone
 */
export function relativeAsymmetry(A: Matrix, size = 0): number {
  const difference = asymmetryNorm(A);
  return difference === 0 ? 0 : difference / Math.max(frobeniusNorm(A), size);
}

/** The columns of A listed in `columns`, each multiplied by its scale. */
export function selectColumns(A: Matrix, columns: readonly number[], scale: (column: number) => number): Matrix {
  const S = zeroMatrix(A.rows, columns.length);
  for (const [target, column] of columns.entries()) {
    const factor = scale(column);
    for (let i = 0; i < A.rows; i++) S.data[i * S.cols + target] = factor * A.data[i * A.cols + column]!;
  }
  return S;
}

/** ||A||_F. */
export function frobeniusNorm(A: Matrix): number {
  return vectorNorm(A.data);
}

/** ||A - I||_F. */
export function distanceFromIdentity(A: Matrix): number {
  let square = 0;
  for (let i = 0; i < A.rows; i++) {
    for (let j = 0; j < A.cols; j++) square += (A.data[i * A.cols + j]! - (i === j ? 1 : 0)) ** 2;
  }
  return Math.sqrt(square);
}

/** The k x k identity. */
export function identity(k: number): Matrix {
  const I = zeroMatrix(k, k);
  for (let i = 0; i < k; i++) I.data[i * k + i] = 1;
  return I;
}

/** A copy of rows `top..bottom` and columns `left..right`. */
export function subMatrix(A: Matrix, top: number, bottom: number, left: number, right: number): Matrix {
  const part = zeroMatrix(bottom - top, right - left);
  for (let i = 0; i < part.rows; i++) {
    const start = (top + i) * A.cols + left;
    part.data.set(A.data.subarray(start, start + part.cols), i * part.cols);
  }
  return part;
}

/** Copies `part` into `whole` with its first entry at (row, col). */
export function placeBlock(whole: Matrix, part: Matrix, row: number, col: number): void {
  for (let i = 0; i < part.rows; i++) {
    whole.data.set(part.data.subarray(i * part.cols, (i + 1) * part.cols), (row + i) * whole.cols + col);
  }
}

/** A^T. */
export function transpose(A: Matrix): Matrix {
  const T = zeroMatrix(A.cols, A.rows);
  for (let i = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++) T.data[j * A.rows + i] = A.data[i * A.cols + j]!;
  return T;
}

/** Scales row i of A by `scale[i]`, in place. */
export function scaleRows(A: Matrix, scale: Float64Array): Matrix {
  for (let i = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++) A.data[i * A.cols + j]! *= scale[i]!;
  return A;
}
