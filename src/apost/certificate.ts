/** The certificate: what is known about the error of an approximation, as a plain record of numbers. */
import type { Interval } from './interval.ts';

export const CERTIFICATE_SCHEMA = 1;

/** Eigenvalues that A certainly has on each side of zero (interlacing of Ritz values, less the noise floor). */
export interface Inertia {
  negative: number;
  positive: number;
}

/** Every statement about E = A - approximation. Probabilities are over the test vectors; see {@link Interval}. */
export interface Certificate {
  /** Version of this record. */
  schema: typeof CERTIFICATE_SCHEMA;
  /** 1 - d, of each end of each sampled interval. All upper ends of a deflated certificate hold jointly at it. */
  confidence: number;
  /** q: Gaussian test vectors. */
  tests: number;
  seed: number;
  /** Products spent on the certificate. */
  numMatvecs: number;
  seconds: number;
  /** Whether the known part of the error was separated from the sampled one (needs residual norms). */
  deflated: boolean;
  /** ||E||_F / ||A||_F. */
  relativeError: Interval;
  /** ||E||_F. */
  errorFrob: Interval;
  /** ||A||_F. */
  operatorFrob: Interval;
  /**
   * Deflated only: relative error of the approximation cut after its first r eigenpairs, r = 0..rank, each as
   * `relativeError`.
   */
  scree?: Interval[];
  /** Deflated only: interval i contains an eigenvalue of A (residual bound, no probability involved). */
  eigenvalueIntervals?: Interval[];
  /** Deflated only: A has at least so many eigenvalues of each sign. */
  inertia?: Inertia;
  /** Measured norm of what rounding and nondeterminism add to A v for a unit vector v. */
  noiseFloor: number;
}
