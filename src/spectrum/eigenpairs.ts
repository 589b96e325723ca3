/** What every recovery returns, and how eigenpairs are ordered and cut. */
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { VerbContext } from '../multivector/verbs.ts';

/** Which end of the spectrum comes first: largest magnitude, largest algebraic, smallest algebraic. */
export type Which = 'LM' | 'LA' | 'SA';
export const WHICH: readonly Which[] = ['LM', 'LA', 'SA'];

/** A ~ vectors diag(values) vectors^T with orthonormal vectors. */
export interface Eigenpairs {
  /** Length r, in the order asked for. */
  values: Float64Array;
  /** n x r. */
  vectors: Multivector;
  /** ||A v_i - values_i v_i||, where the method knows A v_i. */
  residualNorms?: Float64Array;
  /** Residual norms are bounds from so many Gaussian combinations of rows. */
  residualSamples?: number;
  /** How far residual norms and values may be from those of exact products, where the method knows: they contain it. */
  noiseFloor?: number;
  /** The error is orthogonal to the approximation: the pairs are all of a refinement. */
  orthogonalError?: boolean;
  /** Estimate of ||A - vectors diag(values) vectors^T||_F from the sketch itself. */
  leaveOneOutError?: number;
  /** Claims of the operator that the pairs rest on, `['psd']`. */
  assumes?: readonly string[];
  /** Standard error of each value over data batches. */
  samplingErrors?: Float64Array;
  /** ||C - C^T||_F / ||C||_F of the core before it was symmetrised. */
  coreAsymmetry: number;
}

/** What a recovery needs besides its measurements. */
export interface RecoveryContext extends VerbContext {
  /** Where new multivectors are made. */
  space: Space;
  which: Which;
  /** At most so many eigenpairs are returned. */
  rank: number;
}

const KEYS: Record<Which, (value: number) => number> = {
  LM: (value) => -Math.abs(value),
  LA: (value) => -value,
  SA: (value) => value,
};

/** Indices of the first `rank` values in the order `which`; ties keep their order. */
export function selectLeading(values: Float64Array, which: Which, rank: number): number[] {
  const key = KEYS[which];
  return Array.from(values.keys())
    .sort((i, j) => key(values[i]!) - key(values[j]!))
    .slice(0, rank);
}
