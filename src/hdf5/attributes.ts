/** Reading what describes a block file, through HDF5 itself: loaded when the first file is opened. */
import type { Dataset, File } from 'h5wasm/node';
import type { DType } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { type BlockShape, DATASET, FORMAT_VERSION } from './head.ts';
import type { Attributes } from './messages.ts';

type H5wasm = typeof import('h5wasm/node');
let loading: Promise<H5wasm> | undefined;

/** h5wasm, ready for use. */
export function loadHdf5(): Promise<H5wasm> {
  loading ??= import('h5wasm/node').then(async (h5wasm) => {
    await h5wasm.ready;
    return h5wasm;
  });
  return loading;
}

/** Shape, attributes and checksum of a block file. */
export interface Description extends BlockShape {
  /** Attributes to be kept with the data. */
  attributes: Attributes;
  /** CRC-32 of the numbers. */
  checksum: number;
}

/** A number or text as HDF5 gives it; whole numbers come as BigInt. */
export function plainValue(value: unknown): number | string {
  return typeof value === 'bigint' ? Number(value) : (value as number | string);
}

function dtypeOf(path: string, { type, size }: Dataset['metadata']): DType {
  if (type === 1 && size === 4) return 'float32';
  if (type === 1 && size === 8) return 'float64';
  throw new StoreError(`${path}: the numbers are neither float32 nor float64`, { path });
}

function describe(path: string, file: File): Description {
  const block = file.get(DATASET) as Dataset;
  const { format_version, crc32, ...attributes } = Object.fromEntries(
    Object.entries(block.attrs).map(([name, { value }]) => [name, plainValue(value)]),
  );
  if (format_version !== FORMAT_VERSION) {
    throw new StoreError(`${path}: format version ${format_version}, this library reads ${FORMAT_VERSION}`, {
      path,
      version: format_version,
    });
  }
  const [rows, cols] = block.shape as [number, number];
  return { rows, cols, dtype: dtypeOf(path, block.metadata), attributes, checksum: Number(crc32) };
}

/**
 * What a file whose head was found right says about itself.
 * @throws StoreError naming the file.
 */
export async function readDescription(path: string): Promise<Description> {
  const h5wasm = await loadHdf5();
  let file: File | undefined;
  try {
    file = new h5wasm.File(path, 'r');
    return describe(path, file);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError(`${path}: HDF5 cannot read it: ${(cause as Error).message}`, { path }, { cause });
  } finally {
    file?.close();
  }
}
