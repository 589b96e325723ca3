/** The chi-square and Student's t distributions, to nearly all digits of float64; quantiles are roots found by Newton's method. */
import { gammaRatio, incompleteBeta } from './beta.ts';
import { gammaTerm, incompleteGamma, type Tails } from './gamma.ts';

/** A distribution of a positive number. */
interface Law {
  tails(x: number): Tails;
  /** x times the density. */
  slope(x: number): number;
}

const MOST_STEPS = 200;

/** The x with `wanted.below` of the law below it: Newton's method for the logarithm of the smaller tail in ln x, kept between bounds. */
function rootOf({ tails, slope }: Law, wanted: Tails, start: number): number {
  const [tail, sign] = wanted.below < wanted.above ? (['below', 1] as const) : (['above', -1] as const);
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  let x = start;
  for (let step = 0; step < MOST_STEPS; step++) {
    const found = tails(x)[tail];
    // positive where x is too large
    const excess = sign * Math.log(found / wanted[tail]);
    if (excess === 0) return x;
    if (excess > 0) high = x;
    else low = x;
    let next = x * Math.exp((-excess * found) / slope(x));
    if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? 2 * x : (low + high) / 2;
    if (Math.abs(next - x) <= Number.EPSILON * x) return next;
    x = next;
  }
  return x;
}

/** P(chi2_f <= x), f > 0 degrees of freedom. */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  if (!(x > 0)) return 0;
  return x === Number.POSITIVE_INFINITY ? 1 : incompleteGamma(degreesOfFreedom / 2, x / 2).below;
}

/** The x with P(chi2_f <= x) = probability, f > 0 degrees of freedom. */
export function chiSquareQuantile(probability: number, degreesOfFreedom: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return Number.POSITIVE_INFINITY;
  const a = degreesOfFreedom / 2;
  const law: Law = { tails: (y) => incompleteGamma(a, y), slope: (y) => a * gammaTerm(a, y) };
  return 2 * rootOf(law, { below: probability, above: 1 - probability }, a);
}

/** The x with P(t_f <= x) = probability, for Student's t with f > 0 degrees of freedom. */
export function studentQuantile(probability: number, degreesOfFreedom: number): number {
  if (probability === 0.5) return 0;
  if (probability <= 0) return Number.NEGATIVE_INFINITY;
  if (probability >= 1) return Number.POSITIVE_INFINITY;
  const f = degreesOfFreedom;
  const peak = gammaRatio(f / 2) / Math.sqrt(Math.PI * f);
  // the law of |t|
  const law: Law = {
    tails(t) {
      const { below, above } = incompleteBeta(f / 2, (t * t) / f);
      return { below: above, above: below };
    },
    slope: (t) => 2 * t * peak * Math.exp(-((f + 1) / 2) * Math.log1p((t * t) / f)),
  };
  const outside = 2 * Math.min(probability, 1 - probability);
  return Math.sign(probability - 0.5) * rootOf(law, { below: 1 - outside, above: outside }, 1);
}
