/** From eigenvectors of the tridiagonal matrix to those of A: blocks of reflectors in compact form (Schreiber & Van Loan 1989). */
import { multiply, type Operand } from '../product.ts';
import type { Thread } from '../thread.ts';
import { BLOCK, type Workspace } from './workspace.ts';

/** Reflectors first..first+count as rows of A, from column `from` on. */
function reflectorRows(work: Workspace, first: number, from: number): Operand {
  return { at: work.entry('A', first, from), outer: work.n * 8, depth: 8 };
}

/** T of H_first ... H_{first+count-1} = I - Y T Y^T, upper triangular with rows BLOCK apart; `gram` = Y^T Y. */
function compactFactor(T: Float64Array, gram: Float64Array, tau: Float64Array, first: number, count: number): void {
  T.fill(0);
  for (let j = 0; j < count; j++) {
    const factor = tau[first + j]!;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += T[i * BLOCK + k]! * gram[k * count + j]!;
      T[i * BLOCK + j] = -factor * sum;
    }
    T[j * BLOCK + j] = factor;
  }
}

/** Rows of W become rows of W H^T, H = H_0 H_1 ...: eigenvectors of A. */
export function backTransform(thread: Thread, work: Workspace): void {
  const { n, at } = work;
  const reflectors = Math.max(0, n - 2);
  const [projected, weighted] = [at.small, at.small + n * BLOCK * 8];
  const [factor, gram] = [at.factors, at.factors + BLOCK * BLOCK * 8];
  const common = { kind: 'productF64', packed: at.packed } as const;
  for (let first = Math.floor((reflectors - 1) / BLOCK) * BLOCK; first >= 0; first -= BLOCK) {
    const count = Math.min(BLOCK, reflectors - first);
    const from = first + 1;
    const length = n - from;
    const Y = reflectorRows(work, first, from);
    const G = { C: gram, rowBytes: count * 8, m: count, n: count, depth: length };
    multiply(thread, { ...common, ...G, A: Y, B: Y });
    if (thread.rank === 0) {
      const T = thread.float64(factor, BLOCK * BLOCK);
      compactFactor(T, thread.float64(gram, count * count), work.tau, first, count);
    }
    // W - ((W Y) T^T) Y^T; the barrier at the end of the first product also says that T is there.
    const rows = { at: work.entry('W', 0, from), outer: n * 8, depth: 8 };
    const panel = { rowBytes: BLOCK * 8, m: n, n: count };
    multiply(thread, { ...common, ...panel, A: rows, B: Y, C: projected, depth: length });
    const packedPanel = { at: projected, outer: BLOCK * 8, depth: 8 };
    const T = { at: factor, outer: BLOCK * 8, depth: 8 };
    multiply(thread, { ...common, ...panel, A: packedPanel, B: T, C: weighted, depth: count });
    multiply(thread, {
      ...common,
      A: { ...packedPanel, at: weighted },
      B: { at: Y.at, outer: Y.depth, depth: Y.outer },
      C: rows.at,
      rowBytes: n * 8,
      m: n,
      n: length,
      depth: count,
      alpha: -1,
      accumulate: true,
    });
  }
}
