/** Products that were kept: known again by the columns that were multiplied. */
import { crc32 } from 'node:zlib';
import type { Block } from '../core/block.ts';
import { BlockFile } from '../hdf5/block-file.ts';
import { fileExists } from './sketch/directory.ts';

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
