/**
 * Certification of pairs from elsewhere. With V = Q R, Q orthonormal, and H = Q^T A Q, M = R diag(w) R^T, P = Q Q^T,
 *
 *     ||A - V diag(w) V^T||_F^2 = ||H - M||_F^2 + 2 ||(I - P) A Q||_F^2 + ||(I - P) A (I - P)||_F^2,
 *
 * so that all but the last term is measured, whatever V is, and Rayleigh-Ritz on the span of V certifies that one.
 */

import { asDType, type Matrix } from '../core/block.ts';
import { NumericalError } from '../core/errors.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import { distanceFromIdentity, frobeniusNorm, symmetricPart } from '../linalg/small.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { projectOut } from '../multivector/project.ts';
import { columnNorms, gram, subtractTimes, times } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { type Interval, withNoise } from '../stats/interval.ts';
import { type Certification, event, normStatements, ratio, type Statements } from './certification.ts';
import { denseCore } from './completeness.ts';
import { certifyDeflated } from './deflated.ts';
import type { GivenPairs } from './ritz-pairs.ts';

/** V in the operator's element type, and how far rounding took each column. */
async function inTypeOf(run: Certification, V: Multivector): Promise<{ vectors: Multivector; rounding: Float64Array }> {
  const { space, blockSize, signal } = run.measuring;
  const rounding = new Float64Array(V.cols);
  if (V.dtype === run.op.dtype) return { vectors: V, rounding };
  const vectors = await space.allocate(V.cols);
  for (let start = 0; start < V.cols; start += blockSize) {
    signal?.throwIfAborted();
    const block = await V.readColumns(start, Math.min(start + blockSize, V.cols));
    const rounded = asDType(block, run.op.dtype);
    for (let at = 0; at < block.data.length; at++) {
      rounding[start + (at % block.cols)]! += (block.data[at]! - rounded.data[at]!) ** 2;
    }
    await vectors.writeColumns(start, rounded);
  }
  return { vectors, rounding: rounding.map(Math.sqrt) };
}

/** How large the terms of ||A - V_r diag(w_r) V_r^T||_F^2 inside the span are, r = 0, 1, ...: ||H - M_r||_F^2. */
function errorsInSpan(H: Matrix, R: Matrix, w: Float64Array): Float64Array {
  const k = H.rows;
  const left = Float64Array.from(H.data);
  const squares = new Float64Array(w.length + 1);
  squares[0] = sumOfSquares(left);
  for (let r = 0; r < w.length; r++) {
    for (let i = 0; i < k; i++) {
      const factor = w[r]! * R.data[i * R.cols + r]!;
      for (let j = 0; j < k; j++) left[i * k + j]! -= factor * R.data[j * R.cols + r]!;
    }
    squares[r + 1] = sumOfSquares(left);
  }
  return squares;
}

/** ||(H - w_i) r_i||. */
function residualsInSpan(H: Matrix, R: Matrix, w: Float64Array): Float64Array {
  const k = H.rows;
  return w.map((value, i) => {
    let square = 0;
    for (let row = 0; row < k; row++) {
      let sum = -value * R.data[row * R.cols + i]!;
      for (let j = 0; j < k; j++) sum += H.data[row * k + j]! * R.data[j * R.cols + i]!;
      square += sum ** 2;
    }
    return Math.sqrt(square);
  });
}

/** Sums of a function of the entries of each column of R. */
function columnSums(R: Matrix, term: (entry: number) => number): Float64Array {
  const sums = new Float64Array(R.cols);
  for (let at = 0; at < R.data.length; at++) sums[at % R.cols]! += term(R.data[at]!);
  return sums;
}

/**
 * (inSpan + outside) / (captured + outside), a relative error squared, at each end. It increases with what is outside where
 * the pairs are better than nothing; where they may be worse, it lies between 1 and inSpan / captured, whatever is outside.
 */
function relativeError(inSpan: Interval, captured: Interval, outside: Interval): Interval {
  const at = (a: number, K: number, e: number): number => Math.sqrt(ratio(a + e ** 2, K + e ** 2));
  return {
    estimate: at(inSpan.estimate, captured.estimate, outside.estimate),
    lower: inSpan.lower > captured.upper ? 1 : at(inSpan.lower, captured.upper, outside.lower),
    upper: at(inSpan.upper, captured.lower, inSpan.upper > captured.lower ? 0 : outside.upper),
  };
}

const combine = (inSpan: Interval, outside: Interval): Interval => ({
  estimate: Math.sqrt(inSpan.estimate + outside.estimate ** 2),
  lower: Math.sqrt(inSpan.lower + outside.lower ** 2),
  upper: Math.sqrt(inSpan.upper + outside.upper ** 2),
});

/** @throws NumericalError for a column of zeros or of numbers that are not finite. */
async function checkedLengths(run: Certification, V: Multivector): Promise<Float64Array> {
  const lengths = await columnNorms(V, run.verbs);
  const at = lengths.findIndex((length) => !(length > 0 && length < Number.POSITIVE_INFINITY));
  if (at < 0) return lengths;
  throw new NumericalError(`eigenvector ${at} has length ${lengths[at]}: it cannot belong to an eigenvalue`, { at });
}

/** The certificate of exactly the given pairs: as many products as V has columns beside those of a certificate of Ritz pairs. */
export async function certifyGiven(
  run: Certification,
  { eigenvalues: w, eigenvectors }: GivenPairs,
): Promise<Statements> {
  const { op, verbs, measuring } = run;
  const { space } = measuring;
  const { vectors: V, rounding } = await inTypeOf(run, eigenvectors);
  const lengths = await checkedLengths(run, V);
  const orthonormalityDefect = distanceFromIdentity(await gram(V, V, verbs, { wide: true }));
  const { basis: Q, ...orthonormal } = await orthonormalise(V, space, verbs);
  // intervals of eigenvalues are certain: an estimate, which is how the basis was accepted, would not do
  const defect = distanceFromIdentity(await gram(Q, Q, verbs, { wide: true }));
  const R = await orthonormal.R();
  const k = Q.cols;
  const rest = await columnNorms(await subtractTimes(V, Q, R, verbs, await space.allocate(V.cols)), verbs);
  // V diag(w) V^T and Q M Q^T differ by what rounding left of each column
  const leftOver = w.reduce((sum, value, i) => {
    const apart = rest[i]! + rounding[i]!;
    return sum + Math.abs(value) * apart * (2 * lengths[i]! + apart);
  }, 0);
  const Z = await measure(op, Q, measuring);
  const [C] = (await projectOut([Z], [Q], verbs)) as [Matrix];
  const H = symmetricPart(C);
  const skew = Math.sqrt(Math.max(0, frobeniusNorm(C) ** 2 - frobeniusNorm(H) ** 2));

  // Rayleigh-Ritz on the span of V: everything but what the pairs do within it
  const { values: theta, vectors: U } = await verbs.kernels.eigh(H);
  const ritzResiduals = await columnNorms(await times(Z, U, await space.allocate(k), verbs), verbs);
  const pairs = { eigenvalues: theta, eigenvectors: Q, residualNorms: ritzResiduals };
  const ritz = await certifyDeflated(run, pairs, { core: denseCore(H, verbs.kernels) });

  const noise = Math.max(ritz.noiseFloor, (Math.SQRT2 * skew) / Math.sqrt(k));
  const errors = errorsInSpan(H, R, w);
  const size = frobeniusNorm(H);
  const spread = noise * Math.sqrt(k);
  const inSpan = Array.from(errors, (square) =>
    withNoise(square, spread + leftOver + 2 * defect * (2 * size + Math.sqrt(square))),
  );
  const captured = withNoise(size ** 2, spread + 2 * defect * size);
  const total = inSpan.at(-1)!;
  const { errorFrob: outside, likely } = ritz;
  const scree = inSpan.map((square) => relativeError(square, captured, outside));

  // of the pair (w_i, Q r_i): the rounding that separates Q r_i from v_i does not matter to the eigenvalue
  const outOfSpan = await columnNorms(await times(Z, R, await space.allocate(V.cols), verbs), verbs);
  const within = residualsInSpan(H, R, w);
  const squares = columnSums(R, (entry) => entry ** 2);
  const sums = columnSums(R, Math.abs);
  const residualNorms = w.map((_, i) => Math.hypot(within[i]!, outOfSpan[i]!) / Math.sqrt(squares[i]!));
  return {
    ...ritz,
    numMatvecs: ritz.numMatvecs + k,
    events: [
      event(run, 'upper', [...normStatements('upper'), 'scree.upper']),
      event(run, 'lower', [...normStatements('lower'), 'scree.lower']),
      event(run, 'spectral', ['missedEigenvalueBound']),
    ],
    relativeError: scree.at(-1)!,
    errorFrob: combine(total, outside),
    scree,
    likely: {
      ...likely,
      relativeError: relativeError(total, captured, likely.errorFrob),
      errorFrob: combine(total, likely.errorFrob),
    },
    eigenvalueIntervals: Array.from(w, (estimate, i) => {
      const radius = residualNorms[i]! + (noise * sums[i]!) / Math.sqrt(squares[i]!) + 2 * defect * Math.abs(estimate);
      return { estimate, lower: estimate - radius, upper: estimate + radius };
    }),
    // of pairs whose values are Rayleigh quotients only
    gapIntervals: Array.from(w, () => null),
    angleBounds: Array.from(w, () => null),
    noiseFloor: noise,
    given: { orthonormalityDefect, residualNorms: Array.from(residualNorms), errorInSpan: Math.sqrt(errors.at(-1)!) },
  };
}
