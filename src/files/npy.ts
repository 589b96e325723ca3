/**
 * The .npy format (NumPy enhancement proposal 1, versions 1 to 3): headers, whole arrays, and rows of matrices. No package
 * reads it in parts or checks a header against the size of its file, so it is done here.
 */
import { StoreError } from '../core/errors.ts';
import type { ByteSource } from './bytes.ts';
import { CODES, decodeElements, type ElementName, type ElementType, elementType, type TypedArray } from './elements.ts';

/** Numbers with a shape, the last axis fastest (C order), whatever the order in the file. */
export interface FileArray {
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** NumPy's name of the element type. float16 come as a Float32Array, bool as a Uint8Array of 0 and 1. */
  readonly dtype: ElementName;
  /** The numbers, in the order of the last index fastest. */
  readonly data: TypedArray;
}

/** What a header says. */
export interface NpyHeader {
  type: ElementType;
  /** The first axis is fastest. */
  fortranOrder: boolean;
  shape: number[];
  entries: number;
  /** Where the numbers start. */
  start: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Headers of real arrays take some hundred bytes. */
const MOST_HEADER = 2 ** 20;

/** The number of entries of a shape. @throws StoreError for sizes beyond what can be counted. */
function countEntries(path: string, shape: readonly number[]): number {
  const entries = shape.reduce((product, size) => product * size, 1);
  if (shape.every(Number.isSafeInteger) && Number.isSafeInteger(entries)) return entries;
  throw new StoreError(`${path}: damaged: its header declares the shape ${shape.join(' x ')}`, { path, shape });
}

interface RawHeader {
  code: string;
  fortranOrder: boolean;
  shape: number[];
  start: number;
}

/** The header's text, taken apart. @throws StoreError for what is no .npy file. */
export async function readRawHeader(source: ByteSource): Promise<RawHeader> {
  const { path } = source;
  const lead = await source.read(0, Math.min(12, source.size));
  if (!MAGIC.every((byte, at) => lead[at] === byte)) throw new StoreError(`${path}: not a .npy file`, { path });
  const version = lead[6] ?? 0;
  if (lead.length < 12) throw new StoreError(`${path}: truncated in its header`, { path });
  if (version < 1 || version > 3) {
    throw new StoreError(`${path}: version ${version} of the .npy format; 1 to 3 are read`, { path, version });
  }
  const view = new DataView(lead.buffer, lead.byteOffset);
  const [length, from] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (length > MOST_HEADER) throw new StoreError(`${path}: damaged: a header of ${length} bytes`, { path, length });
  const text = new TextDecoder().decode(await source.read(from, length));
  const code = /'descr'\s*:\s*(?:'([^']*)'|\[)/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const axes = /'shape'\s*:\s*\(([^)]*)\)/.exec(text);
  const sizes = (axes?.[1] ?? '').split(',').filter((size) => size.trim() !== '');
  if (!code || !order || !axes || !sizes.every((size) => /^\s*\d+L?\s*$/.test(size))) {
    throw new StoreError(`${path}: damaged: its header reads ${JSON.stringify(text.trim().slice(0, 120))}`, { path });
  }
  return {
    code: code[1] ?? 'V',
    fortranOrder: order[1] === 'True',
    shape: sizes.map((size) => Number.parseInt(size, 10)),
    start: from + length,
  };
}

/** @throws StoreError for a header that is damaged or promises more than the file has, UnsupportedError for other elements. */
export async function readHeader(source: ByteSource): Promise<NpyHeader> {
  const { path, size } = source;
  const { code, fortranOrder, shape, start } = await readRawHeader(source);
  const type = elementType(path, code);
  const entries = countEntries(path, shape);
  const bytes = entries * type.bytes;
  if (start + bytes > size) {
    throw new StoreError(
      `${path}: truncated: the shape ${shape.join(' x ') || '()'} of ${type.name} needs ${start + bytes} bytes, there are ${size}`,
      { path, shape, bytes: start + bytes, size },
    );
  }
  return { type, fortranOrder, shape, entries, start };
}

/** Entries in Fortran order, put into C order. */
export function toCOrder(shape: readonly number[], data: TypedArray): TypedArray {
  if (shape.filter((size) => size > 1).length < 2) return data;
  const out = data.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let at = 0; at < data.length; at++) {
    out[at] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** A whole array. @throws as {@link readHeader}. */
export async function readNpy(source: ByteSource): Promise<FileArray> {
  const { type, fortranOrder, shape, entries, start } = await readHeader(source);
  const bytes = await source.read(start, entries * type.bytes);
  const data = decodeElements(type, bytes.buffer);
  return { shape, dtype: type.name, data: fortranOrder ? toCOrder(shape, data) : data };
}

/** A text of fixed length, as SciPy keeps the format of a sparse matrix. */
export async function readNpyText(source: ByteSource): Promise<string> {
  const { code, start } = await readRawHeader(source);
  const [, kind, size] = /^[<>|=]?([SU])(\d+)$/.exec(code) ?? [];
  if (kind === undefined) throw new StoreError(`${source.path}: holds no text but '${code}'`, { path: source.path });
  const bytes = await source.read(start, Number(size) * (kind === 'U' ? 4 : 1));
  return String.fromCharCode(...bytes.filter((byte) => byte !== 0));
}

/** The first bytes of a .npy file: as NumPy writes them, version 1 where the shape is short enough, padded to 64. */
export function encodeHeader(name: ElementName, shape: readonly number[], fortranOrder: boolean): Uint8Array {
  const order = CODES[name].endsWith('1') ? '|' : '<';
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${order}${CODES[name]}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const out = new Uint8Array(total).fill(0x20);
  out.set(MAGIC);
  out.set([1, 0, (total - 10) & 0xff, (total - 10) >> 8], 6);
  out.set(new TextEncoder().encode(text), 10);
  out[total - 1] = 0x0a;
  return out;
}
