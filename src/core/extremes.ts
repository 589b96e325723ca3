/** Largest and smallest of many numbers: `Math.max(...x)` has one argument a number, too many for a stack from 10^5 on. */

/** The largest of them, -Infinity for none; NaN where there is one. */
export function maximum(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > most || Number.isNaN(value)) most = value;
  return most;
}

/** The smallest of them, Infinity for none; NaN where there is one. */
export function minimum(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < least || Number.isNaN(value)) least = value;
  return least;
}
