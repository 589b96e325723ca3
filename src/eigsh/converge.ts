/** The loop of block Krylov iteration: expand, test for convergence, restart. */

import { refill, rotateWaiting } from '../krylov/decomposition.ts';
import { selectColumns } from '../linalg/small.ts';
import type { EigshStatus, Iteration } from './iteration.ts';

/**
 * An invariant basis is complete when it is everything, or when it came of `count` random columns: every eigenvalue has
 * then shown as often as `count` pairs can hold, with probability one.
 */
const needsMore = ({ state, order, settings, context }: Iteration): boolean =>
  order < context.space.rows && state.drawn < settings.count;

/**
 * Turns W so that its last columns are those that the unconverged wanted pairs have most of their residuals in, where more
 * columns wait than are multiplied at a time.
 */
async function aimAtResiduals(iteration: Iteration): Promise<void> {
  const { state, ritz, settings, context, unconverged } = iteration;
  if (state.W.cols <= settings.blockSize || unconverged.length === 0) return;
  const wanted = selectColumns(ritz.S, unconverged, () => 1);
  iteration.state = await rotateWaiting(state, await context.kernels.gemm(state.B, wanted), context);
}

/**
 * Columns of the next product, none once every wanted pair has converged or the basis is everything. Once A leaves the basis
 * invariant, random directions continue it: they find further copies of multiple eigenvalues.
 */
async function nextColumns(iteration: Iteration): Promise<number> {
  const { state, settings, context } = iteration;
  const isInvariant = state.W.cols === 0;
  if (iteration.hasConverged && !(isInvariant && needsMore(iteration))) return 0;
  const missing = Math.min(settings.count - state.drawn, context.space.blockColumns);
  const width = isInvariant ? Math.max(settings.blockSize, missing) : settings.blockSize;
  iteration.state = await refill(state, width, context);
  return Math.min(width, iteration.state.W.cols);
}

/** Expands and restarts until every wanted pair has converged. */
export async function converge(iteration: Iteration): Promise<EigshStatus | undefined> {
  for (;;) {
    const columns = await nextColumns(iteration);
    if (columns === 0) return undefined;
    // there is nothing to return before the first product
    const refusal = iteration.order === 0 ? undefined : iteration.refusal(columns);
    if (refusal) return refusal;
    await aimAtResiduals(iteration);
    if (iteration.order + columns > iteration.settings.basisColumns) await iteration.restart();
    await iteration.step(columns);
  }
}
