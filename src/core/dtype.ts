/** The two element types of tall data, and what follows from each. */
import { types } from 'node:util';

/** Element type of tall data. */
export type DType = 'float32' | 'float64';
/** A typed array of floating point numbers. */
export type FloatArray = Float32Array | Float64Array;

/** A zeroed typed array of `length` entries. */
export function allocate(dtype: DType, length: number): FloatArray {
  return dtype === 'float32' ? new Float32Array(length) : new Float64Array(length);
}

/** Unit roundoff u: half the distance from 1 to the next number. 2^-24 in float32, 2^-53 in float64. */
export function unitRoundoff(dtype: DType): number {
  return dtype === 'float32' ? 2 ** -24 : 2 ** -53;
}

/** Bytes of one entry. */
export function bytesPerEntry(dtype: DType): number {
  return dtype === 'float32' ? 4 : 8;
}

/** Whether a value is a Float32Array or Float64Array, also one made in another realm (a VM context, a worker). */
export function isFloatArray(value: unknown): value is FloatArray {
  return types.isFloat32Array(value) || types.isFloat64Array(value);
}

/** The element type of a typed array. */
export function dtypeOf(data: FloatArray): DType {
  return types.isFloat32Array(data) ? 'float32' : 'float64';
}

/** The narrowest type that holds every given one: float64 as soon as one of them is. */
export function commonDType(dtypes: readonly DType[]): DType {
  return dtypes.includes('float64') ? 'float64' : 'float32';
}
