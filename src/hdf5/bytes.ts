/** Little-endian numbers one after the other. */
import { concatenateBytes } from '../core/bytes.ts';

/** A field of a binary record: `size` bytes that hold `value`. */
export type Field = [size: 1 | 2 | 4 | 8, value: number];

/** HDF5's "no address". */
export const UNDEFINED_ADDRESS = -1;

function encodeField([size, value]: Field): Uint8Array {
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  if (size === 1) view.setUint8(0, value);
  else if (size === 2) view.setUint16(0, value, true);
  else if (size === 4) view.setUint32(0, value, true);
  else view.setBigInt64(0, BigInt(value), true);
  return out;
}

/** Fields side by side. */
export function fields(...list: readonly Field[]): Uint8Array {
  return concatenateBytes(list.map(encodeField));
}

/** The bytes of a text in UTF-8. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
