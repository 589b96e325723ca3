/** XTrace without any two of its vectors, for its standard error. */
import type { Matrix } from '../core/block.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { smallColumnDots, smallTrace } from './columns.ts';
import { formWithout, jackknifeError } from './jackknife.ts';

/** Q R = A Omega of full rank k, and what was measured with it. */
export interface TraceMeasurement {
  /** Q^T A Q. */
  H: Matrix;
  /** Q^T Omega. */
  W: Matrix;
  /** (A Q)^T Omega. */
  V: Matrix;
  /** R^-1; rows t_i. */
  T: Matrix;
  /** ||w_i||^2. */
  squares: Float64Array;
  n: number;
}

/**
 * The jackknife of XTrace. Without vectors i and l the range loses the span of t_l and of b = t_i less its part along t_l: with
 * their orthonormal multiples p and q, P_il = Q (I - p p^T - q q^T) Q^T, and sample i without l is, as in XTrace,
 *
 *     tr H - p^T H p - q^T H q + (n - k + 2) / (||w||^2 - ||x||^2) (w^T r - v^T x - x^T r + x^T H x),  x = w - p p^T w - q q^T w
 *
 * for w, v, r column i of W, V, R. t_l^T r = 0 and b^T r = 1, so all of it comes from k x k matrices of inner products.
 */
export async function leaveTwoOutError(
  { H, W, V, T, squares, n }: TraceMeasurement,
  kernels: Kernels,
): Promise<number> {
  const k = T.rows;
  const at = (A: Matrix, i: number, j: number): number => A.data[i * k + j]!;
  const trace = smallTrace(H);
  const HW = await kernels.gemm(H, W);
  const N = await kernels.gemm(T, T, { transB: true });
  const M = await kernels.gemm(await kernels.gemm(T, H), T, { transB: true });
  const TW = await kernels.gemm(T, W);
  // what multiplies a vector of the range in v^T x - w^T H x - x^T H w, row by row for t_l
  const pull = { ...HW, data: HW.data.map((value, index) => V.data[index]! - value) };
  const HtW = await kernels.gemm(H, W, { transA: true });
  for (let index = 0; index < pull.data.length; index++) pull.data[index]! -= HtW.data[index]!;
  const TP = await kernels.gemm(T, pull);
  const lengthsInside = smallColumnDots(W, W);
  // w^T r - v^T w - w^T r + w^T H w: the form with x = w
  const crossed = smallColumnDots(V, W);
  const whole = smallColumnDots(W, HW).map((value, i) => value - crossed[i]!);
  return jackknifeError(k, (i, l) => {
    const along = at(N, i, l) / at(N, l, l);
    const square = formWithout(N, N, i, l);
    const curvature = formWithout(M, N, i, l);
    // coefficients of x = w - a t_l - b (t_i - along t_l)
    const a = at(TW, l, i) / at(N, l, l);
    const b = (at(TW, i, i) - along * at(TW, l, i)) / square;
    const linear = a * at(TP, l, i) + b * (at(TP, i, i) - along * at(TP, l, i));
    const mixed = at(M, i, l) + at(M, l, i) - 2 * along * at(M, l, l);
    const form = whole[i]! + linear + b + a * a * at(M, l, l) + a * b * mixed + b * b * curvature;
    const outside = squares[i]! - lengthsInside[i]! + a * at(TW, l, i) + b * b * square;
    const known = trace - at(M, l, l) / at(N, l, l) - curvature / square;
    return known + ((n - k + 2) / outside) * form;
  });
}
