/** Cholesky factorisations, with diagonal pivoting and without, on the provider's products, and the inverse of a factor. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { breathe } from '../core/schedule.ts';
import type { Kernels } from './kernels/provider.ts';
import { placeBlock, subMatrix, transpose } from './small.ts';

/** A permuted by `pivots` on both sides is R^T R, up to what was cut off. */
export interface PivotedCholesky {
  /** rank x k, upper trapezoidal, in pivoted column order. */
  R: Matrix;
  /** Column j of R belongs to row and column `pivots[j]` of A. */
  pivots: Int32Array;
}

const PANEL = 64;

/** The factorisation under way: `S` is what is left of A in pivoted order, `diagonal` its diagonal kept up to date. */
interface State {
  S: Matrix;
  R: Matrix;
  diagonal: Float64Array;
  pivots: Int32Array;
}

function swapEntries(data: Float64Array | Int32Array, i: number, j: number): void {
  const kept = data[i]!;
  data[i] = data[j]!;
  data[j] = kept;
}

/** Exchanges positions i and j in everything, R only in the rows that are there already. */
function swapPivots({ S, R, diagonal, pivots }: State, i: number, j: number): void {
  if (i === j) return;
  const k = S.rows;
  swapEntries(diagonal, i, j);
  swapEntries(pivots, i, j);
  // what lies before i in S has been eliminated, and is not read any more
  for (let l = i; l < k; l++) swapEntries(S.data, i * k + l, j * k + l);
  for (let l = i; l < k; l++) swapEntries(S.data, l * k + i, l * k + j);
  for (let l = 0; l < i; l++) swapEntries(R.data, l * k + i, l * k + j);
}

/** Row j of R from row j of S, which lacks the updates of the panel's own rows `first..j`. */
function eliminate({ S, R, diagonal }: State, first: number, j: number): void {
  const k = S.rows;
  const row = R.data.subarray(j * k, (j + 1) * k);
  row.set(S.data.subarray(j * k + j, (j + 1) * k), j);
  for (let t = first; t < j; t++) {
    const above = R.data.subarray(t * k, (t + 1) * k);
    const factor = above[j]!;
    for (let i = j; i < k; i++) row[i]! -= factor * above[i]!;
  }
  const pivot = Math.sqrt(diagonal[j]!);
  row[j] = pivot;
  for (let i = j + 1; i < k; i++) {
    row[i]! /= pivot;
    diagonal[i]! -= row[i]! ** 2;
  }
}

/** S <- S - P^T P to the right of and below column `end`, P: rows `first..end` of R. */
async function updateTrailing({ S, R }: State, first: number, end: number, kernels: Kernels): Promise<void> {
  const k = S.rows;
  const P = subMatrix(R, first, end, end, k);
  const update = await kernels.gemm(P, P, { transA: true });
  for (let i = end; i < k; i++) {
    const row = S.data.subarray(i * k + end, (i + 1) * k);
    const change = update.data.subarray((i - end) * (k - end), (i - end + 1) * (k - end));
    for (let j = 0; j < row.length; j++) row[j]! -= change[j]!;
  }
}

/**
 * Factorises a symmetric positive semidefinite k x k matrix until no diagonal entry of the rest exceeds `tolerance`
 * (Lucas 2004, LAPACK working note 161). The rest is then at most k times `tolerance` in norm.
 */
export async function pivotedCholesky(A: Matrix, tolerance: number, kernels: Kernels): Promise<PivotedCholesky> {
  const k = A.rows;
  const state: State = {
    S: { rows: k, cols: k, data: A.data.slice() },
    R: zeroMatrix(k, k),
    diagonal: Float64Array.from({ length: k }, (_, i) => A.data[i * k + i]!),
    pivots: Int32Array.from({ length: k }, (_, i) => i),
  };
  for (let first = 0; first < k; first += PANEL) {
    const end = Math.min(first + PANEL, k);
    for (let j = first; j < end; j++) {
      let largest = j;
      for (let i = j + 1; i < k; i++) if (state.diagonal[i]! > state.diagonal[largest]!) largest = i;
      if (!(state.diagonal[largest]! > tolerance)) return { R: subMatrix(state.R, 0, j, 0, k), pivots: state.pivots };
      swapPivots(state, j, largest);
      eliminate(state, first, j);
    }
    await updateTrailing(state, first, end, kernels);
    await breathe();
  }
  return { R: state.R, pivots: state.pivots };
}

/** Matrices up to this order are factorised and inverted entry by entry. */
const SMALL = 64;

/** The factor of a small matrix, entry by entry. */
function factoriseSmall(A: Matrix): Matrix | undefined {
  const k = A.rows;
  const R = zeroMatrix(k, k);
  for (let j = 0; j < k; j++) {
    for (let i = 0; i <= j; i++) {
      let rest = A.data[i * k + j]!;
      for (let l = 0; l < i; l++) rest -= R.data[l * k + i]! * R.data[l * k + j]!;
      if (i === j && !(rest > 0)) return undefined;
      R.data[i * k + j] = i === j ? Math.sqrt(rest) : rest / R.data[i * k + i]!;
    }
  }
  return R;
}

/**
 * R with R^T R = A, k x k and upper triangular, by halves; undefined where A is not positive definite to rounding. Only the
 * entries on and above the diagonal of A are read.
 */
export async function cholesky(A: Matrix, kernels: Kernels): Promise<Matrix | undefined> {
  const k = A.rows;
  if (k <= SMALL) return factoriseSmall(A);
  const half = Math.ceil(k / 2);
  const first = await cholesky(subMatrix(A, 0, half, 0, half), kernels);
  if (!first) return undefined;
  const side = transpose(subMatrix(A, 0, half, half, k));
  await kernels.solve(side, first);
  const corner = subMatrix(A, half, k, half, k);
  await kernels.subtract(side, transpose(side), corner);
  const second = await cholesky(corner, kernels);
  if (!second) return undefined;
  const R = zeroMatrix(k, k);
  placeBlock(R, first, 0, 0);
  placeBlock(R, transpose(side), 0, half);
  placeBlock(R, second, half, half);
  return R;
}

/** The inverse of a small upper triangular matrix, entry by entry. */
export function invertSmall(R: Matrix): Matrix {
  const k = R.rows;
  const T = zeroMatrix(k, k);
  for (let j = 0; j < k; j++) {
    T.data[j * k + j] = 1 / R.data[j * k + j]!;
    for (let i = j - 1; i >= 0; i--) {
      let sum = 0;
      for (let l = i + 1; l <= j; l++) sum += R.data[i * k + l]! * T.data[l * k + j]!;
      T.data[i * k + j] = -sum / R.data[i * k + i]!;
    }
  }
  return T;
}

/** The inverse of an upper triangular matrix, by halves: [[A, B], [0, C]]^-1 = [[A^-1, -A^-1 B C^-1], [0, C^-1]]. */
export async function invertUpper(R: Matrix, kernels: Kernels): Promise<Matrix> {
  const k = R.rows;
  if (k <= SMALL) return invertSmall(R);
  const half = Math.ceil(k / 2);
  const left = await invertUpper(subMatrix(R, 0, half, 0, half), kernels);
  const right = await invertUpper(subMatrix(R, half, k, half, k), kernels);
  const corner = await kernels.gemm(await kernels.gemm(left, subMatrix(R, 0, half, half, k)), right);
  for (let at = 0; at < corner.data.length; at++) corner.data[at] = -corner.data[at]!;
  const T = zeroMatrix(k, k);
  placeBlock(T, left, 0, 0);
  placeBlock(T, corner, 0, half);
  placeBlock(T, right, half, half);
  return T;
}
