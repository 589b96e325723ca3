/**
 * The pieces of an HDF5 object header that a dataset needs, byte by byte as in the HDF5 File Format Specification 3.0,
 * sections III.A and IV.A: standard types and versions that every library since HDF5 1.8 (2008) reads.
 */
import { concatenateBytes } from '../core/bytes.ts';
import type { DType } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { fields, text, UNDEFINED_ADDRESS } from './bytes.ts';
import { lookup3 } from './lookup3.ts';

/** What describes a block file: whole numbers are stored as int64, other numbers as float64, texts as UTF-8. */
export type Attributes = Readonly<Record<string, number | string>>;

/** One header message: its type number and its body. */
interface Message {
  type: number;
  body: Uint8Array;
}

const FLOATS: Record<DType, Uint8Array> = {
  // class 1 version 1; little-endian, implied leading bit, sign at the top; exponent and mantissa of IEEE 754
  float32: fields(
    [1, 0x11],
    [1, 0x20],
    [1, 31],
    [1, 0],
    [4, 4],
    [2, 0],
    [2, 32],
    [1, 23],
    [1, 8],
    [1, 0],
    [1, 23],
    [4, 127],
  ),
  float64: fields(
    [1, 0x11],
    [1, 0x20],
    [1, 63],
    [1, 0],
    [4, 8],
    [2, 0],
    [2, 64],
    [1, 52],
    [1, 11],
    [1, 0],
    [1, 52],
    [4, 1023],
  ),
};
const INT64 = fields([1, 0x10], [1, 0x08], [2, 0], [4, 8], [2, 0], [2, 64]);
/** Fixed length, padded with zeros, UTF-8. */
const utf8Type = (length: number): Uint8Array => fields([1, 0x13], [1, 0x11], [2, 0], [4, length]);

const SCALAR = fields([1, 2], [1, 0], [1, 0], [1, 0]);
const matrixSpace = (rows: number, cols: number): Uint8Array =>
  fields([1, 2], [1, 2], [1, 0], [1, 1], [8, rows], [8, cols]);

function attributeMessage(name: string, value: number | string): Message {
  const label = concatenateBytes([text(name), new Uint8Array(1)]);
  const encode = (): [Uint8Array, Uint8Array] => {
    if (typeof value === 'string') {
      // a type of length zero does not exist
      const content = value === '' ? new Uint8Array(1) : text(value);
      return [utf8Type(content.length), content];
    }
    if (Number.isSafeInteger(value)) return [INT64, fields([8, value])];
    return [FLOATS.float64, new Uint8Array(Float64Array.of(value).buffer)];
  };
  const [type, content] = encode();
  const sizes = fields([1, 3], [1, 0], [2, label.length], [2, type.length], [2, SCALAR.length], [1, 1]);
  return { type: 0x0c, body: concatenateBytes([sizes, label, type, SCALAR, content]) };
}

/** An object header, version 2, in one piece. */
function objectHeader(messages: readonly Message[]): Uint8Array {
  const content = concatenateBytes(
    messages.flatMap(({ type, body }) => {
      if (body.length > 0xffff) throw new ArgumentError(`an attribute of ${body.length} bytes does not fit into HDF5`);
      return [fields([1, type], [2, body.length], [1, 0]), body];
    }),
  );
  const header = concatenateBytes([text('OHDR'), fields([1, 2], [1, 0x02], [4, content.length]), content]);
  return concatenateBytes([header, fields([4, lookup3(header)])]);
}

/** Superblock, version 2: the first bytes of the file. */
export function superblock(endOfFile: number, rootAddress: number): Uint8Array {
  const content = concatenateBytes([
    Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
    fields([1, 2], [1, 8], [1, 8], [1, 0], [8, 0], [8, UNDEFINED_ADDRESS], [8, endOfFile], [8, rootAddress]),
  ]);
  return concatenateBytes([content, fields([4, lookup3(content)])]);
}

/** The root group, with one object in it. */
export function rootGroup(name: string, address: number): Uint8Array {
  const label = text(name);
  return objectHeader([
    // links are kept in the header itself: no heap, no index
    { type: 0x02, body: fields([1, 0], [1, 0], [8, UNDEFINED_ADDRESS], [8, UNDEFINED_ADDRESS]) },
    { type: 0x0a, body: fields([1, 0], [1, 0]) },
    { type: 0x06, body: concatenateBytes([fields([1, 1], [1, 0], [1, label.length]), label, fields([8, address])]) },
  ]);
}

/** A rows x cols dataset whose numbers lie row by row from `address` on. */
export function dataset(
  { rows, cols, dtype }: { rows: number; cols: number; dtype: DType },
  address: number,
  bytes: number,
  attributes: Attributes,
): Uint8Array {
  return objectHeader([
    { type: 0x01, body: matrixSpace(rows, cols) },
    { type: 0x03, body: FLOATS[dtype] },
    // space is allocated early, and never filled
    { type: 0x05, body: fields([1, 3], [1, 0x05]) },
    { type: 0x08, body: fields([1, 3], [1, 1], [8, bytes > 0 ? address : UNDEFINED_ADDRESS], [8, bytes]) },
    ...Object.entries(attributes).map(([name, value]) => attributeMessage(name, value)),
  ]);
}
