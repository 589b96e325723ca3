/**
 * Deflation of a merge (Dongarra & Sorensen 1987; LAPACK's dlaed2): eigenpairs of the two halves that the coupling does
 * not change are set aside, and of two poles that nearly agree one is decoupled by a rotation.
 */
import type { Thread } from '../thread.ts';
import type { Workspace } from './workspace.ts';

/** Rows lo..mid and mid..hi of the tridiagonal matrix, each already diagonalised, joined by e[mid - 1]. */
export interface Node {
  lo: number;
  mid: number;
  hi: number;
}

/** Where an eigenvector of the joined halves has entries: in columns lo..mid, in both halves, or in mid..hi. */
const TOP = 0;
const BOTH = 1;
const BOTTOM = 2;

/** `order` of both halves merged: all rows by ascending d. */
export function mergeOrders(d: Float64Array, left: Int32Array, right: Int32Array): number[] {
  const merged: number[] = [];
  let at = 0;
  for (const row of left) {
    while (at < right.length && d[right[at]!]! < d[row]!) merged.push(right[at++]!);
    merged.push(row);
  }
  while (at < right.length) merged.push(right[at++]!);
  return merged;
}

/** Decouples row `first` from row `second` when their poles are so close that it costs only a rounding error. */
function rotateAway(thread: Thread, work: Workspace, node: Node, tolerance: number, first: number, second: number) {
  const { d, z } = work;
  const norm = Math.hypot(z[second]!, z[first]!);
  const c = z[second]! / norm;
  const s = -z[first]! / norm;
  if (Math.abs((d[second]! - d[first]!) * c * s) > tolerance) return false;
  z[second] = norm;
  z[first] = 0;
  const { lo, hi } = node;
  thread.kernels.rotate(work.entry('W', first, lo), work.entry('W', second, lo), c, s, hi - lo);
  const [dFirst, dSecond] = [d[first]!, d[second]!];
  d[first] = dFirst * c * c + dSecond * s * s;
  d[second] = dFirst * s * s + dSecond * c * c;
  return true;
}

/**
 * Prepares a merge on one thread: `counts` gets how many rows are kept with entries at the top, in both halves, at the
 * bottom; from lo on, `poles` and `polesZ` get the kept poles, ascending, `rows` the kept rows by kind with `grouped` and
 * `groupedZ` their poles and weights, and `place` where each pole went; behind them the deflated rows and their
 * eigenvalues, ascending.
 */
export function deflate(thread: Thread, work: Workspace, node: Node): void {
  const { n, d, e, z, W, order } = work;
  const { lo, mid, hi } = node;
  const coupling = e[mid - 1]!;
  const rho = 2 * Math.abs(coupling);
  let largest = 0;
  let largestZ = 0;
  for (let row = lo; row < hi; row++) {
    const entry = row < mid ? W[row * n + mid - 1]! : Math.sign(coupling) * W[row * n + mid]!;
    z[row] = Math.SQRT1_2 * entry;
    largest = Math.max(largest, Math.abs(d[row]!));
    largestZ = Math.max(largestZ, Math.abs(z[row]!));
  }
  const tolerance = 8 * 2 ** -53 * Math.max(largest, largestZ);
  const kind = new Uint8Array(hi - lo).fill(TOP, 0, mid - lo).fill(BOTTOM, mid - lo);
  const kept: number[] = [];
  const deflated: number[] = [];
  let previous = -1;
  for (const row of mergeOrders(d, order.subarray(lo, mid), order.subarray(mid, hi))) {
    if (rho * Math.abs(z[row]!) <= tolerance) {
      deflated.push(row);
      continue;
    }
    if (previous >= 0) {
      if (rotateAway(thread, work, node, tolerance, previous, row)) {
        deflated.push(previous);
        if (kind[previous - lo] !== kind[row - lo]) kind[row - lo] = BOTH;
      } else kept.push(previous);
    }
    previous = row;
  }
  if (previous >= 0) kept.push(previous);
  deflated.sort((i, j) => d[i]! - d[j]!);
  const groups = [TOP, BOTH, BOTTOM].map((wanted) => [...kept.keys()].filter((i) => kind[kept[i]! - lo] === wanted));
  work.rho[lo] = rho;
  work.counts.set(
    groups.map((group) => group.length),
    lo,
  );
  for (const [i, row] of kept.entries()) {
    work.poles[lo + i] = d[row]!;
    work.polesZ[lo + i] = z[row]!;
  }
  for (const [position, i] of groups.flat().entries()) {
    work.rows[lo + position] = kept[i]!;
    work.grouped[lo + position] = d[kept[i]!]!;
    work.groupedZ[lo + position] = z[kept[i]!]!;
    work.place[lo + i] = position;
  }
  for (const [i, row] of deflated.entries()) {
    work.rows[lo + kept.length + i] = row;
    work.poles[lo + kept.length + i] = d[row]!;
  }
}
