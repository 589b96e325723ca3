/** Eigenvalues that stand apart: quadratically small intervals, and angles of their eigenvectors. */
import type { Interval } from '../stats/interval.ts';

/** What a certified gap says about one Ritz pair. */
export interface IsolatedPair {
  /** Contains exactly one eigenvalue of A. */
  interval: Interval;
  /** Radians between the Ritz vector and the eigenvector of that eigenvalue, at most. */
  angle: number;
}

/** Ritz pairs and what bounds the rest of the operator. */
export interface GapKnowledge {
  /** Length r, any order. */
  theta: Float64Array;
  /** Length r. */
  residualNorms: Float64Array;
  /** Norm of the noise in A v for a unit vector v; added to every residual and Ritz value. */
  noise: number;
  /** ||diag(theta) (V^T V - I)||_F: the compression of A to the span of other Ritz vectors is off diag(theta) by so much. */
  defect: number;
  /** Upper bound of ||A (I - V V^T)||_2. */
  missed: number;
}

/** Largest magnitude of an eigenvalue of a symmetric [[S, C^T], [C, M]] with ||S|| <= a, ||C|| <= c, ||M|| <= m. */
function blockNorm(a: number, c: number, m: number): number {
  return (a + m + Math.hypot(a - m, 2 * c)) / 2;
}

/** The Ritz pairs in order of magnitude, and for each cut s what couples the first s to the rest and bounds the rest. */
interface Cuts {
  order: number[];
  residuals: Float64Array;
  /** Length r + 1: ||R_1..s||_F. */
  coupling: Float64Array;
  /** Length r + 1: norm of A compressed to the complement of the first s Ritz vectors. */
  restNorm: Float64Array;
}

function cutAll({ theta, residualNorms, noise, missed }: GapKnowledge): Cuts {
  const r = theta.length;
  const order = Array.from(theta.keys()).sort((i, j) => Math.abs(theta[j]!) - Math.abs(theta[i]!));
  const residuals = residualNorms.map((norm) => norm + noise);
  const coupling = new Float64Array(r + 1);
  for (let s = 0; s < r; s++) coupling[s + 1] = Math.hypot(coupling[s]!, residuals[order[s]!]!);
  const restNorm = new Float64Array(r + 1);
  let tail = 0;
  for (let s = r; s >= 0; s--) {
    // the residuals of the rest are part of A (I - V V^T) too
    if (s < r) tail = Math.hypot(tail, residuals[order[s]!]!);
    const next = s < r ? Math.abs(theta[order[s]!]!) + noise : 0;
    restNorm[s] = blockNorm(next, Math.min(tail, missed), missed);
  }
  return { order, residuals, coupling, restNorm };
}

/** The largest certified distance from theta_i (the one at `place`) to the spectrum of A compressed to its complement. */
function certifiedGap(
  { theta, noise, defect }: GapKnowledge,
  { order, coupling, restNorm }: Cuts,
  place: number,
): number {
  const own = theta[order[place]!]!;
  let neighbour = Number.POSITIVE_INFINITY;
  for (let at = 0; at < place; at++) neighbour = Math.min(neighbour, Math.abs(theta[order[at]!]! - own));
  let best = 0;
  for (let s = place + 1; s <= order.length; s++) {
    if (s > place + 1) neighbour = Math.min(neighbour, Math.abs(theta[order[s - 1]!]! - own));
    if (neighbour - coupling[s]! <= best) break;
    best = Math.max(best, Math.min(neighbour, Math.abs(own) - restNorm[s]!) - coupling[s]! - 2 * noise - 2 * defect);
  }
  return best;
}

/**
 * For each Ritz pair: what holds if everything else in A is at least a gap g away, or null where that is not certain.
 *
 * In an orthonormal basis that starts with v_i, A = [[theta_i, r^T], [r, B]]. The spectrum of B is that of the other
 * leading Ritz values and of the rest of A, moved by at most the coupling between the two (Weyl); the rest is bounded by
 * `missed`. With g the distance from theta_i to it, A has exactly one eigenvalue within g of theta_i, at a distance of at
 * most 2 ||r||^2 / (g + sqrt(g^2 + 4 ||r||^2)) (Li & Li 2005, "A note on eigenvalues of perturbed Hermitian matrices",
 * theorem 2), provided that this is below g; and the sine of the angle to its eigenvector is at most ||r|| / g (Davis &
 * Kahan 1970). All of it holds on the event of `missed`.
 */
export function isolatedPairs(known: GapKnowledge): (IsolatedPair | null)[] {
  const cuts = cutAll(known);
  const pairs = new Array<IsolatedPair | null>(known.theta.length).fill(null);
  for (const [place, i] of cuts.order.entries()) {
    const gap = certifiedGap(known, cuts, place);
    const residual = cuts.residuals[i]!;
    const shift = (2 * residual ** 2) / (gap + Math.hypot(gap, 2 * residual));
    if (!(gap > 0) || shift >= gap) continue;
    const estimate = known.theta[i]!;
    const radius = shift + known.noise;
    pairs[i] = {
      interval: { estimate, lower: estimate - radius, upper: estimate + radius },
      angle: Math.asin(Math.min(1, residual / gap)),
    };
  }
  return pairs;
}

/**
 * For each s = 1..r the sine of the largest angle between the span of the first s Ritz vectors, by magnitude, and the span of A's
 * s leading eigenvectors, at most, or null where A has no certain gap there.
 *
 * With P the projector on the span, A's eigenvalue s + 1 is at most ||A (I - P)||_2 in magnitude (Eckart & Young), its eigenvalue
 * s at least the smallest Ritz value (interlacing), and what lies between is the gap of the theorem of Davis & Kahan 1970: the
 * sine is at most ||R_1..s||_F / gap. All of it holds on the event of `missed`.
 */
export function leadingSubspaces(known: GapKnowledge): (number | null)[] {
  const { theta, noise, defect } = known;
  const { order, coupling, restNorm } = cutAll(known);
  return order.map((i, at) => {
    const s = at + 1;
    const rest = Math.hypot(coupling[s]!, restNorm[s]!);
    const gap = Math.abs(theta[i]!) - rest - 2 * noise - 2 * defect;
    return gap > coupling[s]! ? coupling[s]! / gap : null;
  });
}
