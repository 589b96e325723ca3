/** Certification of any approximation: the norms of the operator and of the error are both sampled. */
import { checkBlock, type Matrix } from '../core/block.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { effectiveDimension, likelySquaredInterval } from '../stats/effective-dimension.ts';
import { type Interval, mapInterval, squaredInterval } from '../stats/interval.ts';
import {
  type Certification,
  event,
  largestMagnitude,
  meanDiagonal,
  measureAsymmetricNoise,
  ratio,
  type Statements,
  sumOfSquares,
} from './certification.ts';
import { noiseFromRepetition, roundingFloor } from './noise.ts';

/** q products of the approximation, subtracted from those of the operator, in place. */
async function subtractApproximation(
  run: Certification,
  approximation: LinearOperator,
  AOmega: Multivector,
): Promise<void> {
  const { blockSize, signal } = run.measuring;
  for (let start = 0; start < AOmega.cols; start += blockSize) {
    signal?.throwIfAborted();
    const end = Math.min(start + blockSize, AOmega.cols);
    const exact = await AOmega.readColumns(start, end);
    const answer = await approximation.matmat(await run.Omega.readColumns(start, end));
    const approximate = checkBlock('product of the approximation', answer, exact.rows, exact.cols);
    const difference = exact.data.map((value, at) => value - approximate.data[at]!);
    await AOmega.writeColumns(start, { rows: exact.rows, cols: exact.cols, data: difference });
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
  return relative;
}

/**
 * For two operators of which only products are known. The relative error takes half of 1 - confidence for each of its
 * two norms; where the eigenvalues of the approximation, and so its norm, are known, the triangle inequality sharpens it
 * on the same event.
 */
export async function certifySampled(
  run: Certification,
  approximation: LinearOperator,
  eigenvalues?: Float64Array,
): Promise<Statements> {
  const { op, tests, level, verbs, measuring, Omega } = run;
  const known = eigenvalues && Math.sqrt(sumOfSquares(eigenvalues));
  const AOmega = await measure(op, Omega, measuring);
  const operatorSquares = await gram(AOmega, AOmega, verbs);
  const width = Math.min(tests, measuring.blockSize);
  const [first, product] = [await Omega.readColumns(0, width), await AOmega.readColumns(0, width)];
  const repeated = await noiseFromRepetition(op, first, product);
  const measuredNoise = Math.max(repeated, await measureAsymmetricNoise(run, Omega, AOmega));
  const rounding = roundingFloor(op, eigenvalues ? largestMagnitude(eigenvalues) : 0, 0);
  await subtractApproximation(run, approximation, AOmega);
  const errorSquares = await gram(AOmega, AOmega, verbs);
  const noise = measuredNoise * Math.sqrt(op.shape[1]);
  const certified = (squares: Matrix, at: number): Interval =>
    mapInterval(squaredInterval(meanDiagonal(squares), tests, at, noise), Math.sqrt);
  const likely = (squares: Matrix): Interval => {
    const dimension = effectiveDimension(squares);
    return mapInterval(likelySquaredInterval(meanDiagonal(squares), tests, dimension, level, noise), Math.sqrt);
  };
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
