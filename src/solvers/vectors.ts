/** Vectors of n float64 numbers and the few things that an iterative solver does with them. */
import { ShapeError } from '../core/errors.ts';
import { finiteNumbers } from '../core/parse.ts';

/** A right-hand side or starting point as users have it. */
export type VectorLike = Float32Array | Float64Array | readonly number[];

/**
 * A float64 copy of a vector of n finite numbers.
 * @throws ArgumentError for something else, ShapeError for another length, NumericalError for NaN or infinity.
 */
export function checkVector(name: string, value: unknown, n: number): Float64Array {
  const copy = finiteNumbers.parse(value, name);
  if (copy.length === n) return copy;
  throw new ShapeError(`${name} has ${copy.length} entries, the operator is ${n} x ${n}`, {
    expected: n,
    got: copy.length,
  });
}

/** x^T y. */
export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

/** y <- y + a x. */
export function addScaled(y: Float64Array, a: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i]! += a * x[i]!;
}

/** y <- x + a y. */
export function scaleAndAdd(y: Float64Array, a: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = x[i]! + a * y[i]!;
}

/** a x. */
export function scaled(a: number, x: Float64Array): Float64Array {
  return x.map((value) => a * value);
}
