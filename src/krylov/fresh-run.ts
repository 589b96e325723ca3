/** A Lanczos run from a fresh random vector outside pairs that are known: what may be hidden there. */

import type { Matrix } from '../core/block.ts';
import { maximum } from '../core/extremes.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { identity, subMatrix, transpose } from '../linalg/small.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import { appendRandom, type Decomposition, type KrylovContext, turnWaiting } from './decomposition.ts';
import { eigenvalueBound, type LanczosRun, mirrored } from './lanczos-bound.ts';
import { gaussRule } from './quadrature.ts';
import type { RitzValues } from './ritz.ts';

/**
 * Lanczos on C = (I - P) A (I - P), P the projector on the span of some Ritz vectors of the basis, from g = (I - P) w with a
 * fresh Gaussian w.
 *
 * All of it lies in the span of V and W: with A V = V H + W B a vector of the run is multiplied once what it has in W is, and
 * that is a product which the basis takes in like any other. So nothing is lost if the run finds something, and the run
 * itself is arithmetic on H and B. It sees one symmetric matrix from beginning to end: the symmetric part of the first H, as
 * the Ritz vectors do, and below that the lower triangle, which B has said before.
 */
export interface FreshRun {
  /** Ritz values of the vectors that it stays outside of, wanted ones first: length p. */
  values: Float64Array;
  /** These vectors in V, p of length m, and what A makes of them in W, b x p: at the start of the run. */
  outsideOf: Float64Array[];
  coupling: Matrix;
  /** ||g||. */
  length: number;
  diagonal: number[];
  /** Norm of what each product had outside the vectors so far and before. */
  offDiagonal: number[];
  /**
   * Its orthonormal vectors in V, and at the end in [V, W] the one that is multiplied next, unless only rounding was left.
   * Numbers that are not there are zeros.
   */
  vectors: Float64Array[];
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

/** x <- (I - Q Q^T) x for orthonormal columns q, which may be shorter than x. Twice is enough. */
function takeAway(x: Float64Array, columns: readonly Float64Array[]): void {
  for (const q of [...columns, ...columns]) {
    let overlap = 0;
    for (let i = 0; i < q.length; i++) overlap += q[i]! * x[i]!;
    for (let i = 0; i < q.length; i++) x[i]! -= overlap * q[i]!;
  }
}

/** A state whose last waiting column is the part of a fresh random vector outside V, and a run outside the first `count` Ritz pairs. */
export async function beginRun(
  before: Decomposition,
  { values, S }: Pick<RitzValues, 'values' | 'S'>,
  count: number,
  context: KrylovContext,
): Promise<{ state: Decomposition; run: FreshRun }> {
  const { state, inside, length: beyond } = await appendRandom(before, 1, context);
  const m = inside.rows;
  const known = subMatrix(S, 0, m, 0, count);
  const columns = transpose(known).data;
  const outsideOf = Array.from({ length: count }, (_, j) => columns.subarray(j * m, (j + 1) * m));
  const g = new Float64Array(m + state.W.cols);
  g.set(inside.data);
  takeAway(g, outsideOf);
  if (state.newest > 0) g[g.length - 1] = beyond;
  const length = vectorNorm(g);
  const run: FreshRun = {
    values: values.slice(0, count),
    outsideOf,
    coupling: await context.kernels.gemm(state.B, known),
    length,
    diagonal: [],
    offDiagonal: [],
    vectors: [g.map((value) => value / length)],
    ended: undefined,
  };
  return { state, run };
}

/** Turns W so that all that the run's next vector has in it is in the last column, which is multiplied next. */
export async function aimAtRun(
  { vectors }: FreshRun,
  state: Decomposition,
  context: KrylovContext,
): Promise<Decomposition> {
  const part = vectors.at(-1)!.subarray(state.H.rows);
  const last = part.length - 1;
  if (part.subarray(0, last).every((value) => value === 0)) return state;
  // the reflection that takes this part to the last axis (Householder)
  const length = vectorNorm(part);
  const sign = part[last]! < 0 ? -1 : 1;
  const normal = part.map((value, i) => value / length + (i === last ? sign : 0));
  const factor = 2 / vectorNorm(normal) ** 2;
  const Q = identity(part.length);
  for (const [i, x] of normal.entries()) {
    for (const [j, y] of normal.entries()) Q.data[i * part.length + j]! -= factor * x * y;
  }
  part.fill(0);
  part[last] = -sign * length;
  return turnWaiting(state, Q, context);
}

/**
 * Records a step: the state after `expand` by the waiting column that was turned to the run. Where nothing was left of it but
 * rounding, it is rounding that the polynomial was left with: `rounding` bounds that of the operator.
 */
export function record(run: FreshRun, { H, B, lost }: Decomposition, rounding: number): void {
  const [m, b] = [H.rows, B.rows];
  const { vectors, diagonal, offDiagonal, outsideOf } = run;
  const first = outsideOf[0]!.length;
  // what was the last column of W has become that of V
  const aimed = vectors.pop()!;
  let next = new Float64Array(m);
  next.set(aimed.subarray(0, m - 1));
  next[m - 1] = aimed.at(-1)!;
  for (;;) {
    vectors.push(next);
    const product = new Float64Array(m + b);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) {
        const entry = i < first ? (H.data[i * m + j]! + H.data[j * m + i]!) / 2 : H.data[i * m + j]!;
        product[i]! += entry * next[j]!;
        if (j < i) product[j]! += entry * next[i]!;
      }
    }
    for (let i = 0; i < b; i++) {
      for (let j = 0; j < m; j++) product[m + i]! += B.data[i * m + j]! * next[j]!;
    }
    diagonal.push(next.reduce((sum, value, i) => sum + value * product[i]!, 0));
    takeAway(product, [...outsideOf, ...vectors]);
    const beyond = vectorNorm(product);
    const least = Math.hypot(lost, rounding);
    offDiagonal.push(Math.max(beyond, least));
    if (beyond <= least) return;
    next = product.map((value) => value / beyond);
    // in a basis that A leaves invariant no product is missing
    if (b > 0) break;
  }
  vectors.push(next);
}

/** Whether a run was left with nothing but rounding. */
export const isExhausted = ({ vectors, diagonal }: FreshRun): boolean => vectors.length === diagonal.length;

/**
 * Bounds of all eigenvalues of C, each with probability at least `level` over w.
 *
 * For a unit eigenvector u of C, |u^T g| = |u^T w| is the magnitude of a standard normal number, whatever P is
 * ({@link eigenvalueBound}). One event serves every step of the run.
 */
export async function spectrumBounds(run: LanczosRun, level: number, kernels: Kernels): Promise<SpectrumBounds> {
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
  run: LanczosRun,
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
  // ||g||^2 is about the dimensions that it lies in
  return Math.ceil(
    Math.min(Math.max(maximum(steps), run.diagonal.length + 1), Math.max(run.length ** 2, run.diagonal.length)),
  );
}
