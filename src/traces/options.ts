/** The options of traces and norms, as callers give them and as they are parsed. */
import {
  between,
  CONTROL,
  choice,
  described,
  type Field,
  integer,
  optional,
  seed,
  withDefault,
} from '../core/parse.ts';
import type { DenseDistribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';

/** Options that all estimators share. */
export interface EstimatorOptions extends Control {
  /** Probability that each end of an interval holds, between 0 and 1. Default 0.99. */
  confidence?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** The fields of {@link EstimatorOptions}. */
export type EstimatorFields = {
  confidence: Field<number>;
  seed: Field<number>;
  blockSize: Field<number | undefined>;
  kernels: Field<KernelsChoice | undefined>;
  onProgress: (typeof CONTROL)['onProgress'];
  signal: (typeof CONTROL)['signal'];
};

/** How the options that all estimators share are parsed. */
export const ESTIMATOR_FIELDS: EstimatorFields = {
  confidence: described(withDefault(between(0, 1), 0.99), 'probability that each end of the interval holds'),
  seed: described(withDefault(seed, 0), 'seed of the random numbers'),
  blockSize: described(optional(integer(1)), "columns of one product (default: the operator's preference)"),
  kernels: described(KERNELS, 'dense kernel provider'),
  ...CONTROL,
};

/** Where columns are multiplied one at a time. */
const { blockSize: _, ...UNBLOCKED } = ESTIMATOR_FIELDS;

/** Parsed {@link EstimatorOptions}. */
export interface ParsedEstimator extends Control {
  confidence: number;
  seed: number;
  blockSize: number | undefined;
  kernels: KernelsChoice | undefined;
}

/** What to spend, and when to stop. */
export interface StoppingOptions {
  /** Products with single columns at most. Default 60, and 16 times `firstProducts` with `tol`. */
  maxProducts?: number;
  /** Relative half-width of the error bar to stop at. Default: one estimate, from `maxProducts` products. */
  tol?: number;
  /** With `tol`: products of the first estimate. Default 60, or `maxProducts` if that is less. */
  firstProducts?: number;
}

/** How {@link StoppingOptions} are parsed. */
export const STOPPING: {
  maxProducts: Field<number | undefined>;
  tol: Field<number | undefined>;
  firstProducts: Field<number | undefined>;
} = {
  maxProducts: described(optional(integer(1)), 'products at most (default 60; with tol 16 times the first ones)'),
  tol: described(optional(between(0, Number.POSITIVE_INFINITY)), 'relative half-width of the error bar to stop at'),
  firstProducts: described(optional(integer(1)), 'with tol: products of the first estimate (default 60)'),
};

/** Names of the estimators: Hutchinson 1990; Meyer et al. 2021; Epperly, Tropp & Webber 2024 (the last two). */
export type TraceMethod = 'hutchinson' | 'hutch++' | 'xtrace' | 'xnystrace';

/** Options of `trace`. */
export interface TraceOptions extends EstimatorOptions, StoppingOptions {
  /** Default `'hutch++'`, the best one with a certified interval. */
  method?: TraceMethod;
  /** hutchinson and hutch++ only: `'gaussian'` (default; certified) or `'rademacher'` (a smaller error, likely only). */
  testMatrix?: 'gaussian' | 'rademacher';
}

const TRACE_METHODS: readonly TraceMethod[] = ['hutchinson', 'hutch++', 'xtrace', 'xnystrace'];

/** How {@link TraceOptions} are parsed. */
export const TRACE_FIELDS: { method: Field<TraceMethod>; testMatrix: Field<DenseDistribution> } & typeof STOPPING &
  EstimatorFields = {
  method: described(withDefault(choice(TRACE_METHODS), 'hutch++'), 'estimator'),
  testMatrix: described(
    withDefault(choice<DenseDistribution>(['gaussian', 'rademacher']), 'gaussian'),
    'distribution of the random vectors',
  ),
  ...STOPPING,
  ...ESTIMATOR_FIELDS,
};

/** Options of `traceFunction` and `logdet`. */
export interface TraceFunctionOptions extends Control {
  /** Lanczos steps from each start vector, 1..n: degree 2 order - 1 of f is exact. Default 40, or n if that is less. */
  order?: number;
  /** Random start vectors, at least 2; `order` products each. Default 10. */
  runs?: number;
  /** Level of each end of the interval, between 0 and 1. Default 0.99. */
  confidence?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** What is known of the operator. */
interface Known {
  n?: number;
}

/** Lanczos steps: `usual`, or n where that is less. */
const orderField = ({ n }: Known, usual: number): Field<number> =>
  withDefault(integer(1, n, n === undefined ? '' : ` for n = ${n}`), Math.min(n ?? usual, usual));

/** How {@link TraceFunctionOptions} are parsed. */
export const traceFunctionFields = (
  known: Known,
): Omit<EstimatorFields, 'blockSize'> & { order: Field<number>; runs: Field<number> } => ({
  order: described(orderField(known, 40), 'Lanczos steps from each random vector'),
  runs: described(withDefault(integer(2), 10), 'random vectors'),
  ...UNBLOCKED,
});

/** Options of `frobeniusNorm`. */
export interface FrobeniusNormOptions extends EstimatorOptions {
  /** Gaussian test vectors, each one product. Default 30. */
  tests?: number;
}

/** How {@link FrobeniusNormOptions} are parsed. */
export const FROBENIUS_FIELDS: { tests: Field<number> } & EstimatorFields = {
  tests: described(withDefault(integer(1), 30), 'random vectors, each one product'),
  ...ESTIMATOR_FIELDS,
};

/** Options of `spectralNorm`: one column at a time, so there is no block size. */
export interface SpectralNormOptions extends Omit<EstimatorOptions, 'blockSize'> {
  /**
   * Lanczos steps, 1..n; as many columns are kept. A step is one product with an operator that declares `selfAdjoint`, and two
   * with any other (A^T A). Default 30, or n if that is less.
   */
  order?: number;
}

/** How {@link SpectralNormOptions} are parsed. */
export const spectralNormFields = (known: Known): Omit<EstimatorFields, 'blockSize'> & { order: Field<number> } => ({
  order: described(orderField(known, 30), 'Lanczos steps'),
  ...UNBLOCKED,
});
