/** Whether the wanted pairs are the leading ones: bounds of every eigenvalue that was not returned. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { maximum, minimum } from '../core/extremes.ts';
import type { Decomposition, KrylovContext } from '../krylov/decomposition.ts';
import type { SpectrumBounds } from '../krylov/fresh-run.ts';
import type { RitzValues } from '../krylov/ritz.ts';
import type { KrylovWhich } from '../krylov/which.ts';
import { placeBlock, symmetricPart, transpose } from '../linalg/small.ts';

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
  /** Nothing outside the basis may lie above (below) these. */
  upper: number;
  lower: number;
}

/** The ends of the wanted spectrum, `margin` beyond the last wanted pair: ties are no misses. */
export function endsOf({ values }: RitzValues, which: KrylovWhich, count: number, margin: number): Ends {
  const last = values[count - 1]!;
  if (which === 'LM')
    return { high: count, low: count, upper: Math.abs(last) + margin, lower: -Math.abs(last) - margin };
  if (which === 'LA') return { high: count, low: 0, upper: last + margin, lower: Number.NEGATIVE_INFINITY };
  if (which === 'SA') return { high: 0, low: count, upper: Number.POSITIVE_INFINITY, lower: last - margin };
  const wanted = values.slice(0, count);
  const highs = wanted.filter((_, i) => i % 2 === 0);
  const lows = wanted.filter((_, i) => i % 2 === 1);
  return {
    high: highs.length,
    low: lows.length,
    upper: minimum(highs) + margin,
    lower: lows.length > 0 ? maximum(lows) - margin : Number.NEGATIVE_INFINITY,
  };
}

/** The eigenvalues, ascending, of [[H, B^T], [B, bound I]]. */
async function bordered({ H, B }: Decomposition, bound: number, { kernels }: KrylovContext): Promise<Float64Array> {
  const m = H.rows;
  const M: Matrix = zeroMatrix(m + B.rows, m + B.rows);
  placeBlock(M, symmetricPart(H), 0, 0);
  placeBlock(M, B, m, 0);
  placeBlock(M, transpose(B), 0, m);
  for (let i = m; i < M.rows; i++) M.data[i * M.cols + i] = bound;
  return (await kernels.eigh(M)).values;
}

/**
 * Bounds of the eigenvalues of A that are not among the wanted ones, from `outside`, bounds of the part of A outside the
 * basis. In an orthonormal basis [V, W, rest] A is [[H, B^T, 0], [B, C]] with lower <= C <= upper, so the j-th largest
 * eigenvalue of A is at most that of the matrix with `upper I` for C, which is a small one (Weyl: eigenvalues are monotone),
 * and the j-th smallest at least that with `lower I`. Nothing need have converged.
 *
 * @param noise norm of the noise in A v for unit vectors v
 */
export async function boundTheRest(
  state: Decomposition,
  which: KrylovWhich,
  { high, low }: Ends,
  outside: Pick<SpectrumBounds, 'lower' | 'upper'>,
  noise: number,
  context: KrylovContext,
): Promise<Pick<Completeness, 'lowerBound' | 'upperBound'>> {
  const above = (await bordered(state, outside.upper, context)).toReversed();
  const below = await bordered(state, outside.lower, context);
  if (which === 'LM') {
    const magnitudes = [...above, ...below.map((value) => -value)].sort((a, b) => b - a);
    const beyond = Math.max(magnitudes[high] ?? 0, outside.upper, -outside.lower) + noise;
    return { upperBound: beyond, lowerBound: -beyond };
  }
  return {
    ...(high > 0 ? { upperBound: Math.max(above[high] ?? outside.upper, outside.upper) + noise } : {}),
    ...(low > 0 ? { lowerBound: Math.min(below[low] ?? outside.lower, outside.lower) - noise } : {}),
  };
}
