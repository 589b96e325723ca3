/**
 * One process at a time works on a directory whose files replace each other. A file `.in-use.tmp` says so: its lock is
 * released by the system when its owner ends, and where locks do not reach (another machine on a file system without them,
 * no koffi) its time of change is the owner's heartbeat.
 */
import type { Stats } from 'node:fs';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { StoreError } from '../core/errors.ts';
import { askForLock, systemName } from '../hdf5/file-lock.ts';
import { READING, storeError } from '../hdf5/io.ts';
import { createTemporary, nameAside, type Temporary } from '../hdf5/temporary.ts';
import { startHeart } from './heart.ts';

const NAME = '.in-use.tmp';

/** A directory that this process alone works on. */
export interface DirectoryLock {
  /** @throws StoreError when another process has taken the directory over, as after a suspension. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** How an owner shows that it lives, where its lock cannot be asked for. */
export interface Lease {
  /** Milliseconds between heartbeats. */
  beat: number;
  /** Milliseconds without one, as seen by whoever waits, after which the owner has ended. */
  lapse: number;
}

const USUAL_LEASE: Lease = { beat: 5000, lapse: 30_000 };

/** The owner of a lock, as its file tells it. */
interface Owner {
  host?: string;
  pid?: number;
  /** The system in which the file is locked; absent where it is not. */
  system?: string;
}

/** What a look at a lock's file shows. */
interface Seen {
  state: 'alive' | 'ended' | 'unknown';
  file: Pick<Stats, 'ino' | 'mtimeMs'>;
  owner: Owner;
}

function ownerIn(text: string): Owner {
  try {
    const { host, pid, system } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof pid === 'number' ? { pid } : {}),
      ...(typeof system === 'string' ? { system } : {}),
    };
  } catch {
    return {};
  }
}

/** Looks at a lock's file; undefined where there is none. Opening it anew makes network file systems ask their server. */
async function look(path: string): Promise<Seen | undefined> {
  const handle = await open(path, READING).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (!handle) return undefined;
  try {
    const answer = await askForLock(handle);
    const owner = ownerIn(await handle.readFile('utf8'));
    const isHere = owner.system === (await systemName());
    const state = answer === 'busy' ? 'alive' : answer === 'taken' && isHere ? 'ended' : 'unknown';
    return { state, file: await handle.stat(), owner };
  } finally {
    await handle.close();
  }
}

/** Waits until a heartbeat comes, or none has come for the length of a lease. */
async function watch(path: string, seen: Seen, { beat, lapse }: Lease, signal?: AbortSignal): Promise<Seen['state']> {
  const until = performance.now() + lapse;
  while (performance.now() < until) {
    await after(beat / 5, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    const now = await look(path);
    if (now?.file.ino !== seen.file.ino) return 'unknown';
    if (now.state !== 'unknown' || now.file.mtimeMs !== seen.file.mtimeMs) return 'alive';
  }
  return 'ended';
}

/** Takes the file of an ended owner away, unless another process was quicker: then its file is put back. */
async function removeEnded(path: string, seen: Seen, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw cause;
  }
  if ((await stat(aside)).ino !== seen.file.ino) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

/** Gives the file its name, in the place of one whose owner has ended. @throws StoreError while the owner lives. */
async function claim(directory: string, path: string, own: Temporary, lease: Lease, signal?: AbortSignal) {
  for (;;) {
    try {
      await link(own.path, path);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    }
    const seen = await look(path);
    if (!seen) continue;
    const state = seen.state === 'unknown' ? await watch(path, seen, lease, signal) : seen.state;
    if (state === 'ended') await removeEnded(path, seen, nameAside(path));
    if (state !== 'alive') continue;
    const { host = 'unknown host', pid = '?' } = seen.owner;
    throw new StoreError(`${directory} is in use by process ${pid} on ${host}; wait until that has ended`, {
      path: directory,
      host,
      pid,
    });
  }
}

/**
 * Locks a directory for this process.
 * @throws StoreError while another process works on it, or where nothing can be written; the signal's reason when aborted.
 */
export async function lockDirectory(
  directory: string,
  signal?: AbortSignal,
  lease: Lease = USUAL_LEASE,
): Promise<DirectoryLock> {
  const path = join(directory, NAME);
  let own: Temporary | undefined;
  try {
    own = await createTemporary(path);
    const system = own.isLocked ? { system: await systemName() } : {};
    await own.handle.writeFile(JSON.stringify({ host: hostname(), pid: process.pid, ...system }));
    await claim(directory, path, own, lease, signal);
  } catch (cause) {
    await own?.handle.close();
    signal?.throwIfAborted();
    throw storeError(directory, 'write', cause);
  } finally {
    if (own) await unlink(own.path).catch(() => undefined);
  }
  const { handle } = own;
  const { ino } = await handle.stat();
  const stopHeart = startHeart(handle, lease.beat);
  const isOurs = (): Promise<boolean> =>
    stat(path).then(
      (found) => found.ino === ino,
      () => false,
    );
  return {
    async check() {
      if (await isOurs()) return;
      throw new StoreError(`${directory} was taken over by another process while this one showed no sign of life`, {
        path: directory,
      });
    },
    async release() {
      await stopHeart();
      if (await isOurs()) await unlink(path).catch(() => undefined);
      await handle.close();
    },
  };
}
