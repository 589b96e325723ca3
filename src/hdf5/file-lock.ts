/**
 * Locks on open files that the system releases when their owner ends, however it ends: flock(2), which holds across containers
 * and namespaces of one machine. It is called through the optional package koffi; without it, and on Windows, there are none.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, readFile } from 'node:fs/promises';
import { constants, hostname } from 'node:os';
import process from 'node:process';
import { importFfi } from '../linalg/kernels/native/ffi.ts';

/** What came of asking for a lock: `'busy'` where another open file has it, `'none'` where there are no locks. */
export type LockAnswer = 'taken' | 'busy' | 'none';

const SHARED = 1;
const EXCLUSIVE = 2;
const AT_ONCE = 4;

type Flock = (fd: number, operation: number) => LockAnswer;

async function loadFlock(): Promise<Flock> {
  try {
    const { load, errno } = await importFfi();
    const flock = load(null).func('flock', 'int', ['int', 'int']);
    return (fd, operation) => {
      if (flock(fd, operation | AT_ONCE) === 0) return 'taken';
      return errno() === constants.errno.EWOULDBLOCK ? 'busy' : 'none';
    };
  } catch {
    return () => 'none';
  }
}

let loading: Promise<Flock> | undefined;
const flock = async ({ fd }: FileHandle, operation: number): Promise<LockAnswer> => {
  loading ??= loadFlock();
  return (await loading)(fd, operation);
};

/** Locks an open file until it is closed or its process ends. */
export const lockFile = (handle: FileHandle): Promise<LockAnswer> => flock(handle, EXCLUSIVE);

/** Whether an open file could be locked now: `'busy'` while its owner lives. Two who ask at once do not disturb each other. */
export const askForLock = (handle: FileHandle): Promise<LockAnswer> => flock(handle, SHARED);

let named: Promise<string> | undefined;

/**
 * Eight hexadecimal digits for the running system, alike in all of its containers and new after each start: a lock that
 * was taken in this system can be asked for here.
 */
export function systemName(): Promise<string> {
  named ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // only Linux has containers that share a system
    .catch(() => `${process.platform} ${hostname()}`)
    .then((id) => createHash('sha256').update(id.trim()).digest('hex').slice(0, 8));
  return named;
}
