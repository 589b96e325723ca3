/** Files of bytes, as they are or compressed. */
import { host } from '#host';
import { StoreError } from '../../core/errors.ts';

/** Bytes without their gzip compression. */
async function decompress(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream as ReadableStream).arrayBuffer());
}

/** The bytes of a file, or of what is at a URL, decompressed if they are gzip's. @throws StoreError naming the file and what is wrong with it. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const bytes = await host.readBytes(path);
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
