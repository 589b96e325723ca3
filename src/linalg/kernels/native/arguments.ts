/** Values as a Fortran routine takes them: by reference. */
import { dtypeOf, type FloatArray } from '../../../core/dtype.ts';

/** The length of a one-character string, passed by value after the other arguments. */
export const ONE_CHARACTER = 1;

const character = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));
export const NO_TRANSPOSE: Uint8Array = character('N');
export const TRANSPOSE: Uint8Array = character('T');
export const UPPER: Uint8Array = character('U');
export const LOWER: Uint8Array = character('L');
export const LEFT: Uint8Array = character('L');
export const VECTORS: Uint8Array = character('V');
export const ALL: Uint8Array = character('A');

/**
 * An integer that reads the same at 32 and at 64 bits (on little-endian machines), so a library built either way gets
 * what is meant, and has room to write its answer: the value is then entry 0.
 */
export function answer(value: number): Int32Array {
  return Int32Array.of(value, value < 0 ? -1 : 0);
}

/** More different values than this come of long runs over many sizes: they are then made anew. */
const MAX_CONSTANTS = 4096;

/** What is only read, and made once: memory that is passed to a library is dear when it is new. */
function constants<T>(make: (value: number) => T): (value: number) => T {
  const known = new Map<number, T>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= MAX_CONSTANTS) known.clear();
    const constant = make(value);
    known.set(value, constant);
    return constant;
  };
}

/** An integer that is only read. */
export const integer: (value: number) => Int32Array = constants(answer);

const narrow = constants((value) => Float32Array.of(value));
const wide = constants((value) => Float64Array.of(value));

/** A number that is only read, in the memory format of `data`. */
export function scalar(value: number, data: FloatArray): FloatArray {
  return dtypeOf(data) === 'float32' ? narrow(value) : wide(value);
}

/** The largest dimension a 32-bit integer holds. */
export const MAX_INTEGER: number = 2 ** 31 - 1;
