/** The Frobenius norm of an operator from products with Gaussian vectors, with a certified interval. */

import { noiseFromRepetition } from '../apost/noise.ts';
import { atDoor } from '../core/door.ts';
import { type Parsed, parseOptions } from '../core/parse.ts';
import { supervise } from '../core/schedule.ts';
import { atScale } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOperator } from '../linops/probes.ts';
import { columnNorms } from '../multivector/verbs.ts';
import { type Interval, mapInterval, squaredInterval } from '../stats/interval.ts';
import { FROBENIUS_FIELDS, type FrobeniusNormOptions } from './options.ts';
import { estimatorRun, forEachBlock } from './run.ts';

/** A norm with two certified ends: each holds with probability at least `confidence`, for every operator. */
export interface NormResult extends Interval {
  /** The ends hold for every operator. */
  certified: true;
  /** Probability of each end. */
  confidence: number;
  /** Products with single columns, the repetition of one included. */
  numMatvecs: number;
  /** Of the random vectors. */
  seed: number;
}

async function estimateNorm(op: LinearOperator, options: Parsed<typeof FROBENIUS_FIELDS>): Promise<NormResult> {
  const { tests } = options;
  const run = await estimatorRun(op, options, tests);
  const { confidence, verbs, n, seed } = run;
  let [squares, noise] = [0, 0];
  await forEachBlock(run, 'gaussian', 0, tests, async ({ W, AW, done }) => {
    for (const length of await columnNorms(AW, verbs)) squares += length ** 2;
    if (done > 0) return;
    noise = await noiseFromRepetition(op, await W.readColumns(0, W.cols), await AW.readColumns(0, W.cols));
  });
  const meanSquare = squares / tests;
  const interval = mapInterval(squaredInterval(meanSquare, tests, confidence, noise * Math.sqrt(n)), Math.sqrt);
  return { ...interval, certified: true, confidence, numMatvecs: run.numMatvecs + 1, seed };
}

/**
 * ||A||_F of any operator, m x n: the root mean square of ||A g||, g Gaussian, with the interval of the certificate
 * (extremal chi-square law; Roosta-Khorasani, Szekely & Ascher 2015). `planTests` says how many tests make the interval
 * how narrow. The first product is made twice, to include the operator's own noise.
 *
 * @example
 * const { estimate, lower, upper } = await frobeniusNorm(H, { tests: 30, confidence: 0.99 });
 * @throws ArgumentError for options out of range, NumericalError for non-finite products; the signal's reason when aborted.
 */
export function frobeniusNorm(op: LinearOperator, options: FrobeniusNormOptions = {}): Promise<NormResult> {
  return atDoor('frobeniusNorm', async () => {
    checkOperator(op);
    const parsed = parseOptions(options, FROBENIUS_FIELDS);
    return supervise(parsed, (control) =>
      atScale(op, ['estimate', 'lower', 'upper'], (A) => estimateNorm(A, { ...parsed, ...control })),
    );
  });
}
