/** Sequential stopping: an estimate gets more products until its error bar is short enough. */
import { ArgumentError } from '../core/errors.ts';
import { integer, type Parsed } from '../core/parse.ts';
import { levelAtLook } from '../stats/sequential.ts';
import type { STOPPING } from './options.ts';
import type { EstimatorRun } from './run.ts';

/** Products where the caller says nothing. */
const USUAL_PRODUCTS = 60;
/** What a search with `tol` may spend, in multiples of its first estimate. */
const USUAL_GROWTH = 16;

/** Parsed `StoppingOptions`: everything has its value. */
export interface ParsedStopping {
  tol: number | undefined;
  firstProducts: number;
  maxProducts: number;
}

/**
 * What an estimator that needs at least `least` products may spend.
 * @throws ArgumentError for fewer, for a limit below the first estimate, and for a first estimate without `tol`.
 */
export function completeStopping(
  { tol, firstProducts, maxProducts }: Parsed<typeof STOPPING>,
  least: number,
): ParsedStopping {
  if (maxProducts !== undefined) integer(least).parse(maxProducts, 'maxProducts');
  if (tol === undefined) {
    if (firstProducts !== undefined) {
      throw new ArgumentError(`firstProducts belongs to tol, which is not given; got ${firstProducts}`, {
        firstProducts,
      });
    }
    const products = maxProducts ?? USUAL_PRODUCTS;
    return { tol, firstProducts: products, maxProducts: products };
  }
  const first = integer(least).parse(
    firstProducts ?? Math.min(USUAL_PRODUCTS, maxProducts ?? USUAL_PRODUCTS),
    'firstProducts',
  );
  return {
    tol,
    firstProducts: first,
    maxProducts: integer(first).parse(maxProducts ?? USUAL_GROWTH * first, 'maxProducts'),
  };
}

/** An estimator that can be given more products. */
export interface AdaptiveEstimator<R> {
  /** Spends up to `products` more; returns false when it knows all there is to know. */
  grow(products: number): Promise<boolean>;
  estimate(): Promise<R>;
}

/** The estimate at the last look at growing data ({@link levelAtLook}). */
export interface AdaptiveEstimate<R> {
  estimate: R;
  /** Level at which this look's intervals hold, so that those of all looks hold together with `confidence`. */
  level: number;
  /** How often an estimate was made. */
  looks: number;
  /** Whether the error bar is within `tol`; true without one. */
  converged: boolean;
}

/**
 * Doubles the products until `relativeError` is at most `tol`. The confidence is spent over all looks ({@link levelAtLook}),
 * as in an adaptive `seigh`, so stopping when the bar is short does not spoil it.
 */
export async function growUntil<R>(
  run: EstimatorRun,
  estimator: AdaptiveEstimator<R>,
  { tol, firstProducts, maxProducts }: ParsedStopping,
  relativeError: (estimate: R, level: number) => number,
): Promise<AdaptiveEstimate<R>> {
  const { confidence } = run;
  for (let looks = 1, next = firstProducts; ; looks++, next = Math.min(run.numMatvecs, maxProducts - run.numMatvecs)) {
    const hasMore = await estimator.grow(next);
    const estimate = await estimator.estimate();
    if (tol === undefined) return { estimate, level: confidence, looks, converged: true };
    const level = levelAtLook(confidence, looks);
    const converged = relativeError(estimate, level) <= tol;
    // a step of fewer products than the first is not worth a look
    if (converged || !hasMore || maxProducts - run.numMatvecs < firstProducts) {
      return { estimate, level, looks, converged };
    }
  }
}
