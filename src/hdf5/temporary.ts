/** Files under way: they lie beside their final name, and nothing reads them. */
import { randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { atDoor } from '../core/door.ts';
import { anyText, text } from '../core/parse.ts';
import { storeError } from './io.ts';

/** `.NAME.HOST.PID.RANDOM.tmp`: never two alike, and it says whose it is. */
const PATTERN = /^\..+\.([^.]+)\.(\d+)\.[0-9a-f]+\.tmp$/;
const HOST = hostname().replaceAll('.', '-');

/** A name for the file `path` while it is written. */
export function temporaryName(path: string): string {
  const name = `.${basename(path)}.${HOST}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  return join(dirname(path), name);
}

/** Whether a directory entry is such a file. @throws ArgumentError for what is no name. */
export function isTemporary(name: string): boolean {
  return atDoor('isTemporary', () => PATTERN.test(anyText.parse(name, 'name')));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A process of another machine, which cannot be asked, has surely ended after so long without a write. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * Removes what processes that no longer run have left in a directory; returns the names.
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
    const [, host, pid] = PATTERN.exec(name) ?? [];
    if (host === undefined) continue;
    const path = join(directory, name);
    const isOver =
      host === HOST
        ? !isAlive(Number(pid))
        : await stat(path).then(
            ({ mtimeMs }) => Date.now() - mtimeMs > ABANDONED_MS,
            () => false,
          );
    if (!isOver) continue;
    // another process may be cleaning too
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    removed.push(name);
  }
  return removed;
}
