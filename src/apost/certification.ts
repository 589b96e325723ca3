/** What the two kinds of certification share: the run, its statements and small sums. */
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, type VerbContext } from '../multivector/verbs.ts';
import type { MeasureContext } from '../sketch/measure.ts';
import type { Certificate, CertificateEvent } from './certificate.ts';
import { noiseFromAsymmetry } from './noise.ts';

/** A certification under way: checked options, and the test vectors it may spend. */
export interface Certification {
  op: LinearOperator;
  tests: number;
  /** Probability of each event. In a search it is spent over all looks. */
  confidence: number;
  /** Probability that each event must have at this look for that; `confidence` itself when there is only one. */
  level: number;
  /** Products of the Lanczos run for the completeness bound, beside that of the test vector it starts from. */
  lanczosSteps: number;
  verbs: VerbContext;
  measuring: MeasureContext;
  /** Where its random columns begin: earlier looks under the same seed have used as many test vectors. */
  stream: { seed: number; firstColumn: number };
  /** n x tests standard Gaussian vectors; may be overwritten. */
  Omega: Multivector;
}

/** The fields of a certificate that depend on how it was made, and the products spent. */
export type Statements = Omit<
  Certificate,
  'schema' | 'confidence' | 'looks' | 'tests' | 'seed' | 'seconds' | 'coreAsymmetry' | 'samplingErrors'
>;

export const largestMagnitude = (values: Float64Array): number =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
/** A ratio of norms in which 0 / 0, the zero operator met exactly, is no error. */
export const ratio = (numerator: number, denominator: number): number =>
  numerator === 0 ? 0 : numerator / denominator;

/** Mean of the diagonal of a Gram matrix: the mean square of the columns' norms. */
export function meanDiagonal({ rows, data }: { rows: number; data: Float64Array }): number {
  let total = 0;
  for (let i = 0; i < rows; i++) total += data[i * rows + i]!;
  return total / rows;
}

/** Names of one end of the three norms. */
export const normStatements = (end: 'lower' | 'upper'): string[] =>
  ['relativeError', 'errorFrob', 'operatorFrob'].map((name) => `${name}.${end}`);

export function event(
  { confidence }: Certification,
  name: CertificateEvent['name'],
  statements: string[],
): CertificateEvent {
  return { name, probability: confidence, statements };
}

/** The noise per unit vector in the test products X, A X that departs from symmetry. */
export async function measureAsymmetricNoise(
  { op, verbs }: Certification,
  X: Multivector,
  AX: Multivector,
): Promise<number> {
  return op.selfAdjoint ? noiseFromAsymmetry(await gram(X, AX, verbs, { wide: true }), X.rows) : 0;
}
