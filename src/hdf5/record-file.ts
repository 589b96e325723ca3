/** Small HDF5 files that describe others: attributes, a few arrays, and links to datasets in other files. */
import { type FileHandle, link, rename, unlink } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Dataset, File, Group } from 'h5wasm/node';
import { StoreError } from '../core/errors.ts';
import { loadHdf5, plainValue } from './attributes.ts';
import { noTraffic, openFile, PIECE_BYTES, readFully, storeError, syncDirectory } from './io.ts';
import type { Attributes } from './messages.ts';
import { createTemporary, type Temporary } from './temporary.ts';

/** Numbers with a shape. */
export interface RecordArray {
  shape: number[];
  data: Float64Array;
}

/** Says that an object of another file, named relative to this one, appears here under `path`. */
export interface RecordLink {
  path: string;
  file: string;
  target: string;
}

/** What such a file holds. */
export interface HdfRecord {
  attributes: Attributes;
  arrays?: Record<string, RecordArray>;
  links?: RecordLink[];
}

/** After the end that HDF5 knows of, it does not look: there is the CRC-32 of all bytes before. */
const TRAILER_BYTES = 4;

function fill(file: File, { attributes, arrays = {}, links = [] }: HdfRecord): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (Number.isSafeInteger(value)) file.create_attribute(name, BigInt64Array.of(BigInt(value)), [], '<q');
    else file.create_attribute(name, value);
  }
  for (const [name, { shape, data }] of Object.entries(arrays)) file.create_dataset({ name, data, shape });
  const groups = new Map<string, Group>();
  for (const { path, file: target, target: object } of links) {
    const parts = path.split('/');
    const name = parts.pop()!;
    const [group] = parts;
    if (group === undefined) file.create_external_link(target, object, name);
    else {
      const parent = groups.get(group) ?? file.create_group(group);
      groups.set(group, parent);
      parent.create_external_link(target, object, name);
    }
  }
}

/** Writes the HDF5 file to a temporary one, then its checksum behind it, and both to the disk. */
async function writeTemporary({ path, handle }: Temporary, record: HdfRecord): Promise<void> {
  const h5wasm = await loadHdf5();
  const file = new h5wasm.File(path, 'w');
  try {
    fill(file, record);
  } finally {
    file.close();
  }
  const bytes = await handle.readFile();
  const trailer = new Uint8Array(TRAILER_BYTES);
  new DataView(trailer.buffer).setUint32(0, crc32(bytes), true);
  await handle.write(trailer, 0, TRAILER_BYTES, bytes.length);
  await handle.sync();
}

/**
 * Writes a record beside its name, flushed, then renamed: the file is there whole or not there.
 * @param keep leave a file that is there as it is
 * @returns false where `keep` left another file in place
 * @throws StoreError naming the file when the disk is full or not writable.
 */
export async function writeRecordFile(path: string, record: HdfRecord, keep = false): Promise<boolean> {
  let temporary: Temporary | undefined;
  try {
    temporary = await createTemporary(path);
    await writeTemporary(temporary, record);
    // unlike a rename, a second name is refused where there is a file already
    if (keep) await link(temporary.path, path);
    else await rename(temporary.path, path);
    await syncDirectory(path);
    return true;
  } catch (cause) {
    if (keep && (cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storeError(path, 'write', cause);
  } finally {
    if (temporary) await unlink(temporary.path).catch(() => undefined);
    await temporary?.handle.close();
  }
}

/** Where a superblock of version 2 or 3, as ours are, has the length of the file (HDF5 File Format Specification 3.0, II.A). */
const LENGTH_AT = 28;
const SUPERBLOCK_BYTES = LENGTH_AT + 8;

/** Records of ours hold k x k matrices, and are smaller. */
const MOST_BYTES = 2 ** 33;

/** @throws StoreError for what is no record of ours by its first bytes and its length: before all of it is read. */
function checkLength(path: string, head: Buffer, size: number): void {
  if (head[0] !== 0x89 || head.toString('latin1', 1, 4) !== 'HDF') {
    throw new StoreError(`${path}: not an HDF5 file`, { path });
  }
  const [version, stated] = [head[8]!, head.readBigUInt64LE(LENGTH_AT)];
  const isOurs = version === 2 || version === 3;
  if (isOurs && BigInt(size) === stated + BigInt(TRAILER_BYTES) && size <= MOST_BYTES) return;
  throw new StoreError(`${path}: damaged or truncated: its ${size} bytes are not the length that it says`, {
    path,
    size,
  });
}

/** The length of a file whose checksum is right. @throws StoreError when it is missing, truncated or damaged. */
async function checkBytes(path: string): Promise<number> {
  let handle: FileHandle | undefined;
  try {
    handle = await openFile(path);
    const { size } = await handle.stat();
    const head = Buffer.alloc(SUPERBLOCK_BYTES);
    await handle.read(head, 0, SUPERBLOCK_BYTES, 0);
    checkLength(path, head, size);
    const end = size - TRAILER_BYTES;
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, end));
    let checksum = 0;
    for (let at = 0; at < end; at += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, end - at));
      await readFully(path, handle, part, at, noTraffic());
      checksum = crc32(part, checksum);
    }
    const trailer = Buffer.alloc(TRAILER_BYTES);
    await readFully(path, handle, trailer, end, noTraffic());
    if (checksum === trailer.readUInt32LE(0)) return end;
    throw new StoreError(`${path}: damaged or truncated: its ${size} bytes fail their checksum`, { path });
  } catch (cause) {
    throw storeError(path, 'read', cause);
  } finally {
    await handle?.close();
  }
}

/** What is read of a record. */
export interface HdfDescription {
  attributes: Attributes;
  arrays: Record<string, RecordArray>;
}

/** Numbers of a dataset; none are more than what the file has room for, as packed ones could be. */
function arrayIn(file: File, name: string, bytes: number): RecordArray {
  const dataset = file.get(name) as Dataset | null;
  const shape = dataset?.shape?.map(Number);
  if (!dataset || !shape) throw new Error(`it has no array '${name}'`);
  const entries = shape.reduce((product, size) => product * size, 1);
  if (!(entries * Float64Array.BYTES_PER_ELEMENT <= bytes)) {
    throw new Error(`its array '${name}' of ${shape.join(' x ')} numbers is larger than the file`);
  }
  const { type, size } = dataset.metadata;
  if (type !== 1 || size !== Float64Array.BYTES_PER_ELEMENT) throw new Error(`its array '${name}' is not float64`);
  return { shape, data: Float64Array.from(dataset.value as Float64Array) };
}

function contents(file: File, names: readonly string[], bytes: number): HdfDescription {
  const attributes = Object.entries(file.attrs).map(([name, { value }]) => [name, plainValue(value)] as const);
  const arrays = names.map((name) => [name, arrayIn(file, name, bytes)] as const);
  return { attributes: Object.fromEntries(attributes), arrays: Object.fromEntries(arrays) };
}

/**
 * Reads the attributes of a record and the arrays with these names.
 * @throws StoreError naming the file when it is missing, truncated, damaged in any bit, no HDF5 file, or lacks an array.
 */
export async function readRecordFile(path: string, arrays: readonly string[] = []): Promise<HdfDescription> {
  const bytes = await checkBytes(path);
  const h5wasm = await loadHdf5();
  let file: File | undefined;
  try {
    file = new h5wasm.File(path, 'r');
    return contents(file, arrays, bytes);
  } catch (cause) {
    throw new StoreError(`${path}: HDF5 cannot read it: ${(cause as Error).message}`, { path }, { cause });
  } finally {
    file?.close();
  }
}
