/** Cholesky factorisations, with diagonal pivoting and without, on the provider's products, and the inverse of a factor. */
import { type Matrix, negated, zeroMatrix } from '../core/block.ts';
import { breathe } from '../core/schedule.ts';
import type { Kernels } from './kernels/provider.ts';
import { placeBlock, subMatrix, transpose } from './small.ts';

/** R^T R is A, up to what was cut off. */
export interface PivotedCholesky {
  /** rank x k, its columns in the order of those of A: those of the pivots, in their order, are upper triangular. */
  R: Matrix;
  /** Length rank. */
  pivots: Int32Array;
}

/** Rows of R that are made one by one, before what is left of A lacks them all. */
const PANEL = 64;

/** What is left of a matrix, without the rows and columns of pivots, so that none need be exchanged. */
interface Rest {
  /** What is left with its sign changed, on and above the diagonal. */
  S: Matrix;
  /** Of what is left, kept up to date within a panel; minus infinity where a pivot was. */
  diagonal: Float64Array;
  /** Row and column i are those of A that `columns[i]` says. */
  columns: Int32Array;
}

/** row -= what rows of R before it account for, four at a time: each entry is fetched once for all of them. */
function subtractBefore(row: Float64Array, p: number, before: readonly Float64Array[]): void {
  const whole = before.length - (before.length % 4);
  for (let t = 0; t < whole; t += 4) {
    const [a, b, c, d] = before.slice(t, t + 4) as [Float64Array, Float64Array, Float64Array, Float64Array];
    const [e, f, g, h] = [a[p]!, b[p]!, c[p]!, d[p]!];
    for (let i = 0; i < row.length; i++) row[i]! -= e * a[i]! + f * b[i]! + (g * c[i]! + h * d[i]!);
  }
  for (const above of before.slice(whole)) {
    const factor = above[p]!;
    for (let i = 0; i < row.length; i++) row[i]! -= factor * above[i]!;
  }
}

/** The row of R whose pivot is at place p of the rest, from the rows of the panel before it. */
function makeRow({ S, diagonal }: Rest, p: number, before: readonly Float64Array[]): Float64Array {
  const m = diagonal.length;
  const row = new Float64Array(m);
  for (let i = 0; i < p; i++) row[i] = -S.data[i * m + p]!;
  for (let i = p; i < m; i++) row[i] = -S.data[p * m + i]!;
  subtractBefore(row, p, before);
  const pivot = Math.sqrt(diagonal[p]!);
  for (let i = 0; i < m; i++) {
    row[i] = diagonal[i] === Number.NEGATIVE_INFINITY ? 0 : row[i]! / pivot;
    diagonal[i]! -= row[i]! ** 2;
  }
  row[p] = pivot;
  diagonal[p] = Number.NEGATIVE_INFINITY;
  return row;
}

/** Entries `first..` of those of a row that begins at `start` that are kept, into one that begins at `target`. */
function gather(
  from: Float64Array,
  start: number,
  kept: Int32Array,
  first: number,
  to: Float64Array,
  target: number,
): void {
  for (let i = first; i < kept.length; i++) to[target + i] = from[start + kept[i]!]!;
}

/** The rest without the pivots of a panel and without what its rows account for, in the same memory. */
async function withoutPanel(rest: Rest, rows: readonly Float64Array[], kernels: Kernels): Promise<Rest> {
  const m = rest.diagonal.length;
  const kept = rest.columns.map((_, i) => i).filter((i) => rest.diagonal[i] !== Number.NEGATIVE_INFINITY);
  const left = kept.length;
  const S = { rows: left, cols: left, data: rest.S.data.subarray(0, left ** 2) };
  // entries move towards the front only: none is overwritten before it has moved
  for (let i = 0; i < left; i++) gather(rest.S.data, kept[i]! * m, kept, i, S.data, i * left);
  const P = zeroMatrix(rows.length, left);
  for (const [t, row] of rows.entries()) gather(row, 0, kept, 0, P.data, t * left);
  await kernels.addGram(P, P, S, true);
  return {
    S,
    diagonal: Float64Array.from(kept, (i) => rest.diagonal[i]!),
    columns: kept.map((i) => rest.columns[i]!),
  };
}

const indexOfLargest = (values: Float64Array): number => {
  let largest = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[largest]!) largest = i;
  return largest;
};

/**
 * Factorises a symmetric positive semidefinite k x k matrix until no diagonal entry of the rest exceeds `tolerance`
 * (Lucas 2004, LAPACK working note 161). The rest is then at most k times `tolerance` in norm.
 */
export async function pivotedCholesky(A: Matrix, tolerance: number, kernels: Kernels): Promise<PivotedCholesky> {
  const k = A.rows;
  const R = zeroMatrix(k, k);
  const pivots: number[] = [];
  let rest: Rest = {
    S: negated(A),
    diagonal: Float64Array.from({ length: k }, (_, i) => A.data[i * k + i]!),
    columns: Int32Array.from({ length: k }, (_, i) => i),
  };
  while (pivots.length < k) {
    const { diagonal, columns } = rest;
    const rows: Float64Array[] = [];
    while (rows.length < Math.min(PANEL, columns.length)) {
      const p = indexOfLargest(diagonal);
      if (!(diagonal[p]! > tolerance)) {
        return {
          R: { rows: pivots.length, cols: k, data: R.data.subarray(0, pivots.length * k) },
          pivots: Int32Array.from(pivots),
        };
      }
      const row = makeRow(rest, p, rows);
      for (let i = 0; i < row.length; i++) R.data[pivots.length * k + columns[i]!] = row[i]!;
      rows.push(row);
      pivots.push(columns[p]!);
    }
    rest = await withoutPanel(rest, rows, kernels);
    await breathe();
  }
  return { R, pivots: Int32Array.from(pivots) };
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
