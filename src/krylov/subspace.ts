/** A block Krylov subspace of given width, without restarts: the basis of a low-rank approximation. */
import { breathe, type Control } from '../core/schedule.ts';
import { begin, type Decomposition, expand, type KrylovContext, randomColumns, refill } from './decomposition.ts';

/** How wide, and in which steps. */
export interface SubspaceShape extends Control {
  /** Columns of the basis: as many products. */
  dims: number;
  /** Columns of the random start, and of each product. */
  blockSize: number;
}

/**
 * A V = V H + W B with `dims` columns V: the span of Omega, A Omega, A^2 Omega, ... for a random Omega (Musco & Musco 2015,
 * algorithm 2). Where A leaves the basis invariant earlier, random directions continue it.
 */
export async function krylovSubspace(
  { dims, blockSize, onProgress, signal }: SubspaceShape,
  context: KrylovContext,
): Promise<Decomposition> {
  const first = Math.min(blockSize, dims);
  let state = await begin(await randomColumns(context, 0, first), first, context);
  onProgress?.({ stage: 'sketch', done: 0, total: dims });
  while (state.H.rows < dims) {
    signal?.throwIfAborted();
    state = await expand(state, context, Math.min(state.W.cols, dims - state.H.rows));
    onProgress?.({ stage: 'sketch', done: state.H.rows, total: dims });
    if (state.H.rows < dims) state = await refill(state, blockSize, context);
    await breathe(signal);
  }
  return state;
}
