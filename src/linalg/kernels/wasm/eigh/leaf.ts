/** Eigenvectors of a small tridiagonal matrix by the implicit QR iteration (Golub & Van Loan, section 8.3). */
import type { Thread } from '../thread.ts';
import type { Workspace } from './workspace.ts';

/** Steps per eigenvalue after which the iteration is given up; two or three are usual. */
const MAX_STEPS = 60;

/**
 * Entries of T below this are taken for zero: T is scaled to norm near 1, so that is far below its rounding errors, and
 * rotations are never computed from numbers that have lost digits to underflow.
 */
const NEGLIGIBLE = 1e-100;

/** One QR step with Wilkinson's shift on the unreduced block first..last of T; its rotations go to the rows of W. */
function step(thread: Thread, work: Workspace, first: number, last: number, left: number, length: number): void {
  const { d, e } = work;
  const half = 0.5 * (d[last - 1]! - d[last]!);
  const beside = e[last - 1]!;
  const radius = Math.hypot(half, beside);
  const shift = d[last]! - beside * (beside / (half + (half < 0 ? -radius : radius)));
  let x = d[first]! - shift;
  let bulge = e[first]!;
  for (let k = first; k < last; k++) {
    const r = Math.hypot(x, bulge);
    const c = r < NEGLIGIBLE ? 1 : x / r;
    const s = r < NEGLIGIBLE ? 0 : bulge / r;
    if (k > first) e[k - 1] = r;
    const [dk, dNext, ek] = [d[k]!, d[k + 1]!, e[k]!];
    d[k] = c * c * dk + 2 * c * s * ek + s * s * dNext;
    d[k + 1] = s * s * dk - 2 * c * s * ek + c * c * dNext;
    e[k] = c * s * (dNext - dk) + (c - s) * (c + s) * ek;
    x = e[k]!;
    if (k + 1 < last) {
      bulge = s * e[k + 1]!;
      e[k + 1]! *= c;
    }
    thread.kernels.rotate(work.entry('W', k, left), work.entry('W', k + 1, left), c, s, length);
  }
}

/**
 * Diagonalises rows lo..hi of T, coupled to nothing outside: d becomes the eigenvalues, rows lo..hi of W (zeros on
 * entry) the eigenvectors, `order` their ascending order. Returns whether the iteration converged.
 */
export function solveLeaf(thread: Thread, work: Workspace, lo: number, hi: number): boolean {
  const { n, d, e, W, order } = work;
  for (let i = lo; i < hi; i++) W[i * n + i] = 1;
  let steps = MAX_STEPS * (hi - lo);
  for (let last = hi - 1; last > lo; ) {
    const coupled = (k: number): boolean =>
      Math.abs(e[k]!) > Math.max(NEGLIGIBLE, 2 ** -53 * (Math.abs(d[k]!) + Math.abs(d[k + 1]!)));
    if (!coupled(last - 1)) {
      last--;
      continue;
    }
    if (steps-- === 0) return false;
    let first = last - 1;
    while (first > lo && coupled(first - 1)) first--;
    step(thread, work, first, last, lo, hi - lo);
  }
  const rows = Array.from({ length: hi - lo }, (_, i) => lo + i);
  order.set(
    rows.sort((i, j) => d[i]! - d[j]!),
    lo,
  );
  return true;
}
