/** Whether the wanted pairs are the leading ones: bounds of every eigenvalue that was not returned. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { maximum, minimum } from '../core/extremes.ts';
import type { KrylovContext } from '../krylov/decomposition.ts';
import type { FreshRun, SpectrumBounds } from '../krylov/fresh-run.ts';
import type { RitzValues } from '../krylov/ritz.ts';
import type { KrylovWhich } from '../krylov/which.ts';
import { placeBlock, transpose } from '../linalg/small.ts';

/** What may exist beside the pairs that were returned. */
export interface Completeness {
  /** Probability that the bounds hold, over the random vectors of the check. */
  confidence: number;
  /**
   * At most as many eigenvalues of A as were returned from that end lie above `upperBound` and below `lowerBound`. `'LM'`: at
   * most k outside [lowerBound, upperBound] = [-x, x]. `'LA'` has no lower one, `'SA'` no upper one.
   */
  upperBound?: number;
  /** At most as many eigenvalues as were returned from that end lie below. */
  lowerBound?: number;
  /** With `sigma`, in place of the bounds: at most k eigenvalues are nearer to it than this; 0 where nothing is known. */
  radius?: number;
  /**
   * Nothing lies beyond the last returned eigenvalue but what is as large as it to `tol` and noise: every eigenvalue in the
   * wanted part of the spectrum was returned, as often as it is there.
   */
  complete: boolean;
  /** Where that is open: about so many products of one run would tell, n at most. Give `confidence` to spend them. */
  productsNeeded?: number;
  /** Products since the check began, those that converged pairs again among them; all are among `numMatvecs`. */
  numMatvecs: number;
}

/** How many of the wanted pairs come from which end, and where those end. */
export interface Ends {
  /** Pairs from the upper end; all of them from either end for LM. */
  high: number;
  low: number;
  /** Nothing but the wanted pairs may lie above (below) these. */
  upper: number;
  lower: number;
  /** Wanted values that lie there: all but the ties of the last one. For LM, in magnitude, both have all. */
  above: number;
  below: number;
}

/** The ends of the wanted spectrum, `margin` beyond the last wanted pair: ties are no misses. */
export function endsOf(
  { values }: Pick<RitzValues, 'values'>,
  which: KrylovWhich,
  count: number,
  margin: number,
): Ends {
  const wanted = values.slice(0, count);
  const isFromAbove = (i: number): boolean => which === 'LA' || (which === 'BE' && i % 2 === 0);
  const highs = which === 'LM' ? wanted.map(Math.abs) : wanted.filter((_, i) => isFromAbove(i));
  const lows = which === 'LM' ? highs.map((value) => -value) : wanted.filter((_, i) => !isFromAbove(i));
  const upper = highs.length > 0 ? minimum(highs) + margin : Number.POSITIVE_INFINITY;
  const lower = lows.length > 0 ? maximum(lows) - margin : Number.NEGATIVE_INFINITY;
  const above = highs.filter((value) => value > upper).length;
  const below = lows.filter((value) => value < lower).length;
  return { high: highs.length, low: lows.length, upper, lower, above, below };
}

/** What is known of A from some orthonormal vectors: it has these values on them, and makes of them what lies outside of them. */
type Known = Pick<FreshRun, 'values' | 'coupling'>;

/** The eigenvalues, ascending, of [[diag(values), coupling^T], [coupling, bound I]]. */
async function bordered({ values, coupling }: Known, bound: number, { kernels }: KrylovContext): Promise<Float64Array> {
  const p = values.length;
  const M: Matrix = zeroMatrix(p + coupling.rows, p + coupling.rows);
  placeBlock(M, coupling, p, 0);
  placeBlock(M, transpose(coupling), 0, p);
  for (let i = 0; i < M.rows; i++) M.data[i * M.cols + i] = i < p ? values[i]! : bound;
  return (await kernels.eigh(M)).values;
}

/** The largest of `bounds`, descending, that `count` eigenvalues leave to others, which may also be as large as `outside`. */
const beyondThose = (bounds: Float64Array, count: number, outside: number): number =>
  Math.max(bounds[count] ?? outside, outside);

/**
 * Bounds of the eigenvalues of A that are not among the wanted ones, from `outside`, bounds of the part of A outside Ritz
 * vectors U. In an orthonormal basis [U, W, rest] A is [[diag(values), coupling^T, 0], [coupling, C]] with
 * lower <= C <= upper, so the j-th largest eigenvalue of A is at most that of the matrix with `upper I` for C, which is a small
 * one (Weyl: eigenvalues are monotone), and the j-th smallest at least that with `lower I`. Nothing need have converged.
 *
 * It is complete when, but for noise, no more eigenvalues can lie beyond the ends than wanted ones do. That the next one is at
 * most as large as the last wanted one is not enough: one that was missed may be in the last one's place.
 *
 * @param noise norm of the noise in A v for unit vectors v
 */
export async function boundTheRest(
  known: Known,
  which: KrylovWhich,
  { high, low, upper, lower, above, below }: Ends,
  outside: Pick<SpectrumBounds, 'lower' | 'upper'>,
  noise: number,
  context: KrylovContext,
): Promise<Pick<Completeness, 'lowerBound' | 'upperBound' | 'complete'>> {
  const highs = (await bordered(known, outside.upper, context)).toReversed();
  const lows = (await bordered(known, outside.lower, context)).map((value) => -value);
  if (which === 'LM') {
    const magnitudes = Float64Array.from([...highs, ...lows])
      .sort()
      .reverse();
    const most = Math.max(outside.upper, -outside.lower);
    const beyond = beyondThose(magnitudes, high, most) + noise;
    const complete = beyondThose(magnitudes, above, most) <= upper;
    return { upperBound: beyond, lowerBound: -beyond, complete };
  }
  const isUpperComplete = high === 0 || beyondThose(highs, above, outside.upper) <= upper;
  const isLowerComplete = low === 0 || beyondThose(lows, below, -outside.lower) <= -lower;
  return {
    ...(high > 0 ? { upperBound: beyondThose(highs, high, outside.upper) + noise } : {}),
    ...(low > 0 ? { lowerBound: -beyondThose(lows, low, -outside.lower) - noise } : {}),
    complete: isUpperComplete && isLowerComplete,
  };
}
