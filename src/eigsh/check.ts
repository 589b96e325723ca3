/** The whole search: make the wanted pairs converge, then make sure that nothing is hidden from them. */

import type { KrylovContext } from '../krylov/decomposition.ts';
import {
  aimAtRun,
  beginRun,
  type FreshRun,
  isExhausted,
  type SpectrumBounds,
  spectrumBounds,
  stepsToExclude,
} from '../krylov/fresh-run.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { boundTheRest, type Completeness, type Ends, endsOf } from './completeness.ts';
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

/** Pairs beside the wanted ones may raise the bound of a run outside of them by this part of their distance from the end. */
const RAISING_SHARE = 0.1;

/**
 * Ritz pairs that a run stays outside of: the wanted ones, and the next ones as far as they are known not to lie beyond the
 * ends. Those would have to be found again, and keep the bound of the run up; but a pair of residual norm r at the distance d
 * from an end raises what the run says of that end by r^2 / d.
 */
function knownPairs({ ritz: { values, residualNorms }, settings }: Iteration, { upper, lower }: Ends): number {
  let known = settings.count;
  let raised = 0;
  for (; known < values.length; known++) {
    const distance = Math.min(upper - values[known]!, values[known]! - lower);
    raised += residualNorms[known]! ** 2 / distance;
    if (!(raised <= RAISING_SHARE * distance)) break;
  }
  return known;
}

/** Begins the next run. */
async function beginNextRun(iteration: Iteration): Promise<void> {
  const { runs = 0, firstProduct = iteration.numMatvecs } = iteration.check ?? {};
  if (runs > 0 && iteration.order >= iteration.settings.basisColumns) await iteration.restart();
  const known = knownPairs(iteration, currentEnds(iteration));
  const { state, run } = await beginRun(iteration.state, iteration.ritz, known, iteration.context);
  iteration.state = state;
  iteration.check = { runs: runs + 1, firstProduct, run };
}

/** How far beyond the last wanted pair others are ties and no misses. */
function marginOf({ ritz, settings, floors }: Iteration): number {
  return 2 * Math.max(settings.tol * Math.abs(ritz.values[settings.count - 1]!), floors.noise);
}

const currentEnds = (iteration: Iteration): Ends =>
  endsOf(iteration.ritz, iteration.settings.which, iteration.settings.count, marginOf(iteration));

/** Whether another pair has come in among the wanted ones since a run began. */
function hasChanged(iteration: Iteration, { values }: FreshRun): boolean {
  const margin = marginOf(iteration);
  const wanted = values.subarray(0, iteration.settings.count);
  return wanted.some((value, i) => Math.abs(value - iteration.ritz.values[i]!) > margin);
}

/** What bounds of the part outside a run's pairs say of all that was not returned. */
const boundsFrom = (
  { settings, floors, context }: Iteration,
  run: FreshRun,
  outside: Pick<SpectrumBounds, 'lower' | 'upper'>,
  ends: Ends,
): ReturnType<typeof boundTheRest> => boundTheRest(run, settings.which, ends, outside, floors.noise, context);

/** What the products of a run say so far; nothing while another one is worth its price. */
async function assess(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome | undefined> {
  const { settings, context } = iteration;
  const { checkSteps, basisColumns } = settings;
  const most = Math.max(checkSteps, Math.floor(CHECK_SHARE * iteration.check!.firstProduct));
  const ends = currentEnds(iteration);
  const outside = await spectrumBounds(run, levelOfRun(settings, index), context.kernels);
  if (outside.largest > ends.upper || outside.smallest < ends.lower) return 'missedPair';
  const isSpent = run.diagonal.length >= most || iteration.order >= basisColumns + CHECK_COLUMNS;
  const isOver = isSpent || isExhausted(run) || (await boundsFrom(iteration, run, outside, ends)).complete;
  return isOver ? outside : undefined;
}

/** Follows a fresh run until it shows that something was hidden, or that nothing was, or can say no more. */
async function follow(iteration: Iteration, run: FreshRun, index: number): Promise<Outcome> {
  for (;;) {
    const outcome = run.diagonal.length > 0 ? await assess(iteration, run, index) : undefined;
    if (outcome) return outcome;
    const stopped = iteration.refusal(1);
    if (stopped) return { stopped };
    iteration.state = await aimAtRun(run, iteration.state, iteration.context);
    await iteration.step(1);
  }
}

/** What a run that has ended says of the rest, whatever the basis has seen since. */
async function completenessOf(
  iteration: Iteration,
  run: FreshRun,
  ended: Pick<SpectrumBounds, 'lower' | 'upper'>,
): Promise<Omit<Completeness, 'numMatvecs'>> {
  const { settings, context, check } = iteration;
  const ends = currentEnds(iteration);
  const bounds = await boundsFrom(iteration, run, ended, ends);
  if (bounds.complete) return { confidence: settings.confidence, ...bounds };
  const productsNeeded = await stepsToExclude(run, levelOfRun(settings, check!.runs), ends, context.kernels);
  return { confidence: settings.confidence, ...bounds, productsNeeded };
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
 * can see b), and anything that the random start happened to miss. Fresh runs outside these pairs are made until one shows,
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
