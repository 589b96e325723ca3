/** A Lanczos run from a fresh random vector outside the basis: what may be hidden there. */

import { maximum } from '../core/extremes.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import { appendRandom, type Decomposition, type KrylovContext } from './decomposition.ts';
import { eigenvalueBound, mirrored } from './lanczos-bound.ts';
import { gaussRule } from './quadrature.ts';

/**
 * Lanczos on C = (I - P) A (I - P), P = V V^T of the basis at the start of the run, from g = (I - P) w with a fresh Gaussian
 * w. The run's vectors join the basis, so nothing of it is lost if it finds something.
 */
export interface FreshRun {
  /** ||g||. */
  length: number;
  diagonal: number[];
  /** Norm of what each product had outside the basis. */
  offDiagonal: number[];
  /** The wanted eigenvalues as they were converged when it began. */
  wanted: number[];
  /** What it came to, once it is over. */
  ended: Pick<SpectrumBounds, 'lower' | 'upper'> | undefined;
}

/** Ends of the spectrum of C: it has no eigenvalue beyond. */
export interface SpectrumBounds {
  lower: number;
  upper: number;
  /** Ritz values of the run: C has eigenvalues at least as far out. */
  smallest: number;
  largest: number;
}

/** A state whose last waiting column is the start of a run. */
export async function beginRun(
  before: Decomposition,
  wanted: readonly number[],
  context: KrylovContext,
): Promise<{ state: Decomposition; run: FreshRun }> {
  const { state, length } = await appendRandom(before, 1, context);
  const run = { length, diagonal: [], offDiagonal: [], wanted: [...wanted], ended: undefined };
  return { state, run };
}

/**
 * Records a step: the state after `expand` by the run's waiting column. Where nothing was left outside the basis but
 * rounding, it is rounding that the polynomial was left with: `rounding` bounds its norm.
 */
export function record(run: FreshRun, { H, B, lost, newest }: Decomposition, rounding: number): void {
  const m = H.rows;
  const beyond = newest === 0 ? Math.hypot(lost, rounding) : Math.abs(B.data[B.data.length - 1]!);
  run.diagonal.push(H.data[m * m - 1]!);
  run.offDiagonal.push(beyond);
}

/**
 * Bounds of all eigenvalues of C, each with probability at least `level` over w.
 *
 * For a unit eigenvector u of C, |u^T g| = |u^T w| is the magnitude of a standard normal number, whatever V is
 * ({@link eigenvalueBound}). One event serves every step of the run.
 */
export async function spectrumBounds(run: FreshRun, level: number, kernels: Kernels): Promise<SpectrumBounds> {
  const T = { diagonal: Float64Array.from(run.diagonal), offDiagonal: Float64Array.from(run.offDiagonal.slice(0, -1)) };
  const nodes = Array.from((await gaussRule(T, kernels)).nodes);
  const smallest = Math.sqrt(chiSquareQuantile(1 - level, 1));
  const alignment = (): number => smallest;
  return {
    smallest: nodes[0]!,
    largest: nodes.at(-1)!,
    lower: -eigenvalueBound(mirrored(run), 0, alignment),
    upper: eigenvalueBound(run, 0, alignment),
  };
}

/**
 * About how many steps such a run would take to exclude eigenvalues of C outside [lower, upper], at most n: the degree of the
 * Chebyshev polynomial on the run's Ritz values that grows by ||g|| / |u^T g| to there.
 */
export async function stepsToExclude(
  run: FreshRun,
  level: number,
  { lower, upper }: Pick<SpectrumBounds, 'lower' | 'upper'>,
  kernels: Kernels,
): Promise<number> {
  const { smallest, largest } = await spectrumBounds(run, level, kernels);
  const growth = Math.acosh(Math.max(1, run.length / Math.sqrt(chiSquareQuantile(1 - level, 1))));
  const [middle, half] = [(smallest + largest) / 2, (largest - smallest) / 2];
  // what lies among the Ritz values is never excluded
  const steps = [upper - middle, middle - lower].map((distance) =>
    distance > half ? growth / Math.acosh(distance / half) : Number.POSITIVE_INFINITY,
  );
  // ||g||^2 is about n less the columns of the basis
  return Math.ceil(
    Math.min(Math.max(maximum(steps), run.diagonal.length + 1), Math.max(run.length ** 2, run.diagonal.length)),
  );
}
