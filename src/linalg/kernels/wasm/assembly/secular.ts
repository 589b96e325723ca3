/**
 * The eigenproblem of D + rho z z^T, D diagonal with ascending entries d (the poles), rho > 0: its eigenvalues are the
 * roots of the secular equation f(x) = 1/rho + sum z_i^2 / (d_i - x), one between each two poles and one beyond.
 *
 * A root is found as its distance tau from the nearer pole, which keeps d_i - root accurate to the last bits
 * (Bunch, Nielsen & Sorensen 1978), by Li's middle way (1993, LAPACK Working Note 89): f is replaced by
 * c + p/(d_k - x) + q/(d_{k+1} - x) that agrees in value and in the two one-sided derivatives. Each step is kept inside
 * a bracket that shrinks, so it ends for any data.
 */
import { dot } from './vector';

/** 2^-53. */
const UNIT_ROUNDOFF: f64 = 1.1102230246251565e-16;
const MAX_STEPS = 120;

/** What `evaluate` finds at a point: sums over the poles up to `left` and beyond, and a bound on the error of f. */
let below: f64 = 0;
let belowSlope: f64 = 0;
let above: f64 = 0;
let aboveSlope: f64 = 0;
let errorSum: f64 = 0;

/** Sums of z_i^2/(d_i - x) and their derivatives at x = origin + tau, from the outside to the two middle poles. */
export function evaluate(count: usize, d: usize, z: usize, left: usize, origin: f64, tau: f64): void {
  let sum: f64 = 0;
  let slope: f64 = 0;
  let error: f64 = 0;
  for (let i: usize = 0; i <= left; i++) {
    const zi = load<f64>(z + i * 8);
    const ratio = zi / (load<f64>(d + i * 8) - origin - tau);
    sum += zi * ratio;
    slope += ratio * ratio;
    error += Math.abs(sum);
  }
  below = sum;
  belowSlope = slope;
  errorSum = error + 8 * Math.abs(sum);
  sum = 0;
  slope = 0;
  error = 0;
  for (let i: usize = count - 1; i > left; i--) {
    const zi = load<f64>(z + i * 8);
    const ratio = zi / (load<f64>(d + i * 8) - origin - tau);
    sum += zi * ratio;
    slope += ratio * ratio;
    error += Math.abs(sum);
  }
  above = sum;
  aboveSlope = slope;
  errorSum += error + 8 * Math.abs(sum);
}

/**
 * The root of c + p/(near - x) + q/(far - x) that lies between the poles, or beyond both when `last`: one of the two
 * roots of c x^2 - a x + b, in the form that does not cancel.
 */
function twoPoleRoot(c: f64, a: f64, b: f64, last: bool): f64 {
  const root = Math.sqrt(Math.max(0, a * a - 4 * b * c));
  if (last) return a >= 0 ? (a + root) / (2 * c) : (2 * b) / (a - root);
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}

/** A point well inside a bracket, on a logarithmic scale where the ends differ in magnitude: one of them may be 0. */
function middle(low: f64, high: f64): f64 {
  const small = Math.min(Math.abs(low), Math.abs(high));
  const large = Math.max(Math.abs(low), Math.abs(high));
  if (large <= 4 * small) return 0.5 * (low + high);
  const size = small === 0 ? large / 1024 : Math.sqrt(small) * Math.sqrt(large);
  return high > 0 ? size : -size;
}

/** Root number `j`, for `count` >= 2; writes its origin (a pole) and its distance from there. */
export function secularRoot(j: usize, count: usize, d: usize, z: usize, rho: f64, origins: usize, taus: usize): void {
  const inverse = 1 / rho;
  const last = j === count - 1;
  const left = last ? j - 1 : j;
  const poleLeft = load<f64>(d + left * 8);
  const poleRight = load<f64>(d + (left + 1) * 8);
  const start = last ? poleRight : poleLeft;
  // Half of the interval: the next pole ends it, and behind the last one the norm of z does.
  const half = 0.5 * (last ? rho * dot(z, z, count) : poleRight - poleLeft);
  const slack = half * (1 + 8 * UNIT_ROUNDOFF);
  evaluate(count, d, z, left, start, half);
  const middleValue = inverse + below + above;
  const inFirstHalf = middleValue > 0;
  const origin = last || inFirstHalf ? start : poleRight;
  let low: f64 = inFirstHalf ? 0 : last ? half * (1 - 8 * UNIT_ROUNDOFF) : -slack;
  let high: f64 = inFirstHalf ? slack : last ? 2 * slack : 0;

  const near = poleLeft - origin;
  const far = poleRight - origin;
  const zLeft = load<f64>(z + left * 8);
  const zRight = load<f64>(z + (left + 1) * 8);
  const p = zLeft * zLeft;
  const q = zRight * zRight;
  const others = middleValue - p / (poleLeft - start - half) - q / (poleRight - start - half);
  let tau = twoPoleRoot(others, others * (near + far) + p + q, p * far + q * near, last);
  if (!(tau > low && tau < high)) tau = middle(low, high);

  let previous: f64 = Infinity;
  for (let step = 0; step < MAX_STEPS; step++) {
    evaluate(count, d, z, left, origin, tau);
    const f = inverse + below + above;
    const slope = belowSlope + aboveSlope;
    if (Math.abs(f) <= UNIT_ROUNDOFF * (errorSum + 2 * inverse + Math.abs(tau) * slope)) break;
    if (f < 0) low = tau;
    else high = tau;
    const toNear = near - tau;
    const toFar = far - tau;
    const c = f - toNear * belowSlope - toFar * aboveSlope;
    const a = (toNear + toFar) * f - toNear * toFar * slope;
    let next = tau + twoPoleRoot(c, a, toNear * toFar * f, last);
    const slow = Math.abs(f) > 0.5 * previous && (step & 1) === 1;
    if (slow || !(next > low && next < high)) next = middle(low, high);
    if (next === tau || !(next > low && next < high)) break;
    previous = Math.abs(f);
    tau = next;
  }
  store<f64>(origins + j * 8, origin);
  store<f64>(taus + j * 8, tau);
}
