/** Eigenpairs of small symmetric matrices by Jacobi's method: slow, obvious, and independent of the code under test. */
import type { Block } from '../../src/core/block.ts';

/** Eigenvalues ascending, and the eigenvector of each as a plain array. */
export function jacobi({ rows: n, data }: Block): { values: number[]; vectors: number[][] } {
  const A = Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * n, (i + 1) * n)));
  const V = A.map((_, i) => A.map((_, j) => Number(i === j)));
  const rotate = (X: number[][], p: number, q: number, c: number, s: number): void => {
    for (const row of X) [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
  };
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (A[p]![q] === 0) continue;
        const angle = Math.atan2(2 * A[p]![q]!, A[q]![q]! - A[p]![p]!) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        rotate(A, p, q, c, s);
        for (let j = 0; j < n; j++) {
          [A[p]![j], A[q]![j]] = [c * A[p]![j]! - s * A[q]![j]!, s * A[p]![j]! + c * A[q]![j]!];
        }
        rotate(V, p, q, c, s);
      }
    }
  }
  const order = Array.from(A.keys()).sort((i, j) => A[i]![i]! - A[j]![j]!);
  return { values: order.map((i) => A[i]![i]!), vectors: order.map((i) => V.map((row) => row[i]!)) };
}
