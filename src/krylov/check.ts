/** The whole search: settle the wanted pairs, then make sure that nothing is hidden from them. */
import { boundTheRest, type Completeness, endsOf } from './completeness.ts';
import type { KrylovContext } from './decomposition.ts';
import { beginRun, type FreshRun, spectrumBounds } from './fresh-run.ts';
import { type Goal, Iteration, type Standing, type Stopped } from './iteration.ts';
import type { Check, Journal, Search } from './search.ts';
import { settle } from './settle.ts';

/** Columns that a check may add to a full basis. */
export const CHECK_COLUMNS = 24;

/** The i-th run's share of what the confidence leaves, for each of the two ends: 3 / (pi i)^2, i = 1, 2, ... */
const levelOfRun = (confidence: number, run: number): number => 1 - ((1 - confidence) * 3) / (Math.PI * run) ** 2;

/** What a run has come to. */
type Outcome = { completeness: Omit<Completeness, 'numMatvecs'> } | { stopped: Stopped } | 'found';

/** Begins the next run outside the basis. */
async function beginNextRun(iteration: Iteration): Promise<Check & { run: FreshRun }> {
  const { runs = 0, firstProduct = iteration.numMatvecs } = iteration.check ?? {};
  if (runs > 0 && iteration.order >= iteration.goal.basisColumns) await iteration.restart();
  const { state, run } = await beginRun(iteration.state, iteration.context);
  iteration.state = state;
  return { runs: runs + 1, firstProduct, run };
}

/** What the products of a run say so far; nothing while another one is worth its price. */
async function judge(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome | undefined> {
  const { goal, context } = iteration;
  const { count, which, tol, confidence, checkSteps, basisColumns } = goal;
  if (!iteration.isSettled || iteration.order === context.space.rows) return 'found';
  const margin = 2 * Math.max(tol * Math.abs(iteration.ritz.values[count - 1]!), iteration.floors.noise);
  const ends = endsOf(iteration.ritz, which, count, margin);
  const outside = await spectrumBounds(run, levelOfRun(confidence, index), context.kernels);
  const isNothing = outside.upper <= ends.upper && outside.lower >= ends.lower;
  const isSpent = run.diagonal.length >= checkSteps || iteration.order >= basisColumns + CHECK_COLUMNS;
  if (outside.largest > ends.upper || outside.smallest < ends.lower) return 'found';
  if (!isNothing && !isSpent) return undefined;
  const bounds = await boundTheRest(iteration.state, which, ends, outside, iteration.floors.noise, context);
  return { completeness: { confidence, ...bounds } };
}

/** Follows a fresh run until it shows that something was hidden, or that nothing was. */
async function follow(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome> {
  for (;;) {
    const outcome = run.diagonal.length > 0 ? await judge(iteration, run, index) : undefined;
    if (outcome) return outcome;
    const stopped = iteration.refusal(1);
    if (stopped) return { stopped };
    await iteration.step(1);
  }
}

/** A basis that A leaves invariant and that must have seen everything: the wanted values themselves bound the rest. */
function invariant({ ritz, goal, floors }: Iteration): Omit<Completeness, 'numMatvecs'> {
  const { upper, lower } = endsOf(ritz, goal.which, goal.count, floors.noise);
  return {
    confidence: 1,
    ...(Number.isFinite(upper) ? { upper } : {}),
    ...(Number.isFinite(lower) ? { lower } : {}),
  };
}

/**
 * Goes on with a search until its goal is reached, or cannot be.
 *
 * Once the wanted pairs are settled, the basis may still hide some: the other copies of a multiple eigenvalue (a block of b
 * can see b), and anything that the random start happened to miss. Fresh runs outside the basis are made until one shows,
 * at the confidence asked for, that nothing beyond the wanted pairs is left there, or has taken its share of products; what
 * a run finds is settled first.
 *
 * @param journal is told of every product
 * @throws NumericalError for an operator that is not symmetric, or whose products are not finite.
 */
export async function iterate(
  search: Search,
  goal: Goal,
  context: KrylovContext,
  journal?: Journal,
): Promise<Standing> {
  const iteration = new Iteration(search, goal, context, journal);
  if (iteration.order > 0) await iteration.look();
  for (;;) {
    let { run } = iteration.check ?? {};
    if (!run) {
      const stopped = await settle(iteration);
      if (stopped || goal.confidence === 0) return iteration.standing(stopped);
      if (iteration.state.W.cols === 0) return iteration.standing(undefined, invariant(iteration));
      const check = await beginNextRun(iteration);
      iteration.check = check;
      run = check.run;
    }
    const check = iteration.check!;
    const outcome = await follow(iteration, run, check.runs);
    if (outcome !== 'found') {
      return 'stopped' in outcome
        ? iteration.standing(outcome.stopped)
        : iteration.standing(undefined, outcome.completeness);
    }
    iteration.check = { ...check, run: undefined };
  }
}
