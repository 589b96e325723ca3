/** The whole search: settle the wanted pairs, then make sure that nothing is hidden from them. */
import { boundTheRest, type Completeness, endsOf } from './completeness.ts';
import type { Decomposition, KrylovContext } from './decomposition.ts';
import { beginRun, record, spectrumBounds } from './fresh-run.ts';
import { type Goal, Iteration, type Standing, type Stopped } from './iteration.ts';
import { settle } from './settle.ts';

/** Columns that a check may add to a full basis. */
export const CHECK_COLUMNS = 24;

/** The i-th run's share of what the confidence leaves, for each of the two ends: 3 / (pi i)^2, i = 1, 2, ... */
const levelOfRun = (confidence: number, run: number): number => 1 - ((1 - confidence) * 3) / (Math.PI * run) ** 2;

/** What a run has come to. */
type Outcome = { completeness: Completeness } | { stopped: Stopped } | 'found';

/** Follows a fresh run until it shows that something was hidden, or that nothing was. */
async function follow(iteration: Iteration, index: number): Promise<Outcome> {
  const { goal, context } = iteration;
  const { count, which, tol, confidence, checkSteps, basisColumns } = goal;
  const before = iteration.numMatvecs;
  const { state, run } = await beginRun(iteration.state, context);
  iteration.state = state;
  for (;;) {
    const stopped = iteration.refusal(1);
    if (stopped) return { stopped };
    await iteration.step(1);
    record(run, iteration.state);
    if (!iteration.isSettled || iteration.order === context.space.rows) return 'found';
    const margin = 2 * Math.max(tol * Math.abs(iteration.ritz.values[count - 1]!), iteration.floors.noise);
    const ends = endsOf(iteration.ritz, which, count, margin);
    const outside = await spectrumBounds(run, levelOfRun(confidence, index), context.kernels);
    const isNothing = outside.upper <= ends.upper && outside.lower >= ends.lower;
    const isSpent = run.diagonal.length >= checkSteps || iteration.order >= basisColumns + CHECK_COLUMNS;
    if (outside.largest > ends.upper || outside.smallest < ends.lower) return 'found';
    if (isNothing || isSpent) {
      const bounds = await boundTheRest(iteration.state, which, ends, outside, iteration.floors.noise, context);
      return { completeness: { confidence, ...bounds, numMatvecs: iteration.numMatvecs - before } };
    }
  }
}

/**
 * Looks for what the basis may hide: the other copies of a multiple eigenvalue (a block of b can see b), and anything that
 * the random start happened to miss. Fresh runs outside the basis are made until one shows, at the confidence asked for,
 * that nothing beyond the wanted pairs is left there, or has taken its share of products; what a run finds is settled
 * first.
 */
async function check(iteration: Iteration): Promise<Standing> {
  const { goal, context } = iteration;
  const before = iteration.numMatvecs;
  for (let index = 1; iteration.state.W.cols > 0 && iteration.order < context.space.rows; index++) {
    const outcome = await follow(iteration, index);
    if (outcome === 'found') {
      if (iteration.order >= goal.basisColumns) await iteration.restart();
      const stopped = iteration.isSettled ? undefined : await settle(iteration);
      if (stopped) return iteration.standing(stopped);
    } else if ('stopped' in outcome) return iteration.standing(outcome.stopped);
    else {
      const numMatvecs = iteration.numMatvecs - before;
      return iteration.standing(undefined, { ...outcome.completeness, numMatvecs });
    }
  }
  return iteration.standing(undefined, invariant(iteration));
}

/** A basis that A leaves invariant and that must have seen everything: the wanted values themselves bound the rest. */
function invariant({ ritz, goal, floors }: Iteration): Completeness {
  const { upper, lower } = endsOf(ritz, goal.which, goal.count, floors.noise);
  return {
    confidence: 1,
    ...(Number.isFinite(upper) ? { upper } : {}),
    ...(Number.isFinite(lower) ? { lower } : {}),
    numMatvecs: 0,
  };
}

/**
 * Goes on from `state` until the goal is reached, or cannot be.
 * @throws NumericalError for an operator that is not symmetric, or whose products are not finite.
 */
export async function iterate(start: Decomposition, goal: Goal, context: KrylovContext): Promise<Standing> {
  const iteration = new Iteration(start, goal, context);
  const stopped = await settle(iteration);
  if (stopped || goal.confidence === 0) return iteration.standing(stopped);
  if (iteration.state.W.cols > 0) return check(iteration);
  return iteration.standing(undefined, invariant(iteration));
}
