/** The length of a vector of any size: `Math.hypot(...x)` has one argument an entry, too many for a stack from 10^5 on. */
import type { FloatArray } from './dtype.ts';

/** ||x||_2, summed in float64. */
export function vectorNorm(x: FloatArray): number {
  let square = 0;
  for (let i = 0; i < x.length; i++) square += x[i]! * x[i]!;
  return Math.sqrt(square);
}
