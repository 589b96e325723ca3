/**
 * Eigenvectors of D + rho z z^T from its roots, after Gu & Eisenstat 1994 (SIAM J. Matrix Anal. 15, section 3): the
 * computed roots are the exact ones of a matrix with another vector z, which Loewner's formula gives, and with that
 * vector the eigenvectors are orthogonal to working precision however close the roots are.
 */
import { secularRoot } from './secular';
import { barrier, shareEnd, shareStart } from './team';
import { dot, scale } from './vector';

/**
 * All eigenvectors as rows of `s` (count x count), shared out over the team. `d`, `z`: poles and vector in ascending
 * order; `grouped`, `groupedZ`: the same in the order wanted for the columns of `s`, and `place`: where in that order
 * each pole is. Root j is `origins[j] + taus[j]`; `weights` is work space of `count` numbers.
 */
export function rankOneVectors(
  count: usize,
  d: usize,
  z: usize,
  rho: f64,
  grouped: usize,
  groupedZ: usize,
  place: usize,
  origins: usize,
  taus: usize,
  weights: usize,
  s: usize,
): void {
  const firstRoot = shareStart(count);
  const endRoot = shareEnd(count);
  for (let j = firstRoot; j < endRoot; j++) {
    secularRoot(j, count, d, z, rho, origins, taus);
    const origin = load<f64>(origins + j * 8);
    const tau = load<f64>(taus + j * 8);
    const row = s + j * count * 8;
    for (let i: usize = 0; i < count; i++) store<f64>(row + i * 8, load<f64>(grouped + i * 8) - origin - tau);
  }
  barrier();
  loewnerWeights(count, d, grouped, groupedZ, place, weights, s);
  barrier();
  for (let j = firstRoot; j < endRoot; j++) {
    const row = s + j * count * 8;
    for (let i: usize = 0; i < count; i++) store<f64>(row + i * 8, load<f64>(weights + i * 8) / load<f64>(row + i * 8));
    scale(row, 1 / Math.sqrt(dot(row, row, count)), count);
  }
  barrier();
}

/**
 * This thread's share of the vector whose roots are exact, up to a factor: weight_i^2 = -(d_i - root_i)
 * prod_{j != i} (d_i - root_j) / (d_i - d_j), every quotient of which is positive. On entry `s` holds d_i - root_j.
 */
export function loewnerWeights(
  count: usize,
  d: usize,
  grouped: usize,
  groupedZ: usize,
  place: usize,
  weights: usize,
  s: usize,
): void {
  const first = shareStart(count);
  const end = shareEnd(count);
  for (let i = first; i < end; i++) store<f64>(weights + i * 8, 1);
  for (let j: usize = 0; j < count; j++) {
    const own = <usize>load<i32>(place + j * 4);
    const row = s + j * count * 8;
    quotients(row, grouped, load<f64>(d + j * 8), weights, first, min(own, end));
    quotients(row, grouped, load<f64>(d + j * 8), weights, max(own + 1, first), end);
    if (own >= first && own < end) {
      store<f64>(weights + own * 8, load<f64>(weights + own * 8) * load<f64>(row + own * 8));
    }
  }
  for (let i = first; i < end; i++) {
    const size = Math.sqrt(Math.abs(load<f64>(weights + i * 8)));
    store<f64>(weights + i * 8, load<f64>(groupedZ + i * 8) < 0 ? -size : size);
  }
}

/** weights[i] *= row[i] / (d[i] - pole) for first <= i < end. */
export function quotients(row: usize, d: usize, pole: f64, weights: usize, first: usize, end: usize): void {
  const poles = f64x2.splat(pole);
  let i = first;
  for (; i + 2 <= end; i += 2) {
    const quotient = f64x2.div(v128.load(row + i * 8), f64x2.sub(v128.load(d + i * 8), poles));
    v128.store(weights + i * 8, f64x2.mul(v128.load(weights + i * 8), quotient));
  }
  if (i < end) {
    const quotient = load<f64>(row + i * 8) / (load<f64>(d + i * 8) - pole);
    store<f64>(weights + i * 8, load<f64>(weights + i * 8) * quotient);
  }
}
