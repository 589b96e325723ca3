/**
 * Householder reduction to tridiagonal form in panels (Dongarra, Sorensen & Hammarling 1989, LAPACK's dsytrd): half of
 * the work is one matrix-vector product per column, the other half a product of matrices per panel.
 */
import { multiply } from '../product.ts';
import type { Thread } from '../thread.ts';
import { PANEL, type Workspace } from './workspace.ts';

/** A = H T H^T: T goes to d (diagonal) and e (beside it), the reflectors of H = H_0 H_1 ... to the rows of A and tau. */
export function tridiagonalise(thread: Thread, work: Workspace): void {
  const { n, at, d, e } = work;
  const { kernels } = thread;
  const reflectors = Math.max(0, n - 2);
  for (let first = 0; first < reflectors; first += PANEL) {
    const width = Math.min(PANEL, reflectors - first);
    for (let j = first; j < first + width; j++) {
      if (thread.rank === 0) kernels.panelReflector(at.A, n, at.S, width, first, j, at.d, at.e, at.tau);
      kernels.barrier();
      kernels.panelProducts(at.A, n, at.S, width, first, j, at.z, at.small);
      if (thread.rank === 0) kernels.panelFinish(n, at.S, width, first, j, at.z, at.small, at.tau);
    }
    kernels.barrier();
    const next = first + width;
    multiply(thread, {
      kind: 'productF64',
      A: { at: at.S + next * 8, outer: 8, depth: n * 8 },
      B: { at: at.S + (width * n + next) * 8, outer: 8, depth: n * 8 },
      C: work.entry('A', next, next),
      rowBytes: n * 8,
      m: n - next,
      n: n - next,
      depth: 2 * width,
      alpha: -1,
      accumulate: true,
      packed: at.packed,
    });
  }
  if (thread.rank === 0) {
    const A = thread.float64(at.A, n * n);
    for (let j = reflectors; j < n; j++) d[j] = A[j * n + j]!;
    if (n > 1) e[n - 2] = A[(n - 2) * n + n - 1]!;
  }
  kernels.barrier();
}
