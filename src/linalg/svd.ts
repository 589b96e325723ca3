/** Singular value decomposition of a small matrix by one-sided Jacobi rotations, on kernels for the bulk of the work. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { exponentOf, timesPowerOfTwo } from '../core/power-of-two.ts';
import { breathe } from '../core/schedule.ts';
import type { Kernels } from './kernels/provider.ts';
import { identity, transpose } from './small.ts';

/** A = U diag(values) V^T. */
export interface SmallSvd {
  /** m x min(m, n), orthonormal columns. */
  U: Matrix;
  /** Descending, length min(m, n). */
  values: Float64Array;
  /** n x min(m, n), orthonormal columns. */
  V: Matrix;
}

/** More are never needed: convergence is quadratic, and columns start out nearly orthogonal. */
const MOST_SWEEPS = 40;

/** The rows of a matrix, as views. */
const rowsOf = ({ rows, cols, data }: Matrix): Float64Array[] =>
  Array.from({ length: rows }, (_, i) => data.subarray(i * cols, (i + 1) * cols));

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** (x, y) <- (c x - s y, s x + c y). */
function rotate(x: Float64Array, y: Float64Array, c: number, s: number): void {
  for (let i = 0; i < x.length; i++) {
    const [xi, yi] = [x[i]!, y[i]!];
    x[i] = c * xi - s * yi;
    y[i] = s * xi + c * yi;
  }
}

/**
 * Makes rows of W orthogonal by plane rotations, which are also applied to the rows of V (Hestenes 1958, "Inversion of matrices
 * by biorthogonalization and related results"). Rows of any length come out orthogonal to nearly all digits beside their own
 * length, also those that are far shorter than others (Demmel & Veselic 1992, "Jacobi's method is more accurate than QR").
 */
async function orthogonalise(W: readonly Float64Array[], V: readonly Float64Array[]): Promise<void> {
  const size = W.length;
  const tolerance = Number.EPSILON * Math.sqrt(W[0]?.length ?? 1);
  for (let sweep = 0, rotated = true; rotated && sweep < MOST_SWEEPS; sweep++) {
    rotated = false;
    const squares = W.map((row) => dot(row, row));
    for (let i = 0; i < size; i++) {
      await breathe();
      for (let j = i + 1; j < size; j++) {
        const overlap = dot(W[i]!, W[j]!);
        if (!(Math.abs(overlap) > tolerance * Math.sqrt(squares[i]!) * Math.sqrt(squares[j]!))) continue;
        rotated = true;
        const zeta = (squares[j]! - squares[i]!) / (2 * overlap);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const c = 1 / Math.hypot(1, tangent);
        rotate(W[i]!, W[j]!, c, c * tangent);
        rotate(V[i]!, V[j]!, c, c * tangent);
        squares[i] = dot(W[i]!, W[i]!);
        squares[j] = dot(W[j]!, W[j]!);
      }
    }
  }
}

/** Rows of zeros become unit vectors that are orthogonal to the other rows. */
function complete(rows: readonly Float64Array[], isZero: readonly boolean[]): void {
  const there = rows.filter((_, i) => !isZero[i]);
  for (const row of rows.filter((_, i) => isZero[i])) {
    // the axis of which most is outside the others
    const inside = (k: number): number => there.reduce((sum, other) => sum + other[k]! ** 2, 0);
    const axes = Array.from(row.keys(), (k) => ({ k, inside: inside(k) }));
    row[axes.reduce((a, b) => (b.inside < a.inside ? b : a)).k] = 1;
    for (let pass = 0; pass < 3; pass++) {
      for (const other of there) {
        const overlap = dot(row, other);
        for (let k = 0; k < row.length; k++) row[k]! -= overlap * other[k]!;
      }
      scale(row, 1 / Math.sqrt(dot(row, row)));
    }
    there.push(row);
  }
}

function scale(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}

/** Up to this size rotations alone are quicker. */
const FEW = 24;

/** A with at least as many rows as columns. */
async function tallSvd(A: Matrix, kernels: Kernels): Promise<SmallSvd> {
  const size = A.cols;
  const largest = A.data.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const e = largest > 0 && largest < Number.POSITIVE_INFINITY ? -exponentOf(largest) : 0;
  const B = transpose({ ...A, data: A.data.map((entry) => timesPowerOfTwo(entry, e)) });
  // eigenvectors of A^T A make the columns of A nearly orthogonal, all but those that are short beside others
  const Q =
    size <= FEW ? identity(size) : transpose((await kernels.eigh(await kernels.gemm(B, B, { transB: true }))).vectors);
  const [W, V] = [rowsOf(size <= FEW ? B : await kernels.gemm(Q, B)), rowsOf(Q)];
  await orthogonalise(W, V);
  const lengths = W.map((row) => Math.sqrt(dot(row, row)));
  const order = Array.from(lengths.keys()).sort((i, j) => lengths[j]! - lengths[i]!);
  for (const [i, row] of W.entries()) if (lengths[i]! > 0) scale(row, 1 / lengths[i]!);
  complete(
    W,
    lengths.map((length) => length === 0),
  );
  const columns = (rows: readonly Float64Array[], length: number): Matrix => {
    const M = zeroMatrix(length, size);
    for (const [at, i] of order.entries()) for (let k = 0; k < length; k++) M.data[k * size + at] = rows[i]![k]!;
    return M;
  };
  const values = Float64Array.from(order, (i) => timesPowerOfTwo(lengths[i]!, -e));
  return { U: columns(W, A.rows), values, V: columns(V, size) };
}

/** The decomposition of a matrix of order some hundreds; kernels have the part of it that grows fastest. */
export async function smallSvd(A: Matrix, kernels: Kernels): Promise<SmallSvd> {
  if (A.rows >= A.cols) return tallSvd(A, kernels);
  const { U, values, V } = await tallSvd(transpose(A), kernels);
  return { U: V, values, V: U };
}
