/** Files under way: they lie beside their final name, nothing reads them, and a lock says that their writer lives. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { atDoor } from '../core/door.ts';
import { anyText, text } from '../core/parse.ts';
import { askForLock, lockFile, systemName } from './file-lock.ts';
import { READING, storeError, syncDirectory } from './io.ts';

/** `.NAME.SYSTEM.RANDOM.tmp`: never two alike; the system is the one in which the lock was taken, or {@link NO_LOCK}. */
const PATTERN = /^\..+\.([0-9a-f]{8})\.[0-9a-f]{12}\.tmp$/;
const NO_LOCK = '00000000';

/** A file or folder under way. */
export interface Temporary {
  path: string;
  /** Holds the lock: to be closed after the file has its final name, or is gone. */
  handle: FileHandle;
  /** Whether there is a lock. */
  isLocked: boolean;
}

/** Whether a directory entry is such a file. @throws ArgumentError for what is no name. */
export function isTemporary(name: string): boolean {
  return atDoor('isTemporary', () => /^\..+\.tmp$/.test(anyText.parse(name, 'name')));
}

const nameFor = (path: string, system: string): string =>
  join(dirname(path), `.${basename(path)}.${system}.${randomBytes(6).toString('hex')}.tmp`);

/** A name for a file that is put aside; what is left of those is taken away after a day. */
export const nameAside = (path: string): string => nameFor(path, NO_LOCK);

async function create(final: string, make: (path: string) => Promise<FileHandle>): Promise<Temporary> {
  for (let system = await systemName(); ; ) {
    const path = nameFor(final, system);
    const handle = await make(path);
    const answer = system === NO_LOCK ? 'taken' : await lockFile(handle);
    // somebody who clears the folder may have come before the lock
    const { nlink } = await handle.stat();
    if (answer === 'taken' && nlink > 0) return { path, handle, isLocked: system !== NO_LOCK };
    await handle.close();
    await rm(path, { recursive: true, force: true });
    if (answer === 'none') system = NO_LOCK;
  }
}

/** Makes the file `final` is to be, under a name of its own. @throws the system's error. */
export const createTemporary = (final: string): Promise<Temporary> =>
  create(resolve(final), (path) => open(path, 'wx+'));

/** Makes the folder `final` is to be, under a name of its own. @throws the system's error. */
export const createTemporaryFolder = (final: string): Promise<Temporary> =>
  create(resolve(final), async (path) => {
    await mkdir(path);
    return open(path, 'r');
  });

/**
 * Writes a file beside its name, flushed, then renamed: it is there whole or as it was.
 * @throws StoreError naming the file.
 */
export async function replaceFile(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const final = resolve(file);
  let temporary: Temporary | undefined;
  try {
    temporary = await createTemporary(final);
    await write(temporary.handle);
    await temporary.handle.sync();
    await rename(temporary.path, final);
    await syncDirectory(final);
  } catch (cause) {
    if (temporary) await rm(temporary.path, { force: true });
    throw storeError(file, 'write', cause);
  } finally {
    await temporary?.handle.close();
  }
}

/** What cannot be asked for its lock has surely been left after so long without a write. */
const ABANDONED_MS = 24 * 3600 * 1000;

async function isAbandoned(path: string, system: string | undefined): Promise<boolean> {
  const handle = await open(path, READING);
  try {
    const answer = await askForLock(handle);
    if (answer === 'busy') return false;
    if (answer === 'taken' && system === (await systemName())) return true;
    return Date.now() - (await stat(path)).mtimeMs > ABANDONED_MS;
  } finally {
    await handle.close();
  }
}

/**
 * Removes what processes that no longer run have left in a directory: at once where a lock tells it, else after a day.
 * @returns the names
 * @throws ArgumentError for what is no path, StoreError for a directory that cannot be read.
 */
export function removeTemporaries(directory: string): Promise<string[]> {
  return atDoor('removeTemporaries', async () => removeAbandoned(text.parse(directory, 'directory')));
}

async function removeAbandoned(directory: string): Promise<string[]> {
  const removed: string[] = [];
  const names = await readdir(directory).catch((cause: unknown) => {
    throw storeError(directory, 'read', cause);
  });
  for (const name of names) {
    const match = PATTERN.exec(name);
    if (!match) continue;
    const path = join(directory, name);
    // another process may be clearing too
    if (!(await isAbandoned(path, match[1]).catch(() => false))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    removed.push(name);
  }
  return removed;
}
