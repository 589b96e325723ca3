/** Matrices in HDF5 files of others: any dataset of two axes of numbers, read in rows through HDF5 itself. */
import { open } from 'node:fs/promises';
import type { Dataset, File } from 'h5wasm/node';
import { StoreError, UnsupportedError } from '../core/errors.ts';
import { loadHdf5 } from './attributes.ts';
import { storeError } from './io.ts';

/** A dataset of an open file. */
export interface OpenDataset {
  rows: number;
  cols: number;
  /** float32, or anything else that is read as float64. */
  isFloat32: boolean;
  /** Rows `first..first + count`, row by row, as h5wasm gives them. */
  readRows(first: number, count: number): ArrayLike<number> | BigInt64Array | BigUint64Array;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Where the signature may be: at the start, or behind what a user has put before it. */
const PLACES = [0, 512, 1024, 2048, 4096, 8192];

/** Where a superblock of each version keeps the file's length, where addresses have eight bytes. */
const LENGTHS = [40, 44, 28, 28];

/** The length that the superblock at the start of a file declares; undefined where it is not said as usual. */
function declaredLength(head: DataView): bigint | undefined {
  const version = head.getUint8(8);
  const at = LENGTHS[version];
  const addressBytes = head.getUint8(version < 2 ? 13 : 9);
  return at === undefined || addressBytes !== 8 ? undefined : head.getBigUint64(at, true);
}

/**
 * @throws StoreError for a file without HDF5's signature, and for one that ends early: the library would print a page about
 * either.
 */
async function checkSignature(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw storeError(path, 'read', cause);
  });
  try {
    for (const place of PLACES) {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(52), 0, 52, place);
      if (bytesRead < 52 || !SIGNATURE.every((byte, at) => buffer[at] === byte)) continue;
      const declared = place === 0 ? declaredLength(new DataView(buffer.buffer)) : undefined;
      const { size } = await handle.stat();
      if (declared === undefined || declared <= size) return;
      throw new StoreError(`${path}: truncated: it declares ${declared} bytes, there are ${size}`, { path, size });
    }
  } finally {
    await handle.close();
  }
  throw new StoreError(`${path}: not an HDF5 file`, { path });
}

/** The paths of all datasets in a file, at most twenty. */
function datasetsOf(file: File): string {
  const paths = file.paths().filter((path) => (file.get(path) as { type?: string } | null)?.type === 'Dataset');
  return paths.length === 0
    ? 'none'
    : paths
        .slice(0, 20)
        .map((path) => `/${path}`)
        .join(', ');
}

function findDataset(path: string, file: File, name: string | undefined): Dataset {
  const only = file.paths().filter((each) => (file.get(each) as { type?: string } | null)?.type === 'Dataset');
  const wanted = name ?? (only.length === 1 ? only[0] : undefined);
  const found = wanted === undefined ? null : (file.get(wanted) as { type?: string } | null);
  if (found?.type === 'Dataset') return found as Dataset;
  const what = name === undefined ? `say which dataset as ${path}:/NAME` : `has no dataset ${name}`;
  throw new StoreError(`${path}: ${what}; there are ${datasetsOf(file)}`, { path, name });
}

function openDataset(path: string, dataset: Dataset): OpenDataset {
  const { shape, metadata } = dataset;
  if (shape?.length !== 2) {
    throw new StoreError(`${path}: the dataset has the shape ${shape?.join(' x ') || '()'}; a matrix has two axes`, {
      path,
      shape,
    });
  }
  // HDF5's classes of types: 0 integers, 1 floating point
  const isRead = metadata.type === 0 || (metadata.type === 1 && (metadata.size === 4 || metadata.size === 8));
  if (!isRead)
    throw new UnsupportedError(`${path}: the dataset holds neither integers nor float32 or float64`, { path });
  const [rows, cols] = shape as [number, number];
  return {
    rows,
    cols,
    isFloat32: metadata.type === 1 && metadata.size === 4,
    readRows: (first, count) =>
      dataset.slice([
        [first, first + count],
        [0, cols],
      ]) as unknown as ArrayLike<number>,
  };
}

/**
 * Runs `work` on a dataset of a file, the only one when no name is given.
 * @throws StoreError for a file that HDF5 cannot read, and a dataset that is not there or no matrix; UnsupportedError for
 *   other elements than numbers.
 */
export async function withDataset<T>(
  path: string,
  name: string | undefined,
  work: (dataset: OpenDataset) => Promise<T>,
): Promise<T> {
  await checkSignature(path);
  const h5wasm = await loadHdf5();
  let file: File;
  try {
    file = new h5wasm.File(path, 'r');
    // h5wasm gives a file without an identifier where HDF5 has refused it
    if (file.file_id < 0n) throw new Error('it is no HDF5 file, or damaged');
  } catch (cause) {
    throw new StoreError(`${path}: HDF5 cannot read it: ${(cause as Error).message}`, { path }, { cause });
  }
  try {
    return await work(openDataset(name === undefined ? path : `${path}:${name}`, findDataset(path, file, name)));
  } finally {
    file.close();
  }
}
