/** Files of bytes, as they are or compressed. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { StoreError } from '../../core/errors.ts';

const decompress = promisify(gunzip);

/** The bytes of a file, decompressed if they are gzip's. @throws StoreError naming the file and what is wrong with it. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? await decompress(bytes) : bytes;
  } catch (error) {
    throw new StoreError(`cannot read ${path}: ${(error as Error).message}`, { path }, { cause: error });
  }
}

/** @throws StoreError unless every label is a class. */
export function checkLabels(path: string, labels: Uint8Array, classes: number): void {
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong < 0) return;
  throw new StoreError(`${path} has label ${labels[wrong]} for image ${wrong}, expected 0..${classes - 1}`, {
    path,
    image: wrong,
    label: labels[wrong],
  });
}
