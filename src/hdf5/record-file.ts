/** Small HDF5 files that describe others: attributes, a few arrays, and links to datasets in other files. */
import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Dataset, File, Group } from 'h5wasm/node';
import { StoreError } from '../core/errors.ts';
import { loadHdf5, plainValue } from './attributes.ts';
import { storeError, syncDirectory } from './io.ts';
import type { Attributes } from './messages.ts';
import { temporaryName } from './temporary.ts';

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

/** Writes the HDF5 file to `temporary`, then its checksum behind it, and both to the disk. */
async function writeTemporary(temporary: string, record: HdfRecord): Promise<void> {
  const h5wasm = await loadHdf5();
  const file = new h5wasm.File(temporary, 'w');
  try {
    fill(file, record);
  } finally {
    file.close();
  }
  const handle = await open(temporary, 'r+');
  try {
    const bytes = await handle.readFile();
    const trailer = new Uint8Array(TRAILER_BYTES);
    new DataView(trailer.buffer).setUint32(0, crc32(bytes), true);
    await handle.write(trailer, 0, TRAILER_BYTES, bytes.length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a record beside its name, flushed, then renamed: the file is there whole or not there.
 * @param keep leave a file that is there as it is
 * @returns false where `keep` left another file in place
 * @throws StoreError naming the file when the disk is full or not writable.
 */
export async function writeRecordFile(path: string, record: HdfRecord, keep = false): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    await writeTemporary(temporary, record);
    // unlike a rename, a second name is refused where there is a file already
    if (keep) await link(temporary, path);
    else await rename(temporary, path);
    await syncDirectory(path);
    return true;
  } catch (cause) {
    if (keep && (cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storeError(path, 'write', cause);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** @throws StoreError when the file is missing, truncated or damaged. */
async function checkBytes(path: string): Promise<void> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw storeError(path, 'read', cause);
  });
  if (bytes[0] !== 0x89 || bytes.toString('latin1', 1, 4) !== 'HDF') {
    throw new StoreError(`${path}: not an HDF5 file`, { path });
  }
  const end = bytes.length - TRAILER_BYTES;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw new StoreError(`${path}: damaged or truncated: its ${bytes.length} bytes fail their checksum`, { path });
  }
}

/** What is read of a record. */
export interface HdfDescription {
  attributes: Attributes;
  arrays: Record<string, RecordArray>;
}

function contents(file: File, names: readonly string[]): HdfDescription {
  const attributes = Object.entries(file.attrs).map(([name, { value }]) => [name, plainValue(value)] as const);
  const arrays = names.map((name) => {
    const { shape, value } = file.get(name) as Dataset;
    const array: RecordArray = { shape: [...(shape ?? [])], data: Float64Array.from(value as Float64Array) };
    return [name, array] as const;
  });
  return { attributes: Object.fromEntries(attributes), arrays: Object.fromEntries(arrays) };
}

/**
 * Reads the attributes of a record and the arrays with these names.
 * @throws StoreError naming the file when it is missing, truncated, damaged in any bit, no HDF5 file, or lacks an array.
 */
export async function readRecordFile(path: string, arrays: readonly string[] = []): Promise<HdfDescription> {
  await checkBytes(path);
  const h5wasm = await loadHdf5();
  let file: File | undefined;
  try {
    file = new h5wasm.File(path, 'r');
    return contents(file, arrays);
  } catch (cause) {
    throw new StoreError(`${path}: HDF5 cannot read it: ${(cause as Error).message}`, { path }, { cause });
  } finally {
    file?.close();
  }
}
