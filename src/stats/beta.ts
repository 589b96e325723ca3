/** The incomplete beta function, of which Student's law is made. */
import { stirlingError, type Tails } from './gamma.ts';

/** Gamma(a + 1/2) / Gamma(a) for a > 0. */
export function gammaRatio(a: number): number {
  // below, a - 1/2 may not be positive
  if (a < 1) return (a / (a + 0.5)) * gammaRatio(a + 1);
  const power = a * Math.log1p(-0.5 / a) + 0.5;
  return Math.sqrt(a) * Math.exp(power + stirlingError(a - 0.5) - stirlingError(a));
}

/**
 * I_x(a, b) B(a, b) / (x^a y^b), x + y = 1, by the continued fraction of DiDonato & Morris 1992 ("Algorithm 708", section 4), which
 * is quick for `gap` = a - (a + b) x >= 0. With y and the gap given, nothing cancels where x is next to 1.
 */
function fraction(a: number, b: number, x: number, y: number, gap: number): number {
  const denominator = (n: number): number => {
    const weight = n === 0 ? 0 : (n * (b - n) * x) / (a + 2 * n - 1);
    return n + weight + ((a + n) * (gap + 1 + n * (1 + y))) / (a + 2 * n + 1);
  };
  // the method of Lentz (1976), as of Thompson & Barnett (1986)
  let value = denominator(0);
  let c = value;
  let d = 0;
  for (let n = 1; ; n++) {
    const numerator = ((a + n - 1) * (a + b + n - 1) * n * (b - n) * x * x) / (a + 2 * n - 1) ** 2;
    d = 1 / (denominator(n) + numerator * d);
    c = denominator(n) + numerator / c;
    value *= c * d;
    if (!(Math.abs(c * d - 1) >= 4 * Number.EPSILON)) return 1 / value;
  }
}

/** I_x(a, 1/2) and 1 - I_x(a, 1/2) for a > 0 and x = 1 / (1 + ratio), 0 < ratio: for `ratio` small, 1 - x has all its digits. */
export function incompleteBeta(a: number, ratio: number): Tails {
  const x = 1 / (1 + ratio);
  const rest = 1 / (1 + 1 / ratio);
  // x^a (1 - x)^(1/2) / B(a, 1/2)
  const factor = (Math.exp(-a * Math.log1p(ratio)) * Math.sqrt(rest) * gammaRatio(a)) / Math.sqrt(Math.PI);
  const gap = (a + 0.5) * rest - 0.5;
  if (gap >= 0) {
    const below = factor * fraction(a, 0.5, x, rest, gap);
    return { below, above: 1 - below };
  }
  const above = factor * fraction(0.5, a, rest, x, -gap);
  return { below: 1 - above, above };
}
