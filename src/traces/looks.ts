/** Adaptive stopping: looks at a growing estimate until its error bar is short enough. */
import { levelOfLook } from '../apost/apost.ts';
import { ArgumentError } from '../core/errors.ts';
import { between, type Field, integer, optional } from '../core/parse.ts';
import type { EstimatorRun } from './run.ts';

/** When to stop. */
export interface Goal {
  /** Relative half-width of the error bar to stop at. Default: one look after `products` products. */
  tol?: number;
  /** With `tol`: gives up after so many products. Default 16 times `products`. */
  maxProducts?: number;
}

/** How a {@link Goal} is parsed. */
export const GOAL: { tol: Field<number | undefined>; maxProducts: Field<number | undefined> } = {
  tol: optional(between(0, Number.POSITIVE_INFINITY)),
  maxProducts: optional(integer(1)),
};

/** @throws ArgumentError for a budget below the products of the first look. */
export function checkBudget({ maxProducts }: Pick<ParsedGoal, 'maxProducts'>, products: number): void {
  if (maxProducts !== undefined && maxProducts < products) {
    throw new ArgumentError(`maxProducts must be an integer at least ${products}, got ${maxProducts}`, { maxProducts });
  }
}

/** A parsed {@link Goal}. */
export interface ParsedGoal {
  tol: number | undefined;
  maxProducts: number | undefined;
}

/** An estimator that can be given more products. */
export interface Growing<R> {
  /** Spends up to `products` more; returns false when it knows all there is to know. */
  grow(products: number): Promise<boolean>;
  read(): Promise<R>;
}

/** The last look. */
export interface LastLook<R> {
  reading: R;
  /** Level at which this look's intervals hold, so that those of all looks hold together with `confidence`. */
  level: number;
  looks: number;
  /** Whether the error bar is within `tol`; true without one. */
  converged: boolean;
}

/**
 * Doubles the products until `relativeError` of a look is at most `tol`. Look i has the share 6 / (pi i)^2 of
 * 1 - confidence, as in an adaptive `seigh`, so stopping when the bar looks short does not spoil its confidence.
 */
export async function growUntil<R>(
  run: EstimatorRun,
  estimator: Growing<R>,
  { tol, maxProducts }: ParsedGoal,
  relativeError: (reading: R, level: number) => number,
): Promise<LastLook<R>> {
  const { products, confidence } = run;
  const most = tol === undefined ? products : (maxProducts ?? 16 * products);
  for (let looks = 1, next = products; ; looks++, next = Math.min(run.numMatvecs, most - run.numMatvecs)) {
    const hasMore = await estimator.grow(next);
    const reading = await estimator.read();
    if (tol === undefined) return { reading, level: confidence, looks, converged: true };
    const level = levelOfLook(confidence, looks);
    const converged = relativeError(reading, level) <= tol;
    // a step of fewer products than the first is not worth a look
    if (converged || !hasMore || most - run.numMatvecs < products) return { reading, level, looks, converged };
  }
}
