/** The program of a symmetric eigendecomposition, run by every thread of a team. */
import { maximum } from '../../../../core/extremes.ts';
import type { Address } from '../module.ts';
import type { Thread } from '../thread.ts';
import { backTransform } from './back.ts';
import { conquer } from './conquer.ts';
import { tridiagonalise } from './tridiagonal.ts';
import { Workspace } from './workspace.ts';

/** `work`: n x n matrix to decompose, followed by the rest of the `workspaceBytes(n)`. */
export interface EighArguments {
  work: Address;
  n: number;
}

/** How a decomposition ended. */
export const STATUS = { done: 0, notFinite: 1, notConverged: 2 } as const;

/** A power of two that brings the largest entry near 1, out of reach of overflow and underflow of squares. */
function scaleFor(largest: number): number {
  if (largest === 0) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.ceil(Math.log2(largest))));
}

/**
 * Decomposes the symmetric part of the matrix in A. Leaves the eigenvalues, ascending, in `z`, the eigenvectors as
 * columns of the row-major n x n matrix in Q, and how it went in `status`.
 */
export function eigh(thread: Thread, { work: base, n }: EighArguments): void {
  const work = new Workspace(thread, base, n);
  const { kernels, rank, size } = thread;
  const { at, status, maxima } = work;
  if (rank === 0) status[0] = STATUS.done;
  maxima[rank] = kernels.averageUpper(at.A, n);
  kernels.barrier();
  const largest = maximum(maxima.subarray(0, size));
  if (!Number.isFinite(largest)) {
    if (rank === 0) status[0] = STATUS.notFinite;
    return;
  }
  const factor = scaleFor(largest);
  kernels.scaleAll(at.A, n, factor);
  kernels.mirrorUpper(at.A, n);
  tridiagonalise(thread, work);
  const { start, end } = thread.share(n);
  work.W.fill(0, start * n, end * n);
  conquer(thread, work, STATUS.notConverged);
  if (status[0] !== STATUS.done) return;
  backTransform(thread, work);
  kernels.transposeRows(at.W, n, at.order, at.Q);
  if (rank === 0) for (let i = 0; i < n; i++) work.z[i] = work.d[work.order[i]!]! / factor;
}
