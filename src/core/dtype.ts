/** The two element types of tall data, and what follows from each. */

/** Element type of tall data. */
export type DType = 'float32' | 'float64';
/** A typed array of floating point numbers. */
export type FloatArray = Float32Array | Float64Array;

/** A zeroed typed array of `length` entries. */
export function allocate(dtype: DType, length: number): FloatArray {
  return dtype === 'float32' ? new Float32Array(length) : new Float64Array(length);
}

/** `length` entries of memory that is there already, from byte `start` on. */
export function viewOf(dtype: DType, buffer: ArrayBufferLike, start: number, length: number): FloatArray {
  return dtype === 'float32' ? new Float32Array(buffer, start, length) : new Float64Array(buffer, start, length);
}

/** Unit roundoff u: half the distance from 1 to the next number. 2^-24 in float32, 2^-53 in float64. */
export function unitRoundoff(dtype: DType): number {
  return dtype === 'float32' ? 2 ** -24 : 2 ** -53;
}

/** Bytes of one entry. */
export function bytesPerEntry(dtype: DType): number {
  return dtype === 'float32' ? 4 : 8;
}

/** What a typed array calls itself, in every realm (a VM context, a worker); undefined for everything else. */
function typeOf(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? (value as unknown as Record<symbol, string>)[Symbol.toStringTag] : undefined;
}

/** Whether a value is a Float32Array or Float64Array. */
export function isFloatArray(value: unknown): value is FloatArray {
  const type = typeOf(value);
  return type === 'Float32Array' || type === 'Float64Array';
}

/** The element type of a typed array. */
export function dtypeOf(data: FloatArray): DType {
  return typeOf(data) === 'Float32Array' ? 'float32' : 'float64';
}

/** The narrowest type that holds every given one: float64 as soon as one of them is. */
export function commonDType(dtypes: readonly DType[]): DType {
  return dtypes.includes('float64') ? 'float64' : 'float32';
}
