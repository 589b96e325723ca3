/** The diagonal of an operator from products with random signs. */

import { atDoor } from '../core/door.ts';
import { type Plain, withJson } from '../core/json.ts';
import { choice, parseOptions, withDefault } from '../core/parse.ts';
import { supervise } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { atScale } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { studentQuantile } from '../stats/distributions.ts';
import type { DiagonalEstimate } from './diagonal-estimate.ts';
import { signSamples } from './diagonal-hutchinson.ts';
import {
  ESTIMATOR_FIELDS,
  type EstimatorOptions,
  type ParsedEstimator,
  STOPPING,
  type StoppingOptions,
} from './options.ts';
import { type EstimatorRun, estimatorRun } from './run.ts';
import { type AdaptiveEstimator, completeStopping, growUntil, type ParsedStopping } from './stopping.ts';
import { xdiag } from './xdiag.ts';

/** Bekas, Kokiopoulou & Saad 2007; Epperly, Tropp & Webber 2024. */
export type DiagonalMethod = 'hutchinson' | 'xdiag';

/** Options of {@link diagonal}. */
export interface DiagonalOptions extends EstimatorOptions, StoppingOptions {
  /** Default `'xdiag'`. */
  method?: DiagonalMethod;
}

/** An estimate of the diagonal of A. */
export interface DiagonalResult extends Plain {
  /** Length n. */
  diagonal: Float64Array;
  /** Length n, from the spread of the samples. */
  standardErrors: Float64Array;
  /** Standard errors are likely, not certified: they bound nothing. */
  certified: false;
  /** The estimator used. */
  method: DiagonalMethod;
  /** With `tol`: how often an estimate was made. */
  looks: number;
  /** With `tol`: whether t ||standardErrors|| <= tol ||diagonal||, t the quantile of Student's law at `confidence`. */
  converged: boolean;
  /** The level of `converged`. */
  confidence: number;
  /** Products with single columns. */
  numMatvecs: number;
  /** Samples that each entry is the mean of. */
  samples: number;
  /** Of the random vectors. */
  seed: number;
}

const ESTIMATORS: Record<
  DiagonalMethod,
  {
    least: number;
    start: (run: EstimatorRun) => AdaptiveEstimator<DiagonalEstimate> | Promise<AdaptiveEstimator<DiagonalEstimate>>;
  }
> = {
  hutchinson: { least: 2, start: signSamples },
  xdiag: { least: 4, start: xdiag },
};

function relativeError({ means, standardErrors, samples }: DiagonalEstimate, level: number): number {
  const error = vectorNorm(standardErrors);
  return error === 0 ? 0 : (studentQuantile(level, samples - 1) * error) / vectorNorm(means);
}

const FIELDS = {
  method: withDefault(choice(Object.keys(ESTIMATORS) as DiagonalMethod[]), 'xdiag'),
  ...STOPPING,
  ...ESTIMATOR_FIELDS,
};

interface Call extends ParsedEstimator, ParsedStopping {
  method: DiagonalMethod;
}

async function estimateDiagonal(op: LinearOperator, options: Call): Promise<DiagonalResult> {
  const { method } = options;
  const run = await estimatorRun(op, options, options.firstProducts);
  const estimator = await ESTIMATORS[method].start(run);
  const { estimate, looks, converged } = await growUntil(run, estimator, options, relativeError);
  return withJson({
    diagonal: estimate.means,
    standardErrors: estimate.standardErrors,
    certified: false as const,
    method,
    looks,
    converged,
    confidence: run.confidence,
    numMatvecs: run.numMatvecs,
    samples: estimate.samples,
    seed: run.seed,
  });
}

/**
 * The diagonal of a square operator from at most `maxProducts` products with Rademacher vectors.
 *
 * `'hutchinson'`: the mean of w * (A w), entry by entry, which misses entry i by about the norm of the rest of row i over
 * sqrt(samples). `'xdiag'`: leave-one-out on the range of A, for operators with decaying spectra; it needs products
 * with the transpose for an operator that is not symmetric.
 *
 * @example
 * const { diagonal: d, standardErrors } = await diagonal(H, { maxProducts: 100 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for non-finite
 * products, and for xdiag on an operator that has no adjoint and is not symmetric; the signal's reason when aborted.
 */
export function diagonal(op: LinearOperator, options: DiagonalOptions = {}): Promise<DiagonalResult> {
  return atDoor('diagonal', async () => {
    checkSquare(op);
    const parsed = parseOptions(options, FIELDS);
    const stopping = completeStopping(parsed, ESTIMATORS[parsed.method].least);
    return supervise(parsed, (control) =>
      atScale(op, ['diagonal', 'standardErrors'], (A) => estimateDiagonal(A, { ...parsed, ...stopping, ...control })),
    );
  });
}
