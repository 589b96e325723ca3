/** Element types of arrays in files: NumPy's names and codes, their bytes, and how they become numbers. */
import { isFloatArray } from '../core/dtype.ts';
import { NumericalError, UnsupportedError } from '../core/errors.ts';

/** Typed arrays that files hold. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** NumPy's name of an element type. */
export type ElementName =
  | 'bool'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64';

/** The code after the byte order in a .npy header. */
export const CODES: Readonly<Record<ElementName, string>> = {
  bool: 'b1',
  int8: 'i1',
  uint8: 'u1',
  int16: 'i2',
  uint16: 'u2',
  int32: 'i4',
  uint32: 'u4',
  int64: 'i8',
  uint64: 'u8',
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
};

const ARRAYS: Record<ElementName, new (buffer: ArrayBuffer) => TypedArray> = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** An element type as a file has it. */
export interface ElementType {
  name: ElementName;
  bytes: number;
  bigEndian: boolean;
}

const KINDS: Record<string, string> = {
  c: 'complex numbers',
  O: 'Python objects (pickled)',
  S: 'text',
  a: 'text',
  U: 'text',
  M: 'dates',
  m: 'time spans',
  V: 'records',
};

/** The type of a code such as `<f8`. @throws UnsupportedError saying what the others are. */
export function elementType(path: string, code: string): ElementType {
  const [, order = '', kind = '', size = ''] = /^([<>|=]?)([A-Za-z?])(\d*)$/.exec(code) ?? [];
  const name = (Object.keys(CODES) as ElementName[]).find((each) => CODES[each] === `${kind}${size}`);
  if (name) return { name, bytes: Number(size), bigEndian: order === '>' };
  const what = KINDS[kind] ?? 'elements of a kind that is not read';
  throw new UnsupportedError(
    `${path}: holds ${what} ('${code}'); read are bool, int8 to uint64, float16, float32 and float64`,
    { path, code },
  );
}

/** The value of a float16, exact in float32. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The numbers in a buffer of their own, which is used up; float16 become float32. */
export function decodeElements({ name, bytes, bigEndian }: ElementType, buffer: ArrayBuffer): TypedArray {
  if (bigEndian && bytes > 1) {
    const all = new Uint8Array(buffer);
    for (let at = 0; at < all.length; at += bytes) {
      for (let i = at, j = at + bytes - 1; i < j; i++, j--) [all[i], all[j]] = [all[j]!, all[i]!];
    }
  }
  const array = new ARRAYS[name](buffer);
  return name === 'float16' ? Float32Array.from(array as Uint16Array, halfToNumber) : array;
}

/** The name of a typed array's own elements. @throws UnsupportedError for others than NumPy has. */
export function elementNameOf(data: TypedArray): ElementName {
  const tag = Object.prototype.toString.call(data).slice(8, -1).replace('Clamped', '');
  const name = tag
    .replace(/Array$/, '')
    .replace('Big', '')
    .toLowerCase();
  if (name in CODES) return name as ElementName;
  throw new UnsupportedError(`a ${tag} has no element type in .npy files`);
}

/** Whole numbers beyond this are not all float64. */
const EXACT = 2n ** 53n;

const isBigIntArray = (data: TypedArray): data is BigInt64Array | BigUint64Array =>
  elementNameOf(data).endsWith('int64');

/** The numbers as float32 (float32 ones) or float64 (all others). @throws NumericalError for an integer beyond 2^53. */
export function toFloats(path: string, data: TypedArray): Float32Array | Float64Array {
  if (isFloatArray(data)) return data;
  if (!isBigIntArray(data)) return Float64Array.from(data);
  return Float64Array.from(data as BigInt64Array, (value, at) => {
    if (value <= EXACT && value >= -EXACT) return Number(value);
    throw new NumericalError(`${path}: entry ${at} is ${value}: beyond 2^53 integers are no exact float64`, { at });
  });
}
