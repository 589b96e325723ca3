/** Whether a directory can be written to, and has room, before any work is done for it. */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StoreError } from '../core/errors.ts';
import { formatMemory } from '../core/memory.ts';
import { storeError } from '../hdf5/io.ts';

/** Bytes free for us on the disk that holds, or would hold, a path. */
export async function freeBytes(path: string): Promise<number> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    // file systems of the kernel have no size
    if (found) return found.blocks === 0 ? Number.POSITIVE_INFINITY : found.bavail * found.bsize;
    if (at === dirname(at)) return Number.POSITIVE_INFINITY;
  }
}

/**
 * @param hint what else can be done
 * @throws StoreError when more bytes are needed than the disk has.
 */
export async function refuseFullDisk(path: string, bytes: number, hint: string): Promise<void> {
  const free = await freeBytes(path);
  if (bytes <= free) return;
  throw new StoreError(
    `${path} will need up to ${formatMemory(bytes)}, the disk has ${formatMemory(free)} free (${hint})`,
    { path, bytes, free },
  );
}

/** @throws StoreError unless files can be made in a directory, or the directory itself where it is not there yet. */
export async function refuseUnwritable(path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      await access(at, constants.W_OK | constants.X_OK);
      return;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || at === dirname(at)) throw storeError(path, 'write', cause);
    }
  }
}
