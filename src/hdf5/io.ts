/** Whole reads and writes of files, with errors that name the file. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FloatArray } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';

/** What has gone through files so far. */
export interface Traffic {
  /** Bytes read from files. */
  bytesRead: number;
  /** Bytes written to files. */
  bytesWritten: number;
}

/** Counters at zero. */
export function noTraffic(): Traffic {
  return { bytesRead: 0, bytesWritten: 0 };
}

/** One system call moves at most this much, so that checksums of one piece run while another is under way. */
export const PIECE_BYTES: number = 2 ** 24;

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is denied',
  ENOTDIR: 'it, or a part of its path, is not a directory',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links lead to themselves',
  EPERM: 'the operation is not permitted',
  EIO: 'the disk reports an input/output error',
};

/** A system error on a file as an error of ours. */
export function storeError(path: string, action: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new StoreError(`${path}: cannot ${action}: ${REASONS[code] ?? message}`, { path, errno: code }, { cause });
}

/** How files are opened to be read: a pipe that lies in the place of one is not waited for. */
export const READING: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens a file to be read. @throws StoreError for a folder, a pipe or a device, whose bytes may have no end */
export async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, READING);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new StoreError(`${path}: it is no regular file`, { path });
}

/** The memory of a typed array, byte by byte. */
export function bytesOf({ buffer, byteOffset, byteLength }: FloatArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Fills `into` from `position` on. @throws StoreError when the file ends before. */
export async function readFully(
  path: string,
  handle: FileHandle,
  into: Uint8Array,
  position: number,
  traffic: Traffic,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const want = Math.min(PIECE_BYTES, into.length - done);
    const { bytesRead } = await handle.read(into, done, want, position + done);
    if (bytesRead === 0) throw new StoreError(`${path}: ends ${into.length - done} bytes early`, { path });
    done += bytesRead;
    traffic.bytesRead += bytesRead;
  }
}

/** Writes all of `from` at `position`. */
export async function writeFully(
  handle: FileHandle,
  from: Uint8Array,
  position: number,
  traffic: Traffic,
): Promise<void> {
  for (let done = 0; done < from.length; ) {
    const want = Math.min(PIECE_BYTES, from.length - done);
    const { bytesWritten } = await handle.write(from, done, want, position + done);
    done += bytesWritten;
    traffic.bytesWritten += bytesWritten;
  }
}

/** Makes a rename in the file's directory last through a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
