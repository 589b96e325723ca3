/** Whether a search reached what it was asked for, and what else the operator may have. */
import type { Completeness } from '../eigsh/completeness.ts';
import type { EighResult } from '../spectrum/result.ts';
import { boundText, ceilingText, estimateText, floorText } from './numbers.ts';

/** Bounds of the eigenvalues that were not returned, as `eigsh` states them. */
export type CompletenessBounds = Pick<Completeness, 'confidence' | 'upperBound' | 'lowerBound' | 'radius' | 'complete'>;

/** What `eigsh`, or `seigh` with `tol`, was asked for and came to. */
export interface Outcome {
  /** Of `eigsh`: relative to each eigenvalue; of `seigh`: the certified relative error. */
  tol: number;
  /** Whether it was reached, or the rounding of the element type, which nothing can better. */
  converged: boolean;
  /** Why the search ended. */
  status: string;
  /** Pairs that reached it. */
  numConverged?: number;
  /** Whether nothing beyond the last returned eigenvalue is missing, as `completeness` says. */
  complete?: boolean;
  /** Norm of what noise and rounding add to A v for a unit vector v; residual norms contain it. */
  noiseFloor?: number;
  /** Absent where it was not looked for what may be missing. */
  completeness?: CompletenessBounds;
}

/** The outcome in a result that has one. */
export function outcomeOf(result: EighResult): Outcome | undefined {
  const { tol, converged, status, numConverged, complete, noiseFloor, completeness } = result as EighResult &
    Partial<Outcome>;
  if (tol === undefined || converged === undefined || status === undefined) return undefined;
  return {
    ...{ tol, converged, status },
    ...(numConverged === undefined ? {} : { numConverged }),
    ...(complete === undefined ? {} : { complete }),
    ...(noiseFloor === undefined ? {} : { noiseFloor }),
    ...(completeness === undefined ? {} : { completeness: restOf(completeness) }),
  };
}

function restOf({ confidence, upperBound, lowerBound, radius, complete }: CompletenessBounds): CompletenessBounds {
  return {
    confidence,
    ...(upperBound === undefined ? {} : { upperBound }),
    ...(lowerBound === undefined ? {} : { lowerBound }),
    ...(radius === undefined ? {} : { radius }),
    complete,
  };
}

/** Whether the pairs of a search are what they were asked to be. */
export function reachedText({ tol, converged, status, numConverged, noiseFloor }: Outcome, pairs: number): string {
  if (numConverged === undefined) {
    return converged ? `the tolerance of ${tol} is reached` : `the tolerance of ${tol} is not reached (${status})`;
  }
  if (converged) return `${pairs} eigenpairs with residual norms of at most ${tol} of the eigenvalue, or of rounding`;
  const noise = noiseFloor !== undefined && status === 'noise' ? ` of ${boundText(noiseFloor)}` : '';
  return `not converged: ${numConverged} of ${pairs} eigenpairs have residual norms of at most ${tol} of the eigenvalue (${status}${noise})`;
}

/** What else the operator may have. */
export function restText(rest: CompletenessBounds | undefined, pairs: number): string {
  if (!rest) return 'eigenvalues that are missing were not looked for';
  const { confidence, upperBound: upper, lowerBound: lower, radius, complete } = rest;
  const probability = `with probability ${estimateText(confidence)}`;
  if (complete) return `none beyond the last one is missing, ${probability}`;
  if (radius !== undefined)
    return `at most ${pairs} eigenvalues are nearer to sigma than ${floorText(radius)}, ${probability}`;
  if (upper !== undefined && lower === -upper) {
    return `at most ${pairs} eigenvalues exceed ${ceilingText(upper)} in magnitude, ${probability}`;
  }
  const ends = [
    upper === undefined ? [] : [`above ${ceilingText(upper)}`],
    lower === undefined ? [] : [`below ${floorText(lower)}`],
  ].flat();
  return `no more eigenvalues than were returned from that end lie ${ends.join(' or ')}, ${probability}`;
}
