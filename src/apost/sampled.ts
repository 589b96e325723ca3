/** Certification of any approximation: the norms of the operator and of the error are both sampled. */

import { checkBlock, type Matrix, recycled } from '../core/block.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, times } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { effectiveDimension, likelySquaredInterval } from '../stats/effective-dimension.ts';
import { type Interval, mapInterval, squaredInterval, withNoise } from '../stats/interval.ts';
import {
  type Certification,
  event,
  largestMagnitude,
  meanDiagonal,
  measureAsymmetricNoise,
  normStatements,
  ratio,
  type Statements,
} from './certification.ts';
import { diagonalCore } from './completeness.ts';
import { leadingWeights, noiseOfLargestProducts } from './largest-products.ts';
import { coreRounding, noiseFromRepetition, roundingFloor } from './noise.ts';

/** q products of the approximation, subtracted from those of the operator, in place. */
async function subtractApproximation(
  run: Certification,
  approximation: LinearOperator,
  AOmega: Multivector,
): Promise<void> {
  const { blockSize, signal } = run.measuring;
  const { rows, cols, dtype } = AOmega;
  const [inputs, products] = [0, 1].map(() => recycled(rows, Math.min(blockSize, cols), dtype));
  for (let start = 0; start < cols; start += blockSize) {
    signal?.throwIfAborted();
    const end = Math.min(start + blockSize, cols);
    const difference = await AOmega.readColumns(start, end, products!(end - start));
    const answer = await approximation.matmat(await run.Omega.readColumns(start, end, inputs!(end - start)));
    const approximate = checkBlock('product of the approximation', answer, rows, difference.cols);
    for (let at = 0; at < difference.data.length; at++) difference.data[at]! -= approximate.data[at]!;
    await AOmega.writeColumns(start, difference);
  }
}

/** ||E||_F and ||A||_F give ||E||_F / ||A||_F; a known ||approximation||_F sharpens it by the triangle inequality. */
function ratioOf(error: Interval, operator: Interval, known: number | undefined): Interval {
  const relative: Interval = {
    estimate: ratio(error.estimate, operator.estimate),
    lower: ratio(error.lower, operator.upper),
    upper: ratio(error.upper, operator.lower),
  };
  if (known !== undefined) {
    relative.lower = Math.max(relative.lower, ratio(error.lower, known + error.lower));
    if (known > error.upper) relative.upper = Math.min(relative.upper, ratio(error.upper, known - error.upper));
  }
  // ends from the known norm may exclude the ratio of two estimates
  relative.estimate = Math.max(relative.lower, Math.min(relative.estimate, relative.upper));
  return relative;
}

/** What an approximation without residual norms may know of itself. */
export interface KnownOfSampled {
  eigenvalues?: Float64Array | undefined;
  /** n x r, orthonormal. */
  eigenvectors?: Multivector | undefined;
  /** Tr (approximation^T error) = 0. */
  orthogonalError?: boolean | undefined;
}

/**
 * ||A||_F^2 = K + ||E||_F^2, so that the norm of A and the relative error are known where that of E is: increasing in it.
 * `spread` is how far noise and rounding may have taken the approximation, and E, from that.
 */
function normsWithOrthogonalError(error: Interval, eigenvalues: Float64Array, spread: number) {
  const known = withNoise(sumOfSquares(eigenvalues), spread);
  const t: Interval = {
    estimate: error.estimate ** 2,
    lower: Math.max(0, error.lower - spread) ** 2,
    upper: (error.upper + spread) ** 2,
  };
  const each = (value: (end: keyof Interval) => number): Interval => ({
    estimate: value('estimate'),
    lower: value('lower'),
    upper: value('upper'),
  });
  const opposite = { estimate: 'estimate', lower: 'upper', upper: 'lower' } as const;
  return {
    errorFrob: error,
    operatorFrob: each((end) => Math.sqrt(known[end] + t[end])),
    relativeError: each((end) => Math.min(1, Math.sqrt(ratio(t[end], known[opposite[end]] + t[end])))),
  };
}

/**
 * For two operators of which only products are known. The relative error takes half of 1 - confidence for each of its
 * two norms; where the eigenvalues of the approximation, and so its norm, are known, the triangle inequality sharpens it
 * on the same event. Where the error is orthogonal to the approximation, its norm is all that is unknown, and one event serves
 * each end of all three.
 */
export async function certifySampled(
  run: Certification,
  approximation: LinearOperator,
  { eigenvalues, eigenvectors, orthogonalError = false }: KnownOfSampled,
): Promise<Statements> {
  const { op, tests, level, verbs, measuring, Omega } = run;
  const known = eigenvalues && Math.sqrt(sumOfSquares(eigenvalues));
  const AOmega = await measure(op, Omega, measuring);
  const operatorSquares = await gram(AOmega, AOmega, verbs, { wide: true });
  const width = Math.min(tests, measuring.blockSize);
  const [first, product] = [await Omega.readColumns(0, width), await AOmega.readColumns(0, width)];
  const repeated = await noiseFromRepetition(op, first, product);
  // noise may be in proportion to the product, and the first test vector's be small beside others
  const size = Math.sqrt(operatorSquares.data[0]!);
  const growth = size > 0 ? Math.max(1, Math.sqrt(meanDiagonal(operatorSquares)) / size) : 1;
  const measuredNoise = Math.max(repeated * growth, await measureAsymmetricNoise(run, Omega, AOmega));
  const largest = eigenvalues ? largestMagnitude(eigenvalues) : 0;
  const rounding = roundingFloor(op, largest, 0);
  await subtractApproximation(run, approximation, AOmega);
  const errorSquares = await gram(AOmega, AOmega, verbs, { wide: true });
  // products of the approximation are rounded, too
  const noise = Math.max(measuredNoise, rounding) * Math.sqrt(op.shape[1]);
  const certified = (squares: Matrix, at: number): Interval =>
    mapInterval(squaredInterval(meanDiagonal(squares), tests, at, noise), Math.sqrt);
  const likely = (squares: Matrix): Interval => {
    const dimension = effectiveDimension(squares);
    return mapInterval(likelySquaredInterval(meanDiagonal(squares), tests, dimension, level, noise), Math.sqrt);
  };
  if (orthogonalError && eigenvalues && eigenvectors) {
    const weights = await leadingWeights(diagonalCore(eigenvalues));
    const leading = await times(eigenvectors, weights, await measuring.space.allocate(1), verbs);
    const products = await noiseOfLargestProducts(run, await leading.readColumns(0, 1), largest);
    const noiseFloor = Math.max(measuredNoise, products.noise, rounding);
    // the pairs come of A Q, which counts twice
    const ofPairs = noiseFloor + coreRounding(largest, eigenvalues.length);
    const spread = ofPairs * Math.sqrt(2 * eigenvalues.length);
    return {
      deflated: false,
      numMatvecs: tests + 1 + products.numMatvecs,
      events: [event(run, 'upper', normStatements('upper')), event(run, 'lower', normStatements('lower'))],
      ...normsWithOrthogonalError(certified(errorSquares, level), eigenvalues, spread),
      likely: {
        ...normsWithOrthogonalError(likely(errorSquares), eigenvalues, spread),
        effectiveDimension: effectiveDimension(errorSquares),
      },
      noiseFloor,
      roundingFloor: rounding,
    };
  }
  const half = (1 + level) / 2;
  return {
    deflated: false,
    numMatvecs: tests + 1,
    events: [
      event(run, 'upper', ['errorFrob.upper']),
      event(run, 'upper', ['operatorFrob.upper']),
      event(run, 'upper', ['relativeError.upper']),
      event(run, 'lower', ['errorFrob.lower']),
      event(run, 'lower', ['operatorFrob.lower']),
      event(run, 'lower', ['relativeError.lower']),
    ],
    relativeError: ratioOf(certified(errorSquares, half), certified(operatorSquares, half), known),
    errorFrob: certified(errorSquares, level),
    operatorFrob: certified(operatorSquares, level),
    likely: {
      relativeError: ratioOf(likely(errorSquares), likely(operatorSquares), known),
      errorFrob: likely(errorSquares),
      operatorFrob: likely(operatorSquares),
      effectiveDimension: effectiveDimension(errorSquares),
    },
    noiseFloor: Math.max(measuredNoise, rounding),
    roundingFloor: rounding,
  };
}
