/** What searches for an accuracy share: certificates made one after the other, until one states what was asked for. */
import { certify } from '../apost/apost.ts';
import type { DeflatedCertificate } from '../apost/certificate.ts';
import { parseApostOptions } from '../apost/options.ts';
import type { Control } from '../core/schedule.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Space } from '../multivector/multivector.ts';
import type { EighResult, RitzResult, SketchSeconds } from '../spectrum/result.ts';
import type { AdaptiveSettings } from './options.ts';

/** Where a search for an accuracy works, and how wide its products are at most. */
export interface Workplace {
  /** Of everything of size n. */
  space: Space;
  widest: number;
}

/** Why a search for an accuracy ended: `'rounding'` where no further column brings a new direction. */
export type AdaptiveStatus = 'converged' | 'maxDims' | 'rounding';

/** A decomposition with the certificate that ended the search for it. */
export interface AdaptiveResult extends EighResult<SketchSeconds> {
  /** ||A v_i - eigenvalues_i v_i||_2, length r. */
  residualNorms: Float64Array;
  /** Whether the certified relative error is at most `tol`. If not, `maxDims` was reached or rounding does not allow it. */
  converged: boolean;
  /** Why it ended. */
  status: AdaptiveStatus;
  /** The tolerance that was asked for. */
  tol: number;
  /** The last certificate. Its products are among `numMatvecs`, as are those of earlier ones. */
  certificate: DeflatedCertificate;
}

/** Certificates made so far, their test vectors, and all products that they have cost. */
export interface Looks {
  looks: number;
  testsUsed: number;
  spent: number;
}

/** Before the first certificate. */
export const NO_LOOKS: Looks = { looks: 0, testsUsed: 0, spent: 0 };

/** A certificate of a search, and whether it states the wanted accuracy. */
export interface Look {
  certificate: DeflatedCertificate;
  converged: boolean;
  /** With this one. */
  used: Looks;
}

/**
 * The next certificate, from fresh test vectors. Certificate i must hold with probability 1 - 6 d / (pi i)^2, d = 1 - confidence,
 * and its vectors are independent of everything that led to it; the failures of all certificates add up to at most d, so the
 * statement that ends the search holds with probability `confidence`, whichever certificate that is.
 *
 * @param result its own `numMatvecs` leaves out what certificates have cost
 */
export async function certifyNext(
  op: LinearOperator,
  result: RitzResult,
  { looks, testsUsed, spent }: Looks,
  { tol, tests, seed, confidence, kernels, onProgress, signal }: AdaptiveSettings & Control & { tests: number },
): Promise<Look> {
  const options = parseApostOptions({ tests, seed, confidence, kernels, onProgress, signal });
  const certificate = await certify(op, result, options, { number: looks + 1, testsUsed });
  return {
    certificate,
    converged: certificate.relativeError.upper <= tol,
    used: { looks: looks + 1, testsUsed: testsUsed + tests, spent: spent + certificate.numMatvecs },
  };
}

/** The result of a search that its last certificate ends. */
export function endedBy(
  { certificate, converged, used }: Look,
  result: RitzResult,
  { tol, isExhausted }: { tol: number; isExhausted: boolean },
): AdaptiveResult {
  const status = converged ? 'converged' : isExhausted ? 'rounding' : 'maxDims';
  return { ...result, numMatvecs: result.numMatvecs + used.spent, converged, status, tol, certificate };
}
