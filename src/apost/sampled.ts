/** Certification of any approximation: the norms of the operator and of the error are both sampled. */
import { checkBlock } from '../core/block.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { columnNorms } from '../multivector/verbs.ts';
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
    const approximate = checkBlock(
      `${run.measuring.where}: product of the approximation`,
      answer,
      exact.rows,
      exact.cols,
    );
    const difference = exact.data.map((value, at) => value - approximate.data[at]!);
    await AOmega.writeColumns(start, { rows: exact.rows, cols: exact.cols, data: difference });
  }
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
  const { op, tests, confidence, verbs, measuring, Omega } = run;
  const known = eigenvalues && Math.sqrt(sumOfSquares(eigenvalues));
  const AOmega = await measure(op, Omega, measuring);
  const operatorSquare = meanSquare(await columnNorms(AOmega, verbs));
  const noiseFloor = await measureNoise(run, Omega, AOmega, eigenvalues ? largestMagnitude(eigenvalues) : 0);
  await subtractApproximation(run, approximation, AOmega);
  const errorSquare = meanSquare(await columnNorms(AOmega, verbs));
  const interval = (square: number, at: number): Interval => mapInterval(squaredInterval(square, tests, at), Math.sqrt);
  const joint = (1 + confidence) / 2;
  const error = interval(errorSquare, joint);
  const operator = interval(operatorSquare, joint);
  const relativeError: Interval = {
    estimate: ratio(Math.sqrt(errorSquare), Math.sqrt(operatorSquare)),
    lower: ratio(error.lower, operator.upper),
    upper: ratio(error.upper, operator.lower),
  };
  if (known !== undefined) {
    relativeError.lower = Math.max(relativeError.lower, ratio(error.lower, known + error.lower));
    if (known > error.upper) {
      relativeError.upper = Math.min(relativeError.upper, ratio(error.upper, known - error.upper));
    }
  }
  return {
    deflated: false,
    relativeError,
    errorFrob: interval(errorSquare, confidence),
    operatorFrob: interval(operatorSquare, confidence),
    noiseFloor,
  };
}
