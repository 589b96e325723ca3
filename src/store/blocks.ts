/** Block files as a whole, and products that were kept: known again by the columns that were multiplied. */
import { crc32 } from 'node:zlib';
import type { Block } from '../core/block.ts';
import { BlockFile } from '../hdf5/block-file.ts';
import { fileExists } from './directory.ts';

/** All of a block file, compared with its checksum; in `into` if given. @throws StoreError naming the file. */
export async function readWholeFile(path: string, into?: Block): Promise<Block> {
  const file = await BlockFile.open(path);
  try {
    return await file.readRows(0, file.rows, into);
  } finally {
    await file.close();
  }
}

/** CRC-32 of the numbers of a block, by which it is known again. */
export const checksum = ({ data }: Block): number =>
  crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

/** A product that was made before with the same columns, if it is there. @throws StoreError for a damaged one. */
export async function keptProduct(path: string, input: number, cols: number): Promise<Block | undefined> {
  if (!(await fileExists(path))) return undefined;
  const file = await BlockFile.open(path);
  try {
    return file.attributes.input === input && file.cols === cols ? await file.readRows(0, file.rows) : undefined;
  } finally {
    await file.close();
  }
}
