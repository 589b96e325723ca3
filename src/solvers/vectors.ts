/** Vectors of n float64 numbers and the few things that an iterative solver does with them. */
import { isFloatArray } from '../core/dtype.ts';
import { ArgumentError, NumericalError, ShapeError } from '../core/errors.ts';

/** A right-hand side or starting point as users have it. */
export type VectorLike = Float32Array | Float64Array | readonly number[];

/**
 * A float64 copy of a vector of n finite numbers.
 * @throws ArgumentError for something else, ShapeError for another length, NumericalError for NaN or infinity.
 */
export function checkVector(name: string, value: unknown, n: number): Float64Array {
  if (!isFloatArray(value) && !Array.isArray(value)) {
    const got = ArrayBuffer.isView(value) ? Object(value).constructor.name : value === null ? 'null' : typeof value;
    throw new ArgumentError(`${name} must be a Float32Array, a Float64Array or an array of numbers, got ${got}`);
  }
  if (value.length !== n) {
    throw new ShapeError(`${name} has ${value.length} entries, the operator is ${n} x ${n}`, {
      expected: n,
      got: value.length,
    });
  }
  const copy = Float64Array.from(value as ArrayLike<number>);
  const at = copy.findIndex((entry) => !Number.isFinite(entry));
  if (at >= 0) throw new NumericalError(`${name} has ${copy[at]} in entry ${at}`, { entry: at });
  return copy;
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
