/** The trace of an operator from products with random vectors, with error bars. */

import { atDoor } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import { choice, integer, type Parsed, parseOptions, withDefault } from '../core/parse.ts';
import type { Distribution } from '../core/random.ts';
import { supervise } from '../core/schedule.ts';
import { atScale } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { TEST_MATRICES } from '../sketch/test-matrix.ts';
import type { Interval } from '../stats/interval.ts';
import { hutchPlusPlus } from './hutch-plus-plus.ts';
import { hutchinson } from './hutchinson.ts';
import { type EstimatorOptions, type EstimatorRun, estimatorFields, estimatorRun } from './run.ts';
import { type AdaptiveEstimator, checkBudget, growUntil, STOPPING, type StoppingOptions } from './stopping.ts';
import { likelyInterval, meanAndError, type TraceEstimate } from './trace-estimate.ts';
import { xnystrace } from './xnystrace.ts';
import { xtrace } from './xtrace.ts';

/** Names of the estimators: Hutchinson 1990; Meyer et al. 2021; Epperly, Tropp & Webber 2024 (the last two). */
export type TraceMethod = 'hutchinson' | 'hutch++' | 'xtrace' | 'xnystrace';

/** Options of {@link trace}. */
export interface TraceOptions extends EstimatorOptions, StoppingOptions {
  /** Default `'hutch++'`, the best one with a certified interval. */
  method?: TraceMethod;
  /** hutchinson and hutch++ only: `'gaussian'` (default; certified) or `'rademacher'` (a smaller error, likely only). */
  testMatrix?: Distribution;
}

/** What `hutchinson` and `hutch++` with Gaussian vectors give: a certified interval. */
export type CertifiedTraceResult = TraceResult & Required<Pick<TraceResult, 'certified'>>;

/** An estimate of tr A. Lengths of intervals are in units of A. */
export interface TraceResult {
  /** Of tr A. */
  estimate: number;
  /** From the spread of the samples; for xtrace and xnystrace, whose samples depend on each other, by the jackknife. */
  standardError: number;
  /**
   * Indicative, not certified: estimate -+ t standardError with Student's t, as if the samples were Gaussian. Heavy tails
   * (few samples of an operator of low rank) make it hold less often than stated.
   */
  likely: Interval;
  /**
   * Holds for every operator, each end with probability `confidence`: hutchinson and hutch++ with Gaussian vectors. Sharper
   * for an operator that declares `psd`.
   */
  certified?: Interval;
  /** What the operator declares that `certified` rests on, `['psd']`: the products have not contradicted it. */
  assumes?: string[];
  /** Probability of each end of an interval. */
  confidence: number;
  /** The estimator used. */
  method: TraceMethod;
  /** With `tol`: how often an estimate was made. The intervals of all of these looks hold together with `confidence`. */
  looks: number;
  /** With `tol`: whether the half-width of the interval (certified, where there is one) is at most tol |estimate|. */
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
  { least: number; start: (run: EstimatorRun, distribution: Distribution) => AdaptiveEstimator<TraceEstimate> }
> = {
  hutchinson: { least: 2, start: hutchinson },
  'hutch++': { least: 4, start: hutchPlusPlus },
  xtrace: { least: 4, start: xtrace },
  xnystrace: { least: 2, start: xnystrace },
};

const FIELDS = {
  method: withDefault(choice(Object.keys(ESTIMATORS) as TraceMethod[]), 'hutch++'),
  testMatrix: withDefault(choice(TEST_MATRICES), 'gaussian'),
  ...STOPPING,
  ...estimatorFields(1),
};

function intervalsOf(estimate: TraceEstimate, level: number): Pick<TraceResult, 'likely' | 'certified'> {
  const { certified } = estimate;
  return { likely: likelyInterval(estimate, level), ...(certified ? { certified: certified(level) } : {}) };
}

/** Half-width of the interval that counts, relative to the estimate. */
function relativeHalfWidth(estimate: TraceEstimate, level: number): number {
  const { likely, certified = likely } = intervalsOf(estimate, level);
  const reach = Math.max(certified.upper - certified.estimate, certified.estimate - certified.lower);
  return reach === 0 ? 0 : reach / Math.abs(certified.estimate);
}

async function estimateTrace(op: LinearOperator, options: Parsed<typeof FIELDS>): Promise<TraceResult> {
  const { method, testMatrix } = options;
  const run = await estimatorRun(op, options);
  const { estimate, level, looks, converged } = await growUntil(
    run,
    ESTIMATORS[method].start(run, testMatrix),
    options,
    relativeHalfWidth,
  );
  const { mean, standardError } = meanAndError(estimate);
  return {
    estimate: mean,
    standardError,
    ...intervalsOf(estimate, level),
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
 * The trace of a square operator from `products` products.
 *
 * `'hutchinson'`: error about sqrt(2 / products) ||A||_F. `'hutch++'`: takes a sketched range exactly first, for operators
 * with decaying spectra. `'xtrace'`: leave-one-out, about half the error of hutch++ and far less on fast decay.
 * `'xnystrace'`: for positive semidefinite operators, twice as economical again. hutchinson and hutch++ have certified
 * intervals, the others indicative ones; docs/estimators.md compares them.
 *
 * With `tol` products are doubled until the error bar is at most tol |estimate|; not reaching it is a field of the result.
 *
 * @example
 * const { estimate, certified } = await trace(H, { products: 90, confidence: 0.99 });
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
    const parsed = parseOptions(options, FIELDS);
    const { method, testMatrix, products } = parsed;
    integer(ESTIMATORS[method].least).parse(products, 'products');
    checkBudget(parsed, products);
    if (testMatrix !== 'gaussian' && method.startsWith('x')) {
      throw new ArgumentError(`method '${method}' needs Gaussian vectors, got testMatrix '${testMatrix}'`);
    }
    return supervise(parsed, (control) =>
      atScale(op, ['estimate', 'standardError', 'likely', 'certified'], (A) =>
        estimateTrace(A, { ...parsed, ...control }),
      ),
    );
  });
}
