/** The loop of block Krylov iteration: expand, look, restart. */

import { refill, rotateWaiting } from '../krylov/decomposition.ts';
import { selectColumns } from '../linalg/small.ts';
import type { Iteration, Stopped } from './iteration.ts';

/**
 * An invariant basis is complete when it is everything, or when it came of `count` random columns: every eigenvalue has
 * then shown as often as `count` pairs can hold, with probability one.
 */
const needsMore = ({ state, order, goal, context }: Iteration): boolean =>
  order < context.space.rows && state.drawn < goal.count;

/**
 * Turns W so that its last columns are those that the unconverged wanted pairs have most of their residuals in, where more
 * columns wait than are multiplied at a time.
 */
async function aimAtResiduals(iteration: Iteration): Promise<void> {
  const { state, ritz, goal, context, unconverged } = iteration;
  if (state.W.cols <= goal.blockSize || unconverged.length === 0) return;
  const wanted = selectColumns(ritz.S, unconverged, () => 1);
  iteration.state = await rotateWaiting(state, await context.kernels.gemm(state.B, wanted), context);
}

/**
 * Columns of the next product, none once every wanted pair has converged or the basis is everything. Once A leaves the basis
 * invariant, random directions continue it: they find further copies of multiple eigenvalues.
 */
async function nextColumns(iteration: Iteration): Promise<number> {
  const { state, goal, context } = iteration;
  const isInvariant = state.W.cols === 0;
  if (iteration.isSettled && !(isInvariant && needsMore(iteration))) return 0;
  const missing = Math.min(goal.count - state.drawn, context.space.blockColumns);
  const width = isInvariant ? Math.max(goal.blockSize, missing) : goal.blockSize;
  iteration.state = await refill(state, width, context);
  return Math.min(width, iteration.state.W.cols);
}

/** Expands and restarts until every wanted pair has converged. */
export async function converge(iteration: Iteration): Promise<Stopped | undefined> {
  for (;;) {
    const columns = await nextColumns(iteration);
    if (columns === 0) return undefined;
    // there is nothing to return before the first product
    const refusal = iteration.order === 0 ? undefined : iteration.refusal(columns);
    if (refusal) return refusal;
    await aimAtResiduals(iteration);
    if (iteration.order + columns > iteration.goal.basisColumns) await iteration.restart();
    await iteration.step(columns);
  }
}
