/** Least squares with a tall, well-conditioned matrix, through its small Gram matrix. */
import type { Matrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import type { Kernels } from './kernels/provider.ts';
import { scaleRows, selectColumns } from './small.ts';

/**
 * The minimum-norm least-squares solution X of B X = M, B: s x k with s >= k.
 *
 * Goes through B^T B = V diag(w) V^T and drops directions with w <= k u w_max, u of float64. The squared condition
 * number is harmless where this is used: B = L^T Q with orthonormal Q and s >= 2k+1 random columns in L, whose condition
 * number is at most about (1 + sqrt(k/s)) / (1 - sqrt(k/s)) < 6 (Davidson & Szarek 2001, theorem II.13).
 */
export async function leastSquares(B: Matrix, M: Matrix, kernels: Kernels): Promise<Matrix> {
  const { values, vectors } = await kernels.eigh(await kernels.gemm(B, B, { transA: true }));
  const largest = values.at(-1) ?? 0;
  const cutoff = values.length * unitRoundoff('float64') * largest;
  const kept = Array.from(values.keys()).filter((i) => values[i]! > cutoff);
  const V = selectColumns(vectors, kept, () => 1);
  const rotated = await kernels.gemm(V, await kernels.gemm(B, M, { transA: true }), { transA: true });
  return kernels.gemm(
    V,
    scaleRows(
      rotated,
      Float64Array.from(kept, (i) => 1 / values[i]!),
    ),
  );
}
