/** Numbers times powers of two: exact, as long as the element type can hold what comes out. */
import type { FloatArray } from './dtype.ts';

/** Below this, float64 holds fewer digits. */
export const SMALLEST_NORMAL: number = 2 ** -1022;

/** e with 2^e <= |x| < 2^(e + 1), for a finite x that is not zero. */
export function exponentOf(x: number): number {
  const size = Math.abs(x);
  if (size < SMALLEST_NORMAL) return exponentOf(size * 2 ** 100) - 100;
  let e = Math.floor(Math.log2(size));
  // the logarithm is rounded
  while (e < 1023 && size >= 2 ** (e + 1)) e++;
  while (size < 2 ** e) e--;
  return e;
}

/** 2^e x, rounded once where it is too small for all its digits. */
export function timesPowerOfTwo(x: number, e: number): number {
  if (Math.abs(e) <= 1000) return x * 2 ** e;
  const half = Math.trunc(e / 2);
  return timesPowerOfTwo(timesPowerOfTwo(x, half), e - half);
}

/** into = 2^e from, for |e| within what one number of the type can hold. */
export function scaleInto(from: FloatArray, e: number, into: FloatArray): void {
  const factor = 2 ** e;
  for (let at = 0; at < from.length; at++) into[at] = from[at]! * factor;
}
