/** The certificate: what is known about the error of an approximation, as a plain record of numbers. */
import type { Interval } from '../stats/interval.ts';

/** The version of certificates that this version writes. */
export const CERTIFICATE_SCHEMA = 1;

/** Fields that are in units of A. */
export const CERTIFIED_LENGTHS: readonly string[] = [
  'errorFrob',
  'operatorFrob',
  'likely.errorFrob',
  'likely.operatorFrob',
  'eigenvalueIntervals',
  'gapIntervals',
  'missedEigenvalueBound',
  'noiseFloor',
  'roundingFloor',
  'given.residualNorms',
  'given.errorInSpan',
];

/** Eigenvalues that A certainly has on each side of zero (interlacing of Ritz values, less the noise floor). */
export interface Inertia {
  /** At least so many eigenvalues are below zero. */
  negative: number;
  /** At least so many eigenvalues are above zero. */
  positive: number;
}

/**
 * One random event and the fields that hold on it. The fields of one event hold together with its probability; fields
 * of several events hold together with probability at least 1 - (the sum of what each probability lacks to 1).
 */
export interface CertificateEvent {
  /** What happens: the test vectors were not unluckily small (`upper`), large (`lower`), or aligned (`spectral`). */
  name: 'upper' | 'lower' | 'spectral';
  /** At least this, over the test vectors. */
  probability: number;
  /** Names of fields of the certificate, `.upper` and `.lower` for one end of each interval. */
  statements: string[];
}

/** Approximate intervals: nearly always narrower, nearly always right, never called certified. */
export interface LikelyIntervals {
  /** ||E||_F / ||A||_F. */
  relativeError: Interval;
  /** ||E||_F. */
  errorFrob: Interval;
  /** ||A||_F. */
  operatorFrob: Interval;
  /** Effective number of equal directions in the sampled error, from 1 (rank one) to n (flat). */
  effectiveDimension: number;
}

/** How good a factorisation V diag(w) V^T from elsewhere is, beside its error: measured, each within `noiseFloor`. */
export interface GivenMeasurements {
  /** ||V^T V - I||_F of all columns. */
  orthonormalityDefect: number;
  /** ||A v_i - w_i v_i|| / ||v_i||. */
  residualNorms: number[];
  /** ||Q^T (A - V diag(w) V^T) Q||_F, Q a basis of the span of V: the part of the error that Rayleigh-Ritz would remove. */
  errorInSpan: number;
}

/**
 * Every statement about E = A - approximation, A n x n. Lengths are in units of A. Probabilities are over the test
 * vectors; `events` says which statements share one. Fields marked "deflated only" need Ritz pairs with residual norms, or
 * pairs from elsewhere.
 */
export interface Certificate {
  /** Version of this record. */
  schema: typeof CERTIFICATE_SCHEMA;
  /** 1 - d: the probability of each event. */
  confidence: number;
  /** How the confidence is shared out. */
  events: CertificateEvent[];
  /**
   * How many certificates a search has made, this one included (adaptive `seigh`): looks, in the words of sequential
   * analysis. The i-th look spends 6 d / (pi i)^2 on each event, which adds up to at most d: each event holds at every look
   * at once with probability `confidence`, whichever look ended the search.
   */
  looks: number;
  /** q: Gaussian test vectors. */
  tests: number;
  /** Seed of the test vectors. */
  seed: number;
  /** Products with single columns spent on the certificate. */
  numMatvecs: number;
  /** Wall-clock seconds spent on the certificate. */
  seconds: number;
  /** Whether the known part of the error was separated from the sampled one (needs residual norms). */
  deflated: boolean;
  /** ||E||_F / ||A||_F. */
  relativeError: Interval;
  /** ||E||_F. */
  errorFrob: Interval;
  /** ||A||_F. */
  operatorFrob: Interval;
  /** Not certified: the same three from the effective dimension that the test vectors show. */
  likely: LikelyIntervals;
  /**
   * Deflated only: relative error of the approximation cut after its first r eigenpairs, r = 0..rank, each as
   * `relativeError`.
   */
  scree?: Interval[];
  /** Deflated only: interval i contains an eigenvalue of A (residual bound, no probability involved). */
  eigenvalueIntervals?: Interval[];
  /**
   * Deflated only: interval i contains exactly one eigenvalue of A, and A has no other one near: quadratically small in
   * the residual. Null where no gap to the rest of the spectrum could be certified.
   */
  gapIntervals?: (Interval | null)[];
  /** Deflated only: largest angle in radians between vector i and the eigenvector of that one eigenvalue, or null. */
  angleBounds?: (number | null)[];
  /** Deflated only: A has at least so many eigenvalues of each sign (no probability involved). */
  inertia?: Inertia;
  /**
   * Deflated only: upper bound X of ||A (I - V V^T)||_2, V the eigenvectors. No eigenvalue larger than X in magnitude was
   * missed: A has at most `rank` of them.
   */
  missedEigenvalueBound?: number;
  /** Norm of what rounding and nondeterminism add to A v for a unit vector v: measured, and at least `roundingFloor`. */
  noiseFloor: number;
  /** The least it can be: four roundings of the largest product, and the measured departure of the vectors from length 1. */
  roundingFloor: number;
  /**
   * Of a result with `lazyVectors`: from so many Gaussian combinations of rows its residual norms are known. Each end of the norms has a tenth of
   * its probability for them.
   */
  residualSamples?: number;
  /** ||C - C^T||_F / ||C||_F of the approximation's core, where it has one. For `oversampled` it shows sketching error. */
  coreAsymmetry?: number;
  /** What was measured of pairs from elsewhere ({@link ritzPairs}). */
  given?: GivenMeasurements;
  /** Standard error of each eigenvalue over data batches, where asked for: variation of the data, not of the sketch. */
  samplingErrors?: number[];
}

/** The certificate of Ritz pairs with residual norms: results of `seigh` by hmt and krylov, and of `eigsh`. */
export type DeflatedCertificate = Certificate &
  Required<
    Pick<
      Certificate,
      'scree' | 'eigenvalueIntervals' | 'gapIntervals' | 'angleBounds' | 'inertia' | 'missedEigenvalueBound'
    >
  >;

/** The certificate of pairs that were computed elsewhere, by `ritzPairs`. */
export type GivenCertificate = DeflatedCertificate & Required<Pick<Certificate, 'given'>>;
