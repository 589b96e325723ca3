/** Values as a Fortran routine takes them: by reference. */

/** The length of a one-character string, passed by value after the other arguments. */
export const ONE_CHARACTER = 1;

const character = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));
export const NO_TRANSPOSE: Uint8Array = character('N');
export const TRANSPOSE: Uint8Array = character('T');
export const UPPER: Uint8Array = character('U');
export const LOWER: Uint8Array = character('L');
export const VECTORS: Uint8Array = character('V');

/**
 * An integer that reads the same at 32 and at 64 bits (on little-endian machines), so a library built either way gets
 * what is meant, and has room to write its answer: the value is then entry 0.
 */
export function integer(value: number): Int32Array {
  return Int32Array.of(value, value < 0 ? -1 : 0);
}

/** The largest dimension a 32-bit integer holds. */
export const MAX_INTEGER: number = 2 ** 31 - 1;
