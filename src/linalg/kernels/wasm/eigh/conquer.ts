/** Divide and conquer on the tridiagonal matrix: leaves, then merges level by level. */
import type { Thread } from '../thread.ts';
import type { Node } from './deflate.ts';
import { solveLeaf } from './leaf.ts';
import { merge } from './merge.ts';
import type { Workspace } from './workspace.ts';

/** Largest matrix that is not divided. */
const LEAF = 32;

/** Leaves, and the nodes of each depth from the root down. */
interface Tree {
  leaves: { lo: number; hi: number }[];
  levels: Node[][];
}

function divide(lo: number, hi: number, depth: number, tree: Tree): Tree {
  if (hi - lo <= LEAF) tree.leaves.push({ lo, hi });
  else {
    const mid = (lo + hi) >> 1;
    tree.levels[depth] ??= [];
    tree.levels[depth].push({ lo, mid, hi });
    divide(lo, mid, depth + 1, tree);
    divide(mid, hi, depth + 1, tree);
  }
  return tree;
}

/** Runs `visit` on this thread's part of the items, each of which it handles alone. */
function scatter<Item>(thread: Thread, items: Item[], visit: (item: Item) => void): void {
  const mine = items.filter((_, i) => i % thread.size === thread.rank);
  thread.alone(() => {
    for (const item of mine) visit(item);
  });
  thread.kernels.barrier();
}

/**
 * Eigenvalues of the tridiagonal matrix (d, e) into d and its eigenvectors into the rows of W (zeros on entry), with
 * `order` the rows by ascending eigenvalue. Sets `status` when a leaf does not converge.
 */
export function conquer(thread: Thread, work: Workspace, notConverged: number): void {
  const { d, e, n } = work;
  const { leaves, levels } = divide(0, n, 0, { leaves: [], levels: [] });
  if (thread.rank === 0) {
    // T = (T with both diagonal entries beside the cut lowered by |e|) + |e| v v^T, v = unit vectors beside the cut.
    for (const { mid } of levels.flat()) {
      const coupling = Math.abs(e[mid - 1]!);
      d[mid - 1]! -= coupling;
      d[mid]! -= coupling;
    }
  }
  thread.kernels.barrier();
  scatter(thread, leaves, ({ lo, hi }) => {
    if (!solveLeaf(thread, work, lo, hi)) work.status[0] = notConverged;
  });
  for (const nodes of levels.reverse()) {
    if (nodes.length >= thread.size) scatter(thread, nodes, (node) => merge(thread, work, node));
    else for (const node of nodes) merge(thread, work, node);
  }
}
