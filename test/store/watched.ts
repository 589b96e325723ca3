/** Command lines in watched processes, which count what they do to the disk and can be killed at any of it. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isTemporary } from '../../src/hdf5/index.ts';

const CHILD = fileURLToPath(new URL('watched-child.js', import.meta.url));

export interface Ended {
  code: number | null;
  operations: number;
  milliseconds: number;
  stderr: string;
}

/** Runs a command of the CLI; `killAfter` milliseconds it is killed from outside. */
export async function runWatched(
  args: readonly string[],
  env: Record<string, string>,
  killAfter?: number,
): Promise<Ended> {
  const { NODE_OPTIONS: _, ...own } = process.env;
  // one provider with one thread: a threaded BLAS may add in another order the next time
  const child = spawn(process.execPath, [CHILD, ...args], {
    env: { ...own, EIGENSKETCH_KERNELS: 'js', ...env },
  });
  const startedAt = performance.now();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.resume();
  const ended = new Promise<number | null>((done) => child.on('close', done));
  if (killAfter !== undefined) {
    await Promise.race([after(killAfter), ended]);
    child.kill('SIGKILL');
  }
  const code = await ended;
  const operations = Number(/operations (\d+)/.exec(stderr)?.[1] ?? 0);
  return { code, operations, milliseconds: performance.now() - startedAt, stderr };
}

/** Temporary files that are left in a directory. */
export async function temporariesIn(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).filter((path) => isTemporary(path.split('/').at(-1)!));
}
