/** Where bytes come from: a file, or a piece of memory that was unpacked from one. */
import { type FileHandle, open } from 'node:fs/promises';
import { StoreError } from '../core/errors.ts';
import { noTraffic, readFully, storeError } from '../hdf5/io.ts';

/** Bytes that can be read anywhere. */
export interface ByteSource {
  /** What messages call it. */
  readonly path: string;
  readonly size: number;
  /** Bytes `position..position + length` in memory of their own. @throws StoreError when they are not there. */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** @throws StoreError unless the source has these bytes: asked before memory for them is taken. */
function checkRange({ path, size }: Omit<ByteSource, 'read'>, position: number, length: number): void {
  if (position >= 0 && length >= 0 && position + length <= size) return;
  throw new StoreError(`${path}: truncated: bytes up to ${position + length} are needed, there are ${size}`, { path });
}

/** A source of `size` bytes, of which `read` is asked for those that are there. */
function sourceOf(path: string, size: number, read: ByteSource['read']): ByteSource {
  return {
    path,
    size,
    async read(position, length) {
      checkRange({ path, size }, position, length);
      return read(position, length);
    },
  };
}

/** Runs `work` on an open file. @throws StoreError when it cannot be opened. */
export async function withFile<T>(path: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new StoreError(`${path}: is not a file`, { path });
    const opened = handle;
    const source = sourceOf(path, stat.size, async (position, length) => {
      const into = new Uint8Array(length);
      await readFully(path, opened, into, position, noTraffic());
      return into;
    });
    return await work(source);
  } catch (cause) {
    if (handle === undefined) throw storeError(path, 'read', cause);
    throw cause;
  } finally {
    await handle?.close();
  }
}

/** A part of another source. */
export function part(source: ByteSource, path: string, start: number, size: number): ByteSource {
  checkRange(source, start, size);
  return sourceOf(path, size, (position, length) => source.read(start + position, length));
}

/** Bytes in memory. */
export function inMemory(path: string, bytes: Uint8Array): ByteSource {
  return sourceOf(path, bytes.length, async (position, length) => {
    // not bytes.slice(), which of a Buffer is a view
    const into = new Uint8Array(length);
    into.set(bytes.subarray(position, position + length));
    return into;
  });
}
