/** The trace of an operator from products with random vectors, with error bars. */

import { atDoor } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import { parseOptions } from '../core/parse.ts';
import type { DenseDistribution } from '../core/random.ts';
import { supervise } from '../core/schedule.ts';
import { atScale } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import type { Interval } from '../stats/interval.ts';
import { hutchPlusPlus } from './hutch-plus-plus.ts';
import { hutchinson } from './hutchinson.ts';
import { type ParsedEstimator, TRACE_FIELDS, type TraceMethod, type TraceOptions } from './options.ts';
import { type EstimatorRun, estimatorRun } from './run.ts';
import { type AdaptiveEstimator, completeStopping, growUntil, type ParsedStopping } from './stopping.ts';
import { likelyInterval, meanAndError, type TraceEstimate } from './trace-estimate.ts';
import { xnystrace } from './xnystrace.ts';
import { xtrace } from './xtrace.ts';

/** What `hutchinson` and `hutch++` with Gaussian vectors give: a certified interval. */
export type CertifiedTraceResult = TraceResult & { certified: true };

/**
 * An estimate of tr A and its error, in units of A. Where the interval is `certified`, each end holds with probability `confidence`
 * for every operator, sharper for one that declares `psd`; else it is the likely one.
 */
export interface TraceResult extends Interval {
  /** Whether the interval holds for every operator: hutchinson and hutch++ with Gaussian vectors. */
  certified: boolean;
  /** From the spread of the samples; for xtrace and xnystrace, whose samples depend on each other, by the jackknife. */
  standardError: number;
  /**
   * Not certified: estimate -+ t standardError with Student's t, as if the samples were Gaussian. Heavy tails (few samples of
   * an operator of low rank) make it hold less often than stated.
   */
  likely: Interval;
  /**
   * What a certified interval rests on, and with `xnystrace` the estimate itself: `['psd']` for a positive semidefinite operator.
   * The products have not contradicted it.
   */
  assumes?: string[];
  /** Probability of each end of an interval. */
  confidence: number;
  /** The estimator used. */
  method: TraceMethod;
  /** With `tol`: how often an estimate was made. The intervals of all of these looks hold together with `confidence`. */
  looks: number;
  /** With `tol`: whether the half-width of the interval is at most tol |estimate|. */
  converged: boolean;
  /** Products with single columns. */
  numMatvecs: number;
  /** Samples that the estimate is the mean of. */
  samples: number;
  /** Of the random vectors. */
  seed: number;
}

const ESTIMATORS: Record<
  TraceMethod,
  { least: number; start: (run: EstimatorRun, distribution: DenseDistribution) => AdaptiveEstimator<TraceEstimate> }
> = {
  hutchinson: { least: 2, start: hutchinson },
  'hutch++': { least: 4, start: hutchPlusPlus },
  xtrace: { least: 4, start: xtrace },
  xnystrace: { least: 2, start: xnystrace },
};

interface Call extends ParsedEstimator, ParsedStopping {
  method: TraceMethod;
  testMatrix: DenseDistribution;
}

/** The certified interval where there is one, and the likely one. */
function intervalsOf(estimate: TraceEstimate, level: number): Interval & Pick<TraceResult, 'likely' | 'certified'> {
  const likely = likelyInterval(estimate, level);
  return { ...(estimate.certified?.(level) ?? likely), certified: estimate.certified !== undefined, likely };
}

/** Half-width of the interval, relative to the estimate. */
function relativeHalfWidth(from: TraceEstimate, level: number): number {
  const { estimate, lower, upper } = intervalsOf(from, level);
  const reach = Math.max(upper - estimate, estimate - lower);
  return reach === 0 ? 0 : reach / Math.abs(estimate);
}

async function estimateTrace(op: LinearOperator, options: Call): Promise<TraceResult> {
  const { method, testMatrix } = options;
  const run = await estimatorRun(op, options, options.firstProducts);
  const { estimate, level, looks, converged } = await growUntil(
    run,
    ESTIMATORS[method].start(run, testMatrix),
    options,
    relativeHalfWidth,
  );
  return {
    ...intervalsOf(estimate, level),
    standardError: meanAndError(estimate).standardError,
    ...(estimate.assumes ? { assumes: [...estimate.assumes] } : {}),
    confidence: run.confidence,
    method,
    looks,
    converged,
    numMatvecs: run.numMatvecs,
    samples: estimate.samples.length,
    seed: run.seed,
  };
}

/**
 * The trace of a square operator from at most `maxProducts` products.
 *
 * `'hutchinson'`: error about sqrt(2 / maxProducts) ||A||_F. `'hutch++'`: takes a sketched range exactly first, for operators
 * with decaying spectra. `'xtrace'`: leave-one-out, about half the error of hutch++ and far less on fast decay.
 * `'xnystrace'`: for positive semidefinite operators, twice as economical again. hutchinson and hutch++ have certified
 * intervals, the others likely ones; docs/estimators.md compares them.
 *
 * With `tol` products are doubled until the error bar is at most tol |estimate|; not reaching it is a field of the result.
 *
 * @example
 * const { estimate, lower, upper, certified } = await trace(H, { maxProducts: 90, confidence: 0.99 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for non-finite
 * products and for xnystrace on an operator that is indefinite or not symmetric; the signal's reason when aborted.
 */
export function trace(
  op: LinearOperator,
  options?: TraceOptions & { method?: 'hutchinson' | 'hutch++'; testMatrix?: 'gaussian' },
): Promise<CertifiedTraceResult>;
export function trace(op: LinearOperator, options?: TraceOptions): Promise<TraceResult>;
export function trace(op: LinearOperator, options: TraceOptions = {}): Promise<TraceResult> {
  return atDoor('trace', async () => {
    checkSquare(op);
    const parsed = parseOptions(options, TRACE_FIELDS);
    const { method, testMatrix } = parsed;
    const stopping = completeStopping(parsed, ESTIMATORS[method].least);
    if (testMatrix !== 'gaussian' && method.startsWith('x')) {
      throw new ArgumentError(`method '${method}' needs Gaussian vectors, got testMatrix '${testMatrix}'`);
    }
    return supervise(parsed, (control) =>
      atScale(op, ['estimate', 'lower', 'upper', 'standardError', 'likely'], (A) =>
        estimateTrace(A, { ...parsed, ...stopping, ...control }),
      ),
    );
  });
}
