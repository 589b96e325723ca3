/** The whole search: make the wanted pairs converge, then make sure that nothing is hidden from them. */

import type { KrylovContext } from '../krylov/decomposition.ts';
import { beginRun, type FreshRun, type SpectrumBounds, spectrumBounds, stepsToExclude } from '../krylov/fresh-run.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { boundTheRest, type Completeness, endsOf } from './completeness.ts';
import { converge } from './converge.ts';
import { type EigshStatus, Iteration, type SearchSettings, type SearchState } from './iteration.ts';
import { CHECK_COLUMNS } from './options.ts';
import type { Journal, Search } from './search.ts';

/** The level of what the i-th run says, i = 1, 2, ..., of each of the ends that are wanted. */
function levelOfRun({ confidence, which, count }: SearchSettings, run: number): number {
  const ends = which === 'LA' || which === 'SA' || (which === 'BE' && count === 1) ? 1 : 2;
  return levelAtLook(confidence, run, ends);
}

/** A run may take this part of the products of the search, where no confidence was asked for. */
const CHECK_SHARE = 0.1;

/** What a run has come to. */
type Outcome = SpectrumBounds | { stopped: EigshStatus } | 'missedPair';

/** Begins the next run outside the basis. */
async function beginNextRun(iteration: Iteration): Promise<void> {
  const { runs = 0, firstProduct = iteration.numMatvecs } = iteration.check ?? {};
  if (runs > 0 && iteration.order >= iteration.settings.basisColumns) await iteration.restart();
  const wanted = iteration.ritz.values.subarray(0, iteration.settings.count);
  const { state, run } = await beginRun(iteration.state, Array.from(wanted), iteration.context);
  iteration.state = state;
  iteration.check = { runs: runs + 1, firstProduct, run };
}

/** How far beyond the last wanted pair others are ties and no misses. */
function marginOf({ ritz, settings, floors }: Iteration): number {
  return 2 * Math.max(settings.tol * Math.abs(ritz.values[settings.count - 1]!), floors.noise);
}

/** Whether another pair has come in among the wanted ones since a run began. */
function hasChanged(iteration: Iteration, { wanted }: FreshRun): boolean {
  const margin = marginOf(iteration);
  return wanted.some((value, i) => Math.abs(value - iteration.ritz.values[i]!) > margin);
}

/** What the products of a run say so far; nothing while another one is worth its price. */
async function assess(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome | undefined> {
  const { settings, context } = iteration;
  const { count, which, checkSteps, basisColumns } = settings;
  const most = Math.max(checkSteps, Math.floor(CHECK_SHARE * iteration.check!.firstProduct));
  const ends = endsOf(iteration.ritz, which, count, marginOf(iteration));
  const outside = await spectrumBounds(run, levelOfRun(settings, index), context.kernels);
  if (outside.largest > ends.upper || outside.smallest < ends.lower) return 'missedPair';
  const isNothing = outside.upper <= ends.upper && outside.lower >= ends.lower;
  const isSpent = run.diagonal.length >= most || iteration.order >= basisColumns + CHECK_COLUMNS;
  // a run that rounding has ended cannot tell more
  const isOver = isNothing || isSpent || iteration.state.newest === 0;
  return isOver ? outside : undefined;
}

/** Follows a fresh run until it shows that something was hidden, or that nothing was, or can say no more. */
async function follow(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome> {
  for (;;) {
    const outcome = run.diagonal.length > 0 ? await assess(iteration, run, index) : undefined;
    if (outcome) return outcome;
    const stopped = iteration.refusal(1);
    if (stopped) return { stopped };
    await iteration.step(1);
  }
}

/** What a run that has ended says of the rest, whatever the basis has seen since. */
async function completenessOf(
  iteration: Iteration,
  run: FreshRun,
  ended: Pick<SpectrumBounds, 'lower' | 'upper'>,
): Promise<Omit<Completeness, 'numMatvecs'>> {
  const { settings, ritz, state, floors, context, check } = iteration;
  const ends = endsOf(ritz, settings.which, settings.count, marginOf(iteration));
  const bounds = await boundTheRest(state, settings.which, ends, ended, floors.noise, context);
  const { upperBound = ends.upper, lowerBound = ends.lower } = bounds;
  const isComplete = upperBound - floors.noise <= ends.upper && lowerBound + floors.noise >= ends.lower;
  if (isComplete) return { confidence: settings.confidence, ...bounds, complete: true };
  const productsNeeded = await stepsToExclude(run, levelOfRun(settings, check!.runs), ends, context.kernels);
  return { confidence: settings.confidence, ...bounds, complete: false, productsNeeded };
}

/** A basis of the whole space: the wanted values themselves bound the rest. */
function complete({ ritz, settings, floors }: Iteration): Omit<Completeness, 'numMatvecs'> {
  const { upper, lower } = endsOf(ritz, settings.which, settings.count, floors.noise);
  return {
    confidence: 1,
    complete: true,
    ...(Number.isFinite(upper) ? { upperBound: upper } : {}),
    ...(Number.isFinite(lower) ? { lowerBound: lower } : {}),
  };
}

/**
 * Goes on with a search until its pairs have converged and nothing was missed, or that cannot be.
 *
 * Once the wanted pairs have converged, the basis may still hide some: the other copies of a multiple eigenvalue (a block of b
 * can see b), and anything that the random start happened to miss. Fresh runs outside the basis are made until one shows,
 * at the confidence asked for, that nothing beyond the wanted pairs is left there, or has taken its share of products; what
 * a run finds is made to converge first.
 *
 * @param journal is called after every product
 * @throws NumericalError for an operator that is not symmetric, or whose products are not finite.
 */
export async function iterate(
  search: Search,
  settings: SearchSettings,
  context: KrylovContext,
  journal?: Journal,
): Promise<SearchState> {
  const iteration = new Iteration(search, settings, context, journal);
  if (iteration.order > 0) await iteration.updateRitzPairs();
  for (;;) {
    const run = iteration.check?.run;
    if (run && !run.ended) {
      const outcome = await follow(iteration, run, iteration.check!.runs);
      if (outcome === 'missedPair') iteration.check = { ...iteration.check!, run: undefined };
      else if ('stopped' in outcome) return iteration.finish(outcome.stopped);
      else run.ended = { lower: outcome.lower, upper: outcome.upper };
    } else {
      const stopped = await converge(iteration);
      if (stopped || settings.confidence === 0) return iteration.finish(stopped);
      if (iteration.order >= context.space.rows) return iteration.finish(undefined, complete(iteration));
      // converged again, with nothing new among the wanted: unless it was restarted, the run still counts
      const before = iteration.check?.run;
      if (before?.ended && !hasChanged(iteration, before)) {
        return iteration.finish(undefined, await completenessOf(iteration, before, before.ended));
      }
      await beginNextRun(iteration);
    }
  }
}
