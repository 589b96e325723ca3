/** One line of a report for each eigenvalue. */
import type { Interval } from '../stats/interval.ts';
import type { Analysis } from './analysis.ts';

/** Why the bound of an eigenvalue holds: a residual (sure), or a certified gap (on the event `spectral`). */
export type BoundKind = 'residual' | 'gap';

export interface EigenvalueRow {
  /** 1, 2, ... in the order of the analysis. */
  index: number;
  value: number;
  /** Distance to the farther end of its interval; absent without a certificate or a residual norm that contains the noise. */
  bound?: number;
  kind?: BoundKind;
  /** Radians; absent where no gap is certified. */
  angle?: number;
  /** Standard error over data batches. */
  samplingError?: number;
  /** ||A v - w v||, where the method knows it. */
  residualNorm?: number;
}

const reach = (value: number, { lower, upper }: Interval): number => Math.max(upper - value, value - lower);

/** Eigenvalues with the narrower of their two intervals; of two alike with that of the residual, which is sure. */
export function eigenvalueRows(analysis: Analysis): EigenvalueRow[] {
  const { eigenvalues, residualNorms, certificate, samplingErrors, outcome } = analysis;
  const containNoise = outcome?.noiseFloor !== undefined;
  return eigenvalues.map((value, i) => {
    const residualNorm = residualNorms?.[i];
    const bound = containNoise ? residualNorm : undefined;
    const own = bound === undefined ? undefined : { estimate: value, lower: value - bound, upper: value + bound };
    const residual = certificate?.eigenvalueIntervals?.[i] ?? own;
    const gap = certificate?.gapIntervals?.[i];
    const angle = certificate?.angleBounds?.[i];
    const best = gap && residual && reach(value, gap) < reach(value, residual) ? gap : residual;
    const samplingError = samplingErrors?.[i];
    return {
      index: i + 1,
      value,
      ...(best
        ? {
            bound: best === own ? bound! : reach(value, best),
            kind: best === gap ? ('gap' as const) : ('residual' as const),
          }
        : {}),
      ...(typeof angle === 'number' ? { angle } : {}),
      ...(samplingError === undefined ? {} : { samplingError }),
      ...(residualNorm === undefined ? {} : { residualNorm }),
    };
  });
}
