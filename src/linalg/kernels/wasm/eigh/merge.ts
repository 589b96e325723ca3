/**
 * The step of Cuppen's divide and conquer (1981; LAPACK's dlaed1 to dlaed3): from the eigenpairs of two halves to those
 * of the whole, by an eigenproblem diagonal plus rank one and two products of matrices.
 */
import { multiply } from '../product.ts';
import type { Thread } from '../thread.ts';
import { deflate, mergeOrders, type Node } from './deflate.ts';
import { packedPerRow, type Workspace } from './workspace.ts';

/** What deflation has left: how many rows of each kind, and the sizes of both halves. */
interface Shape {
  top: number;
  both: number;
  bottom: number;
  kept: number;
  upper: number;
  lower: number;
}

/** Where the copies of a node's rows begin in Q, in entries: top parts, bottom parts, whole deflated rows. */
function copies({ n }: Workspace, { lo }: Node, { top, both, bottom, upper, lower }: Shape) {
  const tops = lo * n;
  const bottoms = tops + (top + both) * upper;
  return { tops, bottoms, deflated: bottoms + (both + bottom) * lower };
}

/** Copies this thread's share of the node's rows out of W: kept rows by halves, so that zeros are not multiplied. */
function saveRows(thread: Thread, work: Workspace, node: Node, shape: Shape): void {
  const { n, W, Q, rows } = work;
  const { lo, mid, hi } = node;
  const { tops, bottoms, deflated } = copies(work, node, shape);
  const { start, end } = thread.share(hi - lo);
  for (let i = start; i < end; i++) {
    const row = rows[lo + i]! * n;
    if (i >= shape.kept) Q.set(W.subarray(row + lo, row + hi), deflated + (i - shape.kept) * (hi - lo));
    else {
      if (i < shape.top + shape.both) Q.set(W.subarray(row + lo, row + mid), tops + i * shape.upper);
      if (i >= shape.top) Q.set(W.subarray(row + mid, row + hi), bottoms + (i - shape.top) * shape.lower);
    }
  }
}

/** The eigenvectors of the rank-one problem as rows of S; `origins` + `taus` are its eigenvalues. */
function solveRankOne(thread: Thread, work: Workspace, node: Node, kept: number): void {
  const { at, n } = work;
  const { lo } = node;
  const s = at.S + lo * n * 8;
  if (kept === 1) {
    if (thread.rank === 0) {
      work.origins[lo] = work.poles[lo]!;
      work.taus[lo] = work.rho[lo]! * work.polesZ[lo]! ** 2;
      thread.float64(s, 1)[0] = 1;
    }
    thread.kernels.barrier();
    return;
  }
  const from = (piece: keyof typeof at): number => at[piece] + lo * 8;
  thread.kernels.rankOneVectors(
    kept,
    from('poles'),
    from('polesZ'),
    work.rho[lo]!,
    from('grouped'),
    from('groupedZ'),
    at.place + lo * 4,
    from('origins'),
    from('taus'),
    from('weights'),
    s,
  );
}

/** One half of the kept rows' new eigenvectors: columns from..from+cols of W become S[:, first..first+depth] times copies. */
function multiplyHalf(
  thread: Thread,
  work: Workspace,
  { lo }: Node,
  { kept }: Shape,
  half: { from: number; cols: number; first: number; depth: number; copies: number },
): void {
  const { at, n, W } = work;
  if (half.depth === 0) {
    const { start, end } = thread.share(kept);
    for (let i = lo + start; i < lo + end; i++) W.fill(0, i * n + half.from, i * n + half.from + half.cols);
    return;
  }
  multiply(thread, {
    kind: 'productF64',
    A: { at: at.S + (lo * n + half.first) * 8, outer: kept * 8, depth: 8 },
    B: { at: at.Q + half.copies * 8, outer: 8, depth: half.cols * 8 },
    C: work.entry('W', lo, half.from),
    rowBytes: n * 8,
    m: kept,
    n: half.cols,
    depth: half.depth,
    packed: at.packed + lo * packedPerRow(n) * 8,
  });
}

/** Eigenvalues into d and the ascending order of the node's rows into `order`. */
function finish({ d, poles, origins, taus, order }: Workspace, { lo, hi }: Node, kept: number): void {
  for (let i = lo; i < lo + kept; i++) d[i] = origins[i]! + taus[i]!;
  for (let i = lo + kept; i < hi; i++) d[i] = poles[i]!;
  const rows = Int32Array.from({ length: hi - lo }, (_, i) => lo + i);
  order.set(mergeOrders(d, rows.subarray(0, kept), rows.subarray(kept)), lo);
}

/** Joins the two halves of a node; called by every thread of the team. */
export function merge(thread: Thread, work: Workspace, node: Node): void {
  const { kernels } = thread;
  const { n, W, Q, counts } = work;
  const { lo, mid, hi } = node;
  if (thread.rank === 0) deflate(thread, work, node);
  kernels.barrier();
  const [top, both, bottom] = [counts[lo]!, counts[lo + 1]!, counts[lo + 2]!];
  const shape = { top, both, bottom, kept: top + both + bottom, upper: mid - lo, lower: hi - mid };
  const { kept, upper, lower } = shape;
  const { tops, bottoms, deflated } = copies(work, node, shape);
  saveRows(thread, work, node, shape);
  if (kept > 0) {
    solveRankOne(thread, work, node, kept);
    multiplyHalf(thread, work, node, shape, { from: lo, cols: upper, first: 0, depth: top + both, copies: tops });
    multiplyHalf(thread, work, node, shape, {
      from: mid,
      cols: lower,
      first: top,
      depth: both + bottom,
      copies: bottoms,
    });
  } else kernels.barrier();
  const { start, end } = thread.share(hi - lo - kept);
  for (let i = start; i < end; i++) {
    const from = deflated + i * (hi - lo);
    W.set(Q.subarray(from, from + hi - lo), (lo + kept + i) * n + lo);
  }
  if (thread.rank === 0) finish(work, node, kept);
  kernels.barrier();
}
