/** Arrays into .npy and .npz files. */
import { zipSync } from 'fflate';
import type { Block } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { ArgumentError, ShapeError, UnsupportedError } from '../core/errors.ts';
import { asRecord, choice, parseOptions, show, text, withDefault } from '../core/parse.ts';
import { noTraffic, writeFully } from '../hdf5/io.ts';
import { replaceFile } from '../hdf5/temporary.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { type ElementName, elementNameOf, type TypedArray } from './elements.ts';
import { parseLocation } from './location.ts';
import { encodeHeader, type FileArray, toCOrder } from './npy.ts';

/** What can be written: numbers with a shape (in C order), a typed array as a vector, a block, eigenvectors. */
export type ArrayLikeObject = (Omit<FileArray, 'dtype'> & { dtype?: ElementName }) | TypedArray | Block | Multivector;

/** Options of {@link writeArray}. */
export interface WriteArrayOptions {
  /** Which axis is fastest in the file: the last one (`'C'`, the default) or the first (`'F'`, as Fortran and MATLAB have it). */
  order?: 'C' | 'F';
}

/** Bytes of a row panel of what is not in memory. */
const PANEL_BYTES = 2 ** 24;

/** A zip archive without 64-bit fields. */
const MOST_ZIP = 2 ** 32 - 2 ** 20;

/** An array ready to be written: its header, then its bytes piece by piece. */
interface Writable {
  header: Uint8Array;
  bytes: number;
  pieces(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const isMultivector = (array: object): array is Multivector => typeof (array as Multivector).readRows === 'function';

async function* rowPanels(V: Multivector): AsyncGenerator<Uint8Array> {
  const count = Math.max(1, Math.floor(PANEL_BYTES / (8 * Math.max(1, V.cols))));
  for (let start = 0; start < V.rows; start += count) {
    yield bytesOf((await V.readRows(start, Math.min(count, V.rows - start))).data);
  }
}

function inMemory(name: ElementName, shape: readonly number[], data: TypedArray, order: 'C' | 'F'): Writable {
  // the data in C order are those of the transpose in Fortran order, and the other way round
  const ordered = order === 'F' ? toCOrder(shape.toReversed(), data) : data;
  return {
    header: encodeHeader(name, shape, order === 'F'),
    bytes: ordered.byteLength,
    pieces: () => [bytesOf(ordered)],
  };
}

async function toWritable(array: ArrayLikeObject, order: 'C' | 'F'): Promise<Writable> {
  if (ArrayBuffer.isView(array)) {
    const data = array as TypedArray;
    return inMemory(elementNameOf(data), [data.length], data, order);
  }
  if (array === null || typeof array !== 'object') {
    throw new ArgumentError(`expected a typed array, a Block or { shape, data }, got ${show(array)}`);
  }
  if (isMultivector(array)) {
    const shape = [array.rows, array.cols];
    if (order === 'F') return inMemory(array.dtype, shape, (await array.toBlock()).data, order);
    const bytes = array.rows * array.cols * (array.dtype === 'float32' ? 4 : 8);
    return { header: encodeHeader(array.dtype, shape, false), bytes, pieces: () => rowPanels(array) };
  }
  const { data } = array;
  if (!ArrayBuffer.isView(data)) throw new ArgumentError(`data must be a typed array, got ${show(data)}`);
  const shape = 'shape' in array ? array.shape : [array.rows, array.cols];
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new ArgumentError(
      `shape must be an array of sizes, got ${Array.isArray(shape) ? shape.join(' x ') : show(shape)}`,
    );
  }
  const entries = shape.reduce((product, size) => product * size, 1);
  if (entries !== data.length) {
    throw new ShapeError(`the shape ${shape.join(' x ')} has ${entries} entries, data has ${data.length}`, { shape });
  }
  const own = elementNameOf(data);
  const name = own === 'uint8' && 'dtype' in array && array.dtype === 'bool' ? 'bool' : own;
  return inMemory(name, shape, data, order);
}

/** Writes pieces beside the file, flushes, and renames: the file is there whole or as it was. */
function writeWhole(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  return replaceFile(path, async (handle) => {
    let position = 0;
    for await (const piece of pieces) {
      await writeFully(handle, piece, position, noTraffic());
      position += piece.length;
    }
  });
}

async function* withHeader({ header, pieces }: Writable): AsyncGenerator<Uint8Array> {
  yield header;
  yield* pieces();
}

async function whole(array: Writable): Promise<Uint8Array> {
  const out = new Uint8Array(array.header.length + array.bytes);
  let at = 0;
  for await (const piece of withHeader(array)) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/**
 * Writes an array as NumPy reads it: `file.npy` one array, `file.npz` a record of arrays by name (stored, as
 * `numpy.savez` does). Eigenvectors that are on disk are written in row panels. The file is there whole or not at all.
 *
 * @param arrays for .npy a typed array (a vector), a Block, `{ shape, data }` in C order, or the `eigenvectors` of a result;
 *   for .npz a record of those
 * @example
 * await writeArray('V.npy', sketch.eigenvectors);
 * await writeArray('sketch.npz', { w: sketch.eigenvalues, V: sketch.eigenvectors });
 * @throws ArgumentError and ShapeError for what is no array, UnsupportedError for a .npz beyond 4 GB, StoreError when the
 *   file cannot be written.
 */
export function writeArray(
  path: string,
  arrays: ArrayLikeObject | Readonly<Record<string, ArrayLikeObject>>,
  options: WriteArrayOptions = {},
): Promise<void> {
  return atDoor('writeArray', async () => {
    const { order } = parseOptions(options, { order: withDefault(choice(['C', 'F'] as const), 'C') });
    const location = parseLocation(text.parse(path, 'path'), ['.npy', '.npz']);
    if (location.name !== undefined) throw new ArgumentError(`${path}: arrays of a .npz file are named in the record`);
    if (location.extension === '.npy') {
      return writeWhole(path, withHeader(await toWritable(arrays as ArrayLikeObject, order)));
    }
    const files: Record<string, Uint8Array> = {};
    let total = 0;
    for (const [name, array] of Object.entries(asRecord(arrays ?? null, 'arrays') as Record<string, ArrayLikeObject>)) {
      const writable = await toWritable(array, order);
      total += writable.bytes;
      if (total > MOST_ZIP) throw new UnsupportedError(`${path}: more than 4 GB; write .npy files`, { bytes: total });
      files[`${name}.npy`] = await whole(writable);
    }
    return writeWhole(path, [zipSync(files, { level: 0 })]);
  });
}
