/** The incomplete gamma function and what it is made of, to nearly all digits of float64 for any size of its arguments. */

// a global that a loop asks for each time costs more than the rest of it where code runs in a sandbox, as in Jest
const NOTHING_BESIDE_1 = Number.EPSILON / 4;
const [JUST_BELOW_1, JUST_ABOVE_1] = [1 - 4 * Number.EPSILON, 1 + 4 * Number.EPSILON];

/**
 * ln a! - ln(sqrt(2 pi a) (a / e)^a), the error of Stirling's formula, for a > 0 (Loader 2000, "Fast and accurate computation
 * of binomial probabilities"): the part of ln Gamma in which nothing cancels.
 */
export function stirlingError(a: number): number {
  let error = 0;
  let at = a;
  // s(a) = s(a + 1) + (a + 1/2) ln(1 + 1/a) - 1
  for (; at < 16; at++) error += (at + 0.5) * Math.log1p(1 / at) - 1;
  const square = at * at;
  const series =
    1 / 12 -
    (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188 - 691 / 360360 / square) / square) / square) / square) / square;
  return error + series / at;
}

/** a ln(a / x) + x - a for a, x > 0, also where the two are close (Loader 2000). */
function deviance(a: number, x: number): number {
  const difference = a - x;
  if (Math.abs(difference) > 0.1 * (a + x)) return a * Math.log(a / x) + x - a;
  const ratio = difference / (a + x);
  let sum = difference * ratio;
  let power = 2 * a * ratio;
  for (let j = 3; ; j += 2) {
    power *= ratio * ratio;
    const next = sum + power / j;
    if (next === sum) return sum;
    sum = next;
  }
}

/** x^a e^-x / Gamma(a + 1). */
export function gammaTerm(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
}

/** The probabilities below and above, each without the cancellation of 1 minus the other. */
export interface Tails {
  below: number;
  above: number;
}

/**
 * P(a, x) = gamma(a, x) / Gamma(a) and Q = 1 - P, for a, x > 0: by the series below a + 1, by the continued fraction above
 * (Abramowitz & Stegun 1964, 6.5.29 and 6.5.31; Gautschi 1979, "A computational procedure for incomplete gamma functions").
 */
export function incompleteGamma(a: number, x: number): Tails {
  if (x < a + 1) {
    let sum = 1;
    let next = 1;
    for (let n = 1; next > sum * NOTHING_BESIDE_1; n++) {
      next *= x / (a + n);
      sum += next;
    }
    const below = Math.min(1, gammaTerm(a, x) * sum);
    return { below, above: 1 - below };
  }
  // by the method of Lentz (1976), as of Thompson & Barnett (1986)
  let b = x + 1 - a;
  let c = Number.MAX_VALUE;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; ; n++) {
    const coefficient = -n * (n - a);
    b += 2;
    d = 1 / (coefficient * d + b);
    c = b + coefficient / c;
    const factor = c * d;
    fraction *= factor;
    if (!(factor >= JUST_ABOVE_1 || factor <= JUST_BELOW_1)) break;
  }
  const above = Math.min(1, gammaTerm(a, x) * a * fraction);
  return { below: 1 - above, above };
}
