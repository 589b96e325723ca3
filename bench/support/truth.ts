/** What a certificate claims about a diagonal operator, next to what is true. */
import type { Certificate, EighResult } from '../../src/index.ts';

/** Exact facts about E = diag(values) - V diag(w) V^T and the part of A outside V. */
export interface Truth {
  errorFrob: number;
  operatorFrob: number;
  /** Relative error after the first r pairs, r = 0..rank. */
  scree: number[];
  /** ||A (I - V V^T)||_2. */
  missed: number;
  values: Float64Array;
  /** V, n x r. */
  vectors: Float64Array;
  rank: number;
}

const lengthOf = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0));

/** Entries of a unit vector below this are nothing, and slow: products of them leave the normal numbers. */
const NOTHING = 1e-150;

/** ||A (I - V V^T)||_2 for diagonal A, by 300 power steps from an arbitrary start. */
function missedNorm(values: Float64Array, columns: readonly Float64Array[]): number {
  const n = values.length;
  const project = (x: Float64Array): void => {
    for (const v of columns) {
      let dot = 0;
      for (let i = 0; i < n; i++) dot += v[i]! * x[i]!;
      for (let i = 0; i < n; i++) x[i]! -= dot * v[i]!;
    }
  };
  let x = Float64Array.from({ length: n }, (_, i) => 1 + 0.1 * Math.sin(i * i + 1));
  let norm = 0;
  for (let step = 0; step < 300; step++) {
    // twice: V is orthonormal up to rounding, and what is left can be far smaller than x
    project(x);
    project(x);
    const length = lengthOf(x);
    if (length < 1e-12 * Math.sqrt(n)) return 0;
    x = x.map((value, i) => (Math.abs(value) < NOTHING * length ? 0 : (value / length) * values[i]!));
    norm = lengthOf(x);
    for (let i = 0; i < n; i++) x[i]! *= values[i]!;
  }
  return norm;
}

export async function truthOf(values: Float64Array, result: EighResult): Promise<Truth> {
  const n = values.length;
  const vectors = Float64Array.from((await result.eigenvectors.toBlock()).data);
  const rank = result.rank;
  const columns = Array.from({ length: rank }, (_, r) => Float64Array.from(values, (_, i) => vectors[i * rank + r]!));
  // E is kept entry by entry: differences of norms would lose small errors
  const E = new Float64Array(n * n);
  for (let i = 0; i < n; i++) E[i * n + i] = values[i]!;
  const operatorFrob = Math.hypot(...values);
  const norms = [operatorFrob];
  for (const [r, v] of columns.entries()) {
    let square = 0;
    for (let i = 0; i < n; i++) {
      const left = result.eigenvalues[r]! * v[i]!;
      for (let j = 0; j < n; j++) {
        E[i * n + j]! -= left * v[j]!;
        square += E[i * n + j]! ** 2;
      }
    }
    norms.push(Math.sqrt(square));
  }
  const scree = norms.map((norm) => norm / operatorFrob);
  const missed = missedNorm(values, columns);
  return { errorFrob: norms.at(-1)!, operatorFrob, scree, missed, values, vectors, rank };
}

/** sin of the angle between column i of V and coordinate axis `axis`. */
function sine({ vectors, rank, values }: Truth, i: number, axis: number): number {
  let square = 0;
  for (let row = 0; row < values.length; row++) if (row !== axis) square += vectors[row * rank + i]! ** 2;
  return Math.sqrt(square);
}

/** Each statement of a certificate that it makes: whether it is true. Joint statements are true when all parts are. */
export function judge(cert: Certificate, truth: Truth): Record<string, boolean> {
  const { values } = truth;
  const relative = truth.errorFrob / truth.operatorFrob;
  const verdicts: Record<string, boolean> = {
    'relativeError.upper': cert.relativeError.upper >= relative,
    'relativeError.lower': cert.relativeError.lower <= relative,
    'errorFrob.upper': cert.errorFrob.upper >= truth.errorFrob,
    'errorFrob.lower': cert.errorFrob.lower <= truth.errorFrob,
    'operatorFrob.upper': cert.operatorFrob.upper >= truth.operatorFrob,
    'operatorFrob.lower': cert.operatorFrob.lower <= truth.operatorFrob,
    'likely.errorFrob.upper': cert.likely.errorFrob.upper >= truth.errorFrob,
    'likely.errorFrob.lower': cert.likely.errorFrob.lower <= truth.errorFrob,
  };
  if (!cert.deflated) return verdicts;
  verdicts['event upper, all statements'] =
    cert.scree!.every(({ upper }, r) => upper >= truth.scree[r]!) &&
    verdicts['relativeError.upper']! &&
    verdicts['errorFrob.upper']! &&
    verdicts['operatorFrob.upper']!;
  verdicts['event lower, all statements'] =
    cert.scree!.every(({ lower }, r) => lower <= truth.scree[r]!) &&
    verdicts['relativeError.lower']! &&
    verdicts['errorFrob.lower']! &&
    verdicts['operatorFrob.lower']!;
  const inside = (lower: number, upper: number): number[] =>
    Array.from(values.keys()).filter((j) => values[j]! >= lower && values[j]! <= upper);
  verdicts.eigenvalueIntervals = cert.eigenvalueIntervals!.every(({ lower, upper }) => inside(lower, upper).length > 0);
  verdicts.inertia =
    cert.inertia!.negative <= values.filter((value) => value < 0).length &&
    cert.inertia!.positive <= values.filter((value) => value > 0).length;
  verdicts.missedEigenvalueBound = cert.missedEigenvalueBound! >= truth.missed;
  const found = cert.gapIntervals!.map((interval) => interval && inside(interval.lower, interval.upper));
  verdicts.gapIntervals = found.every((axes) => axes === null || axes.length === 1);
  verdicts.angleBounds = found.every(
    (axes, i) => axes === null || (axes.length === 1 && sine(truth, i, axes[0]!) <= Math.sin(cert.angleBounds![i]!)),
  );
  verdicts['event spectral, all statements'] =
    verdicts.missedEigenvalueBound && verdicts.gapIntervals && verdicts.angleBounds;
  return verdicts;
}
