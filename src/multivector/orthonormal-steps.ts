/** The ways from a Gram matrix G = Y^T Y to a small matrix T with Y T nearly orthonormal. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { NumericalError } from '../core/errors.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { invertUpper, pivotedCholesky } from '../linalg/cholesky.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { frobeniusNorm, selectColumns, transpose } from '../linalg/small.ts';

/** Q_new = Q_old T, and Q_old = Q_new R up to what was cut off. */
export interface Step {
  T: Matrix;
  R: Matrix;
}

/** T = V diag(scale^-1/2) over the eigenpairs of G that `scale` keeps (a positive scale), largest first. */
export async function spectralStep(
  G: Matrix,
  kernels: Kernels,
  scale: (value: number, largest: number) => number,
): Promise<Step> {
  const { values, vectors } = await kernels.eigh(G);
  const largest = values.at(-1) ?? 0;
  const scales = values.map((value) => scale(value, largest));
  const kept = Array.from(values.keys())
    .filter((i) => scales[i]! > 0)
    .reverse();
  return {
    T: selectColumns(vectors, kept, (i) => 1 / Math.sqrt(scales[i]!)),
    R: transpose(selectColumns(vectors, kept, (i) => Math.sqrt(scales[i]!))),
  };
}

/**
 * T = G^-1/2, where `scale` keeps all of G's eigenpairs: Y T is of all orthonormal bases the one nearest to Y, so that its leading
 * columns stay the leading ones. Where it does not, the {@link spectralStep}.
 */
export async function nearestStep(
  G: Matrix,
  kernels: Kernels,
  scale: (value: number, largest: number) => number,
): Promise<Step> {
  const { T, R } = await spectralStep(G, kernels, scale);
  if (T.cols < G.rows) return { T, R };
  // R T = I and R^T R = G, so R^T and T have the same columns but for their lengths
  const lengths = Float64Array.from({ length: R.rows }, (_, i) =>
    vectorNorm(R.data.subarray(i * R.cols, (i + 1) * R.cols)),
  );
  const vectors = transpose(R);
  for (let at = 0; at < vectors.data.length; at++) vectors.data[at]! /= lengths[at % vectors.cols]!;
  return { T: await kernels.gemm(T, vectors, { transB: true }), R: await kernels.gemm(vectors, R) };
}

/** Columns of Y in another order, those of `order`, are Q_new times the upper triangular `factor`. */
export interface TriangularStep {
  /** rank x rank, upper triangular. */
  factor: Matrix;
  /** Length rank: the columns of Y that are kept, in the order of pivots. */
  order: Int32Array;
  /** rank x k: Y = Q_new R up to what was cut off. */
  R: Matrix;
}

/**
 * The pivoted Cholesky factor of G, cut where what is left of every column is at most `cutoff` of the longest: half the
 * n-scale work of a spectral step, and a tenth of the small work. It needs a G that resolves the data.
 *
 * @throws NumericalError where G is not finite.
 */
export async function choleskyStep(G: Matrix, kernels: Kernels, cutoff: number): Promise<TriangularStep> {
  const k = G.rows;
  let largest = 0;
  for (let i = 0; i < k; i++) largest = Math.max(largest, G.data[i * k + i]!);
  if (!Number.isFinite(largest)) throw new NumericalError('orthonormalise: the columns have no finite lengths', {});
  const { R, pivots: order } = await pivotedCholesky(G, cutoff ** 2 * largest, kernels);
  const rank = R.rows;
  const factor = zeroMatrix(rank, rank);
  for (let i = 0; i < rank; i++) {
    for (let j = i; j < rank; j++) factor.data[i * rank + j] = R.data[i * k + order[j]!]!;
  }
  return { factor, order, R };
}

/** k x rank, T with Q_new = Y T: the inverse of the factor, with zeros for columns that were left out. */
export async function inverseOf({ factor, order, R }: TriangularStep, kernels: Kernels): Promise<Matrix> {
  const inverse = await invertUpper(factor, kernels);
  const T = zeroMatrix(R.cols, R.rows);
  for (const [row, column] of order.entries()) {
    T.data.set(inverse.data.subarray(row * T.cols, (row + 1) * T.cols), column * T.cols);
  }
  return T;
}

/**
 * T = I - E/2 + 3E^2/8 with E = G - I: the inverse square root, to E^3. R = I + E/2 - E^2/8 is its inverse, to E^3 / 4, made
 * so to rounding by Newton's iteration: later passes mend what is wrong with T, but not what is wrong with R.
 */
export async function polishingStep(G: Matrix, kernels: Kernels): Promise<Step> {
  const k = G.rows;
  const E: Matrix = { rows: k, cols: k, data: Float64Array.from(G.data) };
  for (let i = 0; i < k; i++) E.data[i * k + i]! -= 1;
  const squared = await kernels.gemm(E, E);
  const combine = (first: number, second: number): Matrix => {
    const S = zeroMatrix(k, k);
    for (let at = 0; at < S.data.length; at++) S.data[at] = first * E.data[at]! + second * squared.data[at]!;
    for (let i = 0; i < k; i++) S.data[i * k + i]! += 1;
    return S;
  };
  const T = combine(-1 / 2, 3 / 8);
  let R = combine(1 / 2, -1 / 8);
  for (let error = frobeniusNorm(E) ** 3 / 4; error > 1e-16; error **= 2) {
    const D = await kernels.gemm(T, R);
    for (let at = 0; at < D.data.length; at++) D.data[at]! *= -1;
    for (let i = 0; i < k; i++) D.data[i * k + i]! += 2;
    R = await kernels.gemm(R, D);
  }
  return { T, R };
}
