/** Sequential stopping: an estimate gets more products until its error bar is short enough. */
import { ArgumentError } from '../core/errors.ts';
import { between, type Field, integer, optional } from '../core/parse.ts';
import { levelAtLook } from '../stats/sequential.ts';
import type { EstimatorRun } from './run.ts';

/** When to stop. */
export interface StoppingOptions {
  /** Relative half-width of the error bar to stop at. Default: one estimate, from `products` products. */
  tol?: number;
  /** With `tol`: gives up after so many products. Default 16 times `products`. */
  maxProducts?: number;
}

/** How {@link StoppingOptions} are parsed. */
export const STOPPING: { tol: Field<number | undefined>; maxProducts: Field<number | undefined> } = {
  tol: optional(between(0, Number.POSITIVE_INFINITY)),
  maxProducts: optional(integer(1)),
};

/** @throws ArgumentError for a budget below the products of the first estimate. */
export function checkBudget({ maxProducts }: Pick<ParsedStopping, 'maxProducts'>, products: number): void {
  if (maxProducts !== undefined && maxProducts < products) {
    throw new ArgumentError(`maxProducts must be an integer at least ${products}, got ${maxProducts}`, { maxProducts });
  }
}

/** Parsed {@link StoppingOptions}. */
export interface ParsedStopping {
  tol: number | undefined;
  maxProducts: number | undefined;
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
  { tol, maxProducts }: ParsedStopping,
  relativeError: (estimate: R, level: number) => number,
): Promise<AdaptiveEstimate<R>> {
  const { products, confidence } = run;
  const most = tol === undefined ? products : (maxProducts ?? 16 * products);
  for (let looks = 1, next = products; ; looks++, next = Math.min(run.numMatvecs, most - run.numMatvecs)) {
    const hasMore = await estimator.grow(next);
    const estimate = await estimator.estimate();
    if (tol === undefined) return { estimate, level: confidence, looks, converged: true };
    const level = levelAtLook(confidence, looks);
    const converged = relativeError(estimate, level) <= tol;
    // a step of fewer products than the first is not worth a look
    if (converged || !hasMore || most - run.numMatvecs < products) return { estimate, level, looks, converged };
  }
}
