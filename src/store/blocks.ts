/** Block files as a whole, and products that were kept: known again by the columns that were multiplied. */
import { crc32 } from 'node:zlib';
import type { Block } from '../core/block.ts';
import { BlockFile } from '../hdf5/block-file.ts';
import type { Attributes } from '../hdf5/messages.ts';
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

/**
 * A product that was made before, if it is there.
 * @param identity the run, the stage and the checksum of the columns that were multiplied
 * @param shape of the product
 * @throws StoreError for a damaged one.
 */
export async function keptProduct(
  path: string,
  identity: Attributes,
  shape: Pick<Block, 'rows' | 'cols'>,
): Promise<Block | undefined> {
  if (!(await fileExists(path))) return undefined;
  const file = await BlockFile.open(path);
  try {
    const isIt = Object.entries(identity).every(([name, value]) => file.attributes[name] === value);
    return isIt && file.rows === shape.rows && file.cols === shape.cols ? await file.readRows(0, file.rows) : undefined;
  } finally {
    await file.close();
  }
}
