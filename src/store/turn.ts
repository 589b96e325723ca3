/** Calls of one process on one directory take turns: the later ones find done what the first has done. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../core/errors.ts';

const last = new Map<string, Promise<void>>();
const inside = new AsyncLocalStorage<readonly string[]>();

/** One name for a directory, also before it is there. */
const nameOf = (path: string): Promise<string> =>
  realpath(path).catch(() =>
    realpath(dirname(path)).then(
      (parent) => join(parent, basename(path)),
      () => path,
    ),
  );

function waitFor(before: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    void before.then(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
  });
}

/**
 * Runs `work` when the calls before it on the same directory have ended.
 * @throws StoreError for a call out of a product of an earlier one, which would wait for itself; the signal's reason when
 * aborted while it waits.
 */
export async function inTurn<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const name = await nameOf(path);
  const outer = inside.getStore() ?? [];
  if (outer.includes(name)) {
    throw new StoreError(`${path} is in use by the call whose operator makes this one`, { path });
  }
  signal?.throwIfAborted();
  let leave = (): void => {};
  const before = last.get(name) ?? Promise.resolve();
  const own = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const all = before.then(() => own);
  last.set(name, all);
  try {
    await waitFor(before, signal);
    return await inside.run([...outer, name], work);
  } finally {
    leave();
    void all.then(() => {
      if (last.get(name) === all) last.delete(name);
    });
  }
}
