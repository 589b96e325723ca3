/** The loop of block Krylov iteration: expand, look, restart. */
import { selectColumns } from '../linalg/small.ts';
import { refill, turn } from './decomposition.ts';
import type { Iteration, Stopped } from './iteration.ts';

/**
 * An invariant basis is complete when it is everything, or when it came of `count` random columns: every eigenvalue has
 * then shown as often as `count` pairs can hold, with probability one.
 */
const needsMore = ({ state, order, goal, context }: Iteration): boolean =>
  order < context.space.rows && state.drawn < goal.count;

/**
 * Turns W so that its last columns are those that the unsettled wanted pairs have most of their residuals in, where more
 * columns wait than are multiplied at a time.
 */
async function aimAtResiduals(iteration: Iteration): Promise<void> {
  const { state, ritz, goal, context, unsettled } = iteration;
  if (state.W.cols <= goal.blockSize || unsettled.length === 0) return;
  const wanted = selectColumns(ritz.S, unsettled, () => 1);
  iteration.state = await turn(state, await context.kernels.gemm(state.B, wanted), context);
}

/**
 * Expands and restarts until every wanted pair is settled, or the basis is everything and no pair can be better. Once A leaves the basis invariant, random directions continue
 * it: they find further copies of multiple eigenvalues.
 */
export async function settle(iteration: Iteration): Promise<Stopped | undefined> {
  const { goal, context } = iteration;
  const { count, blockSize, basisColumns } = goal;
  let columns = Math.min(blockSize, iteration.state.W.cols);
  for (;;) {
    await aimAtResiduals(iteration);
    if (iteration.order + columns > basisColumns) await iteration.restart();
    await iteration.step(columns);
    const isInvariant = iteration.state.W.cols === 0;
    if (isInvariant && iteration.order >= context.space.rows) return undefined;
    if (iteration.isSettled && !(isInvariant && needsMore(iteration))) return undefined;
    const width = isInvariant ? Math.max(blockSize, count - iteration.state.drawn) : blockSize;
    iteration.state = await refill(iteration.state, width, context);
    columns = Math.min(width, iteration.state.W.cols);
    const refusal = iteration.refusal(columns);
    if (refusal) return refusal;
  }
}
