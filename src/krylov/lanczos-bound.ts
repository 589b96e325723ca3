/** How far an eigenvalue may lie beyond the Ritz values of a Lanczos run from a random vector. */
import { maximum } from '../core/extremes.ts';

/** What a Lanczos run on a symmetric C from a vector g has measured. */
export interface LanczosRun {
  /** ||g||. */
  length: number;
  /** Length m. */
  diagonal: readonly number[];
  /** Length m: norm of what each product had outside the basis. The last one belongs to no step yet. */
  offDiagonal: readonly number[];
}

/** Steps of a bisection: enough for every bit of the answer. */
const BISECTIONS = 100;

/**
 * The largest of what the first `steps` steps leave of 1 at x: with (x - T) y = e_1, the sum of noise |y_j| over j and of
 * offDiagonal_m |y_m|. Infinite unless x lies above all Ritz values.
 */
function leftAt(x: number, { diagonal, offDiagonal }: LanczosRun, steps: number, noise: number): number {
  const pivots = new Float64Array(steps);
  for (let j = steps - 1; j >= 0; j--) {
    const below = j + 1 < steps ? (offDiagonal[j]! / pivots[j + 1]!) * offDiagonal[j]! : 0;
    pivots[j] = x - diagonal[j]! - below;
    if (!(pivots[j]! > 0)) return Number.POSITIVE_INFINITY;
  }
  let y = 1 / pivots[0]!;
  let left = noise * y;
  for (let j = 1; j < steps; j++) {
    y *= offDiagonal[j - 1]! / pivots[j]!;
    left += noise * y;
  }
  return left + offDiagonal[steps - 1]! * y;
}

/**
 * The largest eigenvalue x of C that a run from g allows, if |u^T g| >= alignment(x) for its unit eigenvector u. The other end
 * is that of -C: see {@link mirrored}.
 *
 * The run says C v_j = beta_j-1 v_j-1 + alpha_j v_j + beta_j v_j+1 + f_j with ||f_j|| <= noise. Multiplied by u^T, that is
 * a recurrence for u^T v_j, and with (x - T) y = e_1 it says |u^T v_1| <= beta_m |y_m| + noise sum |y_j|, whose right side
 * decreases in x above the Ritz values. Without noise this is |p(x)| |u^T g| <= ||p(C) g|| for the Lanczos polynomial p, than
 * which no polynomial of its degree has a smaller right side (van Dorsselaer, Hochstenbach & van der Vorst 2000, "Computing
 * probabilistic bounds for extreme eigenvalues of symmetric matrices with the Lanczos method"; Kuczynski & Wozniakowski 1992).
 * What holds for one step holds for all, so the best of them is taken.
 *
 * @param alignment increasing in x and above 0
 */
export function eigenvalueBound(run: LanczosRun, noise: number, alignment: (x: number) => number): number {
  const { length, diagonal, offDiagonal } = run;
  if (length === 0) return Number.NEGATIVE_INFINITY;
  let best = Number.POSITIVE_INFINITY;
  for (let steps = 1; steps <= diagonal.length; steps++) {
    const isPossible = (x: number): boolean => leftAt(x, run, steps, noise) > alignment(x) / length;
    let low = maximum(diagonal.slice(0, steps));
    let reach = Math.max(noise, maximum(offDiagonal.slice(0, steps)), Math.abs(low) * Number.EPSILON);
    if (reach === 0) return low;
    while (isPossible(low + reach)) reach *= 2;
    let high = low + reach;
    for (let step = 0; step < BISECTIONS; step++) {
      const middle = low + (high - low) / 2;
      if (middle === low || middle === high) break;
      if (isPossible(middle)) low = middle;
      else high = middle;
    }
    best = Math.min(best, high);
  }
  return best;
}

/** The same run on -C. */
export const mirrored = (run: LanczosRun): LanczosRun => ({ ...run, diagonal: run.diagonal.map((value) => -value) });
