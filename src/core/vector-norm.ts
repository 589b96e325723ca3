/** The length of a vector of any size: `Math.hypot(...x)` has one argument an entry, too many for a stack from 10^5 on. */
import type { FloatArray } from './dtype.ts';

/** ||x||_2^2, in float64: four sums, because an addition waits for the one before it. */
export function sumOfSquares(x: FloatArray): number {
  const whole = x.length - (x.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 4) {
    a += x[at]! * x[at]!;
    b += x[at + 1]! * x[at + 1]!;
    c += x[at + 2]! * x[at + 2]!;
    d += x[at + 3]! * x[at + 3]!;
  }
  for (let at = whole; at < x.length; at++) a += x[at]! * x[at]!;
  return a + b + (c + d);
}

/** ||x||_2. */
export function vectorNorm(x: FloatArray): number {
  return Math.sqrt(sumOfSquares(x));
}
