/** The first bytes of a block file: everything but the numbers. */
import { crc32 } from 'node:zlib';
import { bytesPerEntry, type DType } from '../core/dtype.ts';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { type Attributes, dataset, rootGroup, superblock } from './messages.ts';

/** Numbers start here, whatever the attributes: they can be written before the attributes are known. */
export const HEAD_BYTES = 16_384;

/** Version of the layout, attribute `format_version` of every block file. */
export const FORMAT_VERSION = 1;

/** Name of the one dataset in a block file. */
export const DATASET = 'block';

/** What a block file holds. */
export interface BlockShape {
  /** Rows. */
  rows: number;
  /** Columns. */
  cols: number;
  /** Element type. */
  dtype: DType;
}

/** Bytes of the numbers. */
export function dataBytes({ rows, cols, dtype }: BlockShape): number {
  return rows * cols * bytesPerEntry(dtype);
}

const SUPERBLOCK_BYTES = 48;
const RESERVED = ['format_version', 'crc32'];

/**
 * The head of a file whose numbers have the CRC-32 `checksum`: superblock, root group, dataset with attributes, and in its
 * last four bytes, which HDF5 does not look at, the CRC-32 of all bytes before them.
 * @throws ArgumentError for attributes that do not fit or have a name of ours.
 */
export function encodeHead(shape: BlockShape, attributes: Attributes, checksum: number): Uint8Array {
  for (const name of RESERVED) {
    if (name in attributes) throw new ArgumentError(`block file: attribute '${name}' is written by itself`, { name });
  }
  const bytes = dataBytes(shape);
  const described = { format_version: FORMAT_VERSION, crc32: checksum, ...attributes };
  const at = SUPERBLOCK_BYTES + rootGroup(DATASET, 0).length;
  const parts = [
    superblock(HEAD_BYTES + bytes, SUPERBLOCK_BYTES),
    rootGroup(DATASET, at),
    dataset(shape, HEAD_BYTES, bytes, described),
  ];
  const used = parts.reduce((total, part) => total + part.length, 0);
  if (used > HEAD_BYTES - 4) {
    throw new ArgumentError(`block file: attributes need ${used} bytes, there are ${HEAD_BYTES - 4}`, { used });
  }
  const head = new Uint8Array(HEAD_BYTES);
  let start = 0;
  for (const part of parts) {
    head.set(part, start);
    start += part.length;
  }
  new DataView(head.buffer).setUint32(HEAD_BYTES - 4, crc32(head.subarray(0, HEAD_BYTES - 4)), true);
  return head;
}

/**
 * Checks that `head` is one that we wrote and that the file is as long as it says, before anything else reads it.
 * @throws StoreError naming the file.
 */
export function checkHead(path: string, head: Uint8Array, fileBytes: number): void {
  const isHdf5 = head[0] === 0x89 && new TextDecoder().decode(head.subarray(1, 4)) === 'HDF';
  if (!isHdf5) throw new StoreError(`${path}: not an HDF5 file`, { path });
  if (head.length < HEAD_BYTES) {
    throw new StoreError(`${path}: truncated to ${fileBytes} bytes`, { path, bytes: fileBytes });
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const stored = view.getUint32(HEAD_BYTES - 4, true);
  if (stored !== crc32(head.subarray(0, HEAD_BYTES - 4))) {
    throw new StoreError(`${path}: damaged, or not a block file: its first ${HEAD_BYTES} bytes fail their checksum`, {
      path,
    });
  }
  const expected = Number(view.getBigUint64(28, true));
  if (fileBytes !== expected) {
    throw new StoreError(`${path}: ${fileBytes < expected ? 'truncated: ' : ''}${fileBytes} bytes, not ${expected}`, {
      path,
      bytes: fileBytes,
      expected,
    });
  }
}
