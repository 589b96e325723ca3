/** Certification of Ritz pairs: the known part of the error is separated, only the rest is sampled. */
import type { Multivector } from '../multivector/multivector.ts';
import { columnNorms, gram, subtractTimes, type VerbContext } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import {
  type Certification,
  largestMagnitude,
  meanSquare,
  measureNoise,
  ratio,
  type Statements,
  sumOfSquares,
} from './certification.ts';
import { type Interval, mapInterval, squaredInterval } from './interval.ts';
import { inertiaAtLeast, residualIntervals } from './residuals.ts';

/** Ritz pairs of the operator on an orthonormal basis, and how far each is from an eigenpair. */
export interface RitzPairs {
  /** Length r. */
  eigenvalues: Float64Array;
  /** n x r, orthonormal. */
  eigenvectors: Multivector;
  /** ||A v_i - eigenvalues_i v_i||, length r. */
  residualNorms: Float64Array;
}

/** X <- (I - V V^T) X, twice: once leaves a rounding error of the size of X inside the span of V. */
async function deflate(X: Multivector, V: Multivector, verbs: VerbContext): Promise<Multivector> {
  for (let sweep = 0; sweep < 2; sweep++) await subtractTimes(X, V, await gram(V, X, verbs), verbs);
  return X;
}

/** Sums of squares of values r, r+1, ..., for r = 0..length: added from the small end, so that tails keep their digits. */
function tailsOfSquares(values: Float64Array): Float64Array {
  const tails = new Float64Array(values.length + 1);
  for (let r = values.length - 1; r >= 0; r--) tails[r] = tails[r + 1]! + values[r]! ** 2;
  return tails;
}

/**
 * With orthonormal V, A V = V diag(theta) + (residuals orthogonal to V): everything about A is known but
 * t = ||(I - P) A (I - P)||_F^2, P = V V^T, and every statement is increasing in t. Residuals count twice (above and
 * below the diagonal block).
 */
export async function certifyDeflated(run: Certification, pairs: RitzPairs): Promise<Statements> {
  const { op, tests, confidence, verbs, measuring } = run;
  const { eigenvalues: theta, eigenvectors: V, residualNorms } = pairs;
  const G = await deflate(run.Omega, V, verbs);
  const AG = await measure(op, G, measuring);
  const noiseFloor = await measureNoise(run, G, AG, largestMagnitude(theta));
  const D = await deflate(AG, V, verbs);
  const t = squaredInterval(meanSquare(await columnNorms(D, verbs)), tests, confidence);
  const coupling = 2 * sumOfSquares(residualNorms);
  const captured = sumOfSquares(theta);
  const relative = (missed: number): Interval =>
    mapInterval(t, (value) => Math.sqrt(ratio(missed + coupling + value, captured + coupling + value)));
  return {
    deflated: true,
    relativeError: relative(0),
    errorFrob: mapInterval(t, (value) => Math.sqrt(coupling + value)),
    operatorFrob: mapInterval(t, (value) => Math.sqrt(captured + coupling + value)),
    scree: Array.from(tailsOfSquares(theta), relative),
    eigenvalueIntervals: residualIntervals(theta, residualNorms, noiseFloor),
    inertia: inertiaAtLeast(theta, noiseFloor),
    noiseFloor,
  };
}
