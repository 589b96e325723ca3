/** What the two kinds of certification share: the run, its statements and small sums. */
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, type VerbContext } from '../multivector/verbs.ts';
import type { MeasureContext } from '../sketch/measure.ts';
import type { Certificate } from './certificate.ts';
import { noiseFromAsymmetry, noiseFromRepetition, roundingFloor } from './noise.ts';

/** A certification under way: checked options, and the test vectors it may spend. */
export interface Certification {
  op: LinearOperator;
  tests: number;
  confidence: number;
  verbs: VerbContext;
  measuring: MeasureContext;
  /** n x tests standard Gaussian vectors; may be overwritten. */
  Omega: Multivector;
}

/** The fields of a certificate that depend on how it was made. */
export type Statements = Omit<Certificate, 'schema' | 'confidence' | 'tests' | 'seed' | 'numMatvecs' | 'seconds'>;

export const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);
export const meanSquare = (norms: Float64Array): number => sumOfSquares(norms) / norms.length;
export const largestMagnitude = (values: Float64Array): number =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
/** A ratio of norms in which 0 / 0, the zero operator met exactly, is no error. */
export const ratio = (numerator: number, denominator: number): number =>
  numerator === 0 ? 0 : numerator / denominator;

/** The largest noise per unit vector that the test products X, A X show, and one rounding of the operator's size. */
export async function measureNoise(
  { op, verbs, measuring }: Certification,
  X: Multivector,
  AX: Multivector,
  spectralNorm: number,
): Promise<number> {
  const width = Math.min(X.cols, measuring.blockSize);
  const repeated = await noiseFromRepetition(
    op,
    await X.readColumns(0, width),
    await AX.readColumns(0, width),
    measuring.where,
  );
  const asymmetric = op.selfAdjoint ? noiseFromAsymmetry(await gram(X, AX, verbs), X.rows) : 0;
  return Math.max(repeated, asymmetric, roundingFloor(op, spectralNorm));
}
