/** An estimate of a trace: the samples it is the mean of, and how they become an error bar. */
import { studentQuantile } from '../stats/distributions.ts';
import { type Interval, squaredFactors } from '../stats/interval.ts';

/** An estimate of a trace. */
export interface TraceEstimate {
  /** Their mean is the estimate. */
  samples: Float64Array;
  /** Of the estimate, where the spread of the samples does not tell it: they depend on each other. */
  standardError?: number;
  /** The interval that holds for every operator, where the method has one. */
  certified?: (level: number) => Interval;
  /** What the operator declares of itself, or the method demands of it, that the estimate rests on. */
  assumes?: readonly string[];
}

/** Mean of the samples, and the standard error: that of the estimate, else what their spread shows if they are independent. */
export function meanAndError({ samples, standardError }: TraceEstimate): { mean: number; standardError: number } {
  const count = samples.length;
  const mean = samples.reduce((sum, value) => sum + value, 0) / count;
  if (standardError !== undefined) return { mean, standardError };
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  // a single sample is all there is for n = 1, and exact
  return { mean, standardError: count === 1 ? 0 : Math.sqrt(squares / (count * (count - 1))) };
}

/** mean -+ t standardError with Student's t: as if the samples were Gaussian. */
export function likelyInterval(estimate: TraceEstimate, level: number): Interval {
  const { mean, standardError } = meanAndError(estimate);
  const reach = standardError === 0 ? 0 : studentQuantile(level, estimate.samples.length - 1) * standardError;
  return { estimate: mean, lower: mean - reach, upper: mean + reach };
}

/** q products with Gaussian vectors g_i, of some square B. */
export interface GaussianForms {
  /** g_i^T B g_i. */
  forms: Float64Array;
  /** ||B g_i||. */
  lengths: Float64Array;
  /** Whether B is positive semidefinite. */
  psd: boolean;
  /** Bound on what rounding adds to the mean of the forms. */
  rounding: number;
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * An interval of tr B, each end with probability at least `level`, for every B.
 *
 * The mean of the forms misses tr B by more than 2 ||B||_F (sqrt(x / q) + x / q) in one direction with probability at most
 * e^-x (Laurent & Massart 2000, lemma 1, for the eigenvalues of the symmetric part, whose norms are not above those of B);
 * without the second term where B >= 0 and the mean is too small. ||B||_F is bounded by the lengths, on its own share of
 * 1 - level. For B >= 0 the forms are also squares of ||B^(1/2) g_i||, so the extremal chi-square law bounds tr B =
 * ||B^(1/2)||_F^2 ({@link squaredFactors}); the better of the two is taken, each with half of 1 - level.
 */
export function certifiedTrace({ forms, lengths, psd, rounding }: GaussianForms, level: number): Interval {
  const tests = forms.length;
  const mean = meanOf(forms);
  const miss = (1 - level) / (psd ? 4 : 2);
  const frobenius = Math.sqrt(squaredFactors(tests, 1 - miss).upper * meanOf(lengths.map((length) => length ** 2)));
  const x = Math.log(1 / miss);
  const likeRoot = 2 * frobenius * Math.sqrt(x / tests);
  const linear = (2 * frobenius * x) / tests;
  let lower = mean - likeRoot - linear;
  let upper = mean + likeRoot + (psd ? 0 : linear);
  if (psd) {
    const factors = squaredFactors(tests, (1 + level) / 2);
    lower = Math.max(lower, factors.lower * mean, 0);
    upper = Math.min(upper, factors.upper * mean);
  }
  return { estimate: mean, lower: lower - rounding, upper: upper + rounding };
}
