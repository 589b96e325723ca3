/** How large an eigenvalue can be that a sketch has missed. */

import { type Matrix, placeSideBySide, zeroMatrix } from '../core/block.ts';
import { maximum } from '../core/extremes.ts';
import { breathe } from '../core/schedule.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import { begin, type Decomposition, expand, type KrylovContext } from '../krylov/decomposition.ts';
import { tridiagonalOf } from '../krylov/lanczos.ts';
import { eigenvalueBound, type LanczosRun, mirrored } from '../krylov/lanczos-bound.ts';
import { roundingOf } from '../krylov/ritz.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { frobeniusNorm, scaleRows, subMatrix } from '../linalg/small.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { panelBuffer, sweep, type Visit } from '../multivector/sweep.ts';
import { columnNorms, gram, leadingColumns, times } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import { type Certification, largestMagnitude, ratio } from './certification.ts';

/** What an approximation V C V^T knows of A: A V = V C + R. */
export interface Deflation {
  /** n x r, orthonormal. */
  V: Multivector;
  core: Core;
  /** At least ||R||_F. */
  coupling: number;
}

/** C of an approximation V C V^T, symmetric. */
export interface Core {
  /** Rows and columns. */
  size: number;
  /** How large C is: the largest magnitude of its eigenvalues, or its Frobenius norm. */
  scale: number;
  /** C X. */
  times(X: Matrix): Promise<Matrix>;
  /** U of C = U diag(theta) U^T, where the Ritz vectors are V U and not V. */
  rotation?: Matrix;
}

/** diag(values). */
export const diagonalCore = (values: Float64Array): Core => ({
  size: values.length,
  scale: largestMagnitude(values),
  times: async (X) => scaleRows({ ...X, data: X.data.slice() }, values),
});

/** U diag(values) U^T. */
export const rotatedCore = (U: Matrix, values: Float64Array, kernels: Kernels): Core => ({
  size: U.rows,
  scale: largestMagnitude(values),
  times: async (X) => kernels.gemm(U, scaleRows(await kernels.gemm(U, X, { transA: true }), values)),
  rotation: U,
});

export const denseCore = (C: Matrix, kernels: Kernels): Core => ({
  size: C.rows,
  scale: frobeniusNorm(C),
  times: (X) => kernels.gemm(C, X),
});

/** What one pass over V makes of a product y = A w. */
interface Deflated {
  /** V^T w. */
  z: Matrix;
  /** V^T y, after y <- y - V coordinates. */
  inSpan: Matrix;
}

/** y <- y - V coordinates, and the parts of w and of the new y in the span of V: V, which may be on a disk, is read once. */
async function deflate(
  V: Multivector,
  coordinates: Matrix,
  w: Multivector,
  y: Multivector,
  { verbs }: Certification,
): Promise<Deflated> {
  const { kernels } = verbs;
  const both = zeroMatrix(V.cols, 2);
  const buffer = panelBuffer(2, y.dtype);
  const visit: Visit = async ([v, x], [product]) => {
    await kernels.subtract(v!, coordinates, product!);
    const sides = buffer(v!.rows);
    placeSideBySide([x!, product!], sides);
    await kernels.addGram(v!, sides, both, false);
  };
  await sweep('apost', [V, w], verbs, visit, { updated: [y] });
  return { z: subMatrix(both, 0, V.cols, 0, 1), inSpan: subMatrix(both, 0, V.cols, 1, 2) };
}

/** V^T of the next vector of the run, (y - sum_i H_i,last v_i) / B_last, from those of y and of the vectors so far. */
function nextCoordinates(inSpan: Matrix, before: readonly Matrix[], { H, B }: Decomposition): Matrix {
  const m = H.rows;
  const data = Float64Array.from(inSpan.data);
  for (const [i, z] of before.entries()) {
    for (let row = 0; row < data.length; row++) data[row]! -= H.data[i * m + m - 1]! * z.data[row]!;
  }
  return { ...inSpan, data: data.map((value) => value / B.data[m - 1]!) };
}

/** What there is of the first test vector g before its Lanczos run. */
export interface Start {
  /** n x q, projected test vectors, of which g is the first. */
  G: Multivector;
  /** A g, n x 1, which is used up. */
  product: Multivector;
  /** V^T g, r x 1: what rounding has left. */
  inStart: Matrix;
  /** V^T A g, r x 1. */
  inSpan: Matrix;
}

/** A Lanczos run on the error, and what it cost. */
export interface ErrorRun extends LanczosRun {
  /** Norm of the rounding in each of its steps. */
  rounding: number;
  /** Norm of what each step lacks in the span of V. */
  inSpan: number;
  numMatvecs: number;
}

/**
 * Lanczos on E = A - V C V^T from the first test vector g = (I - P) w, whose product is there already: E g = A g. As many
 * further products as asked for, fewer where the Krylov space ends. Each reads V once: what a vector has in the span of V
 * follows from the step before, and is measured on the way. What the two differ by counts as noise in the span of V.
 *
 * @param isEnough is called after every step with the run so far; true ends it
 */
export async function lanczosOnError(
  run: Certification,
  { V, core }: Deflation,
  { G, product, inStart, inSpan }: Start,
  isEnough: (run: ErrorRun) => boolean = () => false,
): Promise<ErrorRun> {
  const { op, lanczosSteps, verbs, measuring } = run;
  const { space, signal } = measuring;
  const context: KrylovContext = { op, space, seed: 0, ...verbs };
  const start = await leadingColumns(G, 1, await space.allocate(1), verbs);
  const length = (await columnNorms(start, verbs))[0]!;
  if (length === 0) return { length, diagonal: [], offDiagonal: [], rounding: 0, inSpan: 0, numMatvecs: 0 };
  let state = await begin(start, 1, context);
  // the start at length one, of either sign
  const factor = (await gram(state.W, G, verbs)).data[0]! / length ** 2;
  const scaled = (C: Matrix): Matrix => ({ ...C, data: C.data.map((value) => factor * value) });
  const coordinates = [scaled(inStart)];
  let y = await times(product, { rows: 1, cols: 1, data: Float64Array.of(factor) }, product, verbs);
  let ofProduct = scaled(inSpan);
  let soFar: ErrorRun = { length, diagonal: [], offDiagonal: [], rounding: 0, inSpan: 0, numMatvecs: 0 };
  let lacking = frobeniusNorm(await core.times(coordinates[0]!));
  for (let step = 0; ; step++) {
    state = await expand(state, context, 1, y);
    const isOver = state.newest === 0;
    const beyond = isOver ? Math.hypot(state.lost, roundingOf(state)) : Math.abs(state.B.data.at(-1)!);
    soFar = {
      length,
      diagonal: Array.from(tridiagonalOf(state).diagonal),
      offDiagonal: [...soFar.offDiagonal, beyond],
      rounding: roundingOf(state),
      inSpan: lacking,
      numMatvecs: step,
    };
    await breathe(signal);
    if (isEnough(soFar) || isOver || step === lanczosSteps) break;
    const expected = nextCoordinates(ofProduct, coordinates, state);
    y = await measure(op, state.W, measuring);
    const { z, inSpan: next } = await deflate(V, await core.times(expected), state.W, y, run);
    const difference = { ...z, data: z.data.map((value, i) => value - expected.data[i]!) };
    lacking = Math.max(lacking, frobeniusNorm(await core.times(difference)));
    coordinates.push(z);
    ofProduct = next;
  }
  for (const part of [...state.V, state.W]) await space.release(part);
  return soFar;
}

/** A run is over when its bound is within so much of what noise alone leaves, which no further step takes away. */
const NEAR_NOISE = 1.25;

/**
 * The bound of {@link spectralBound} from a Lanczos run that ends where noise decides: the best that its steps have said, each
 * with the noise that there was up to it.
 *
 * @param noiseOf norm of the noise in A v for a unit vector v of such a run
 */
export async function missedBound(
  run: Certification,
  deflation: Deflation,
  start: Start,
  noiseOf: (errorRun: ErrorRun) => number,
): Promise<{ missed: number; numMatvecs: number }> {
  let missed = Number.POSITIVE_INFINITY;
  const isEnough = (errorRun: ErrorRun): boolean => {
    const noise = noiseOf(errorRun);
    missed = Math.min(missed, spectralBound(errorRun, deflation, noise, run.level));
    const ofNoise = { ...errorRun, diagonal: [0], offDiagonal: [0], rounding: 0, inSpan: 0 };
    return missed <= NEAR_NOISE * spectralBound(ofNoise, { ...deflation, coupling: 0 }, noise, run.level);
  };
  const errorRun = await lanczosOnError(run, deflation, start, isEnough);
  return { missed, numMatvecs: errorRun.numMatvecs };
}

/**
 * An upper bound of ||E||_2, E = A - V C V^T, and so of ||A (I - P)||_2 = ||E (I - P)||_2, P = V V^T: A has at most r
 * eigenvalues of larger magnitude (Weyl; Eckart & Young).
 *
 * With u the unit eigenvector of the eigenvalue x = +-||E||_2, the run from g = (I - P) w, w standard Gaussian, bounds x by
 * what u^T g is at least ({@link eigenvalueBound}). u^T g = ((I - P) u)^T w is a Gaussian number of variance ||(I - P) u||^2;
 * and from P E u = R^T (I - P) u, with ||R||_2 <= ||E||_2, that is at least x^2 / (x^2 + min(x, ||R||)^2). P(|N| <= s) for a
 * standard normal N is the small-ball law of Dixon 1983. One event, about one u, carries both ends and every step.
 *
 * It is E and not (I - P) A (I - P) that decides what was missed: with A = [0 1; 1 0] and P = e_1 e_1^T the latter is 0.
 *
 * @param noise norm of the noise in A v for a unit vector v
 */
export function spectralBound(
  run: ErrorRun,
  { V, coupling }: Pick<Deflation, 'V' | 'coupling'>,
  noise: number,
  level: number,
): number {
  // the basis is everything: E = R V^T
  if (V.cols >= V.rows || run.length === 0) return coupling + noise;
  const smallest = Math.sqrt(chiSquareQuantile(1 - level, 1));
  const alignment = (x: number): number => smallest * Math.max(Math.SQRT1_2, x > 0 ? x / Math.hypot(x, coupling) : 0);
  // ||P u|| <= ||R|| / x, and x is at least every Rayleigh quotient
  const least = maximum(run.diagonal.map(Math.abs));
  const perStep = noise + run.rounding + run.inSpan * Math.min(Math.SQRT1_2, ratio(coupling, least));
  return Math.max(0, eigenvalueBound(run, perStep, alignment), eigenvalueBound(mirrored(run), perStep, alignment));
}

/** ||R||_F of residuals, each within `noise`. */
export const couplingOf = (residualNorms: Float64Array, noise: number): number =>
  Math.sqrt(sumOfSquares(residualNorms.map((norm) => norm + noise)));
