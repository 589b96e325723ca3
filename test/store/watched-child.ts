/**
 * A command line in a process whose file operations are counted. WATCH_KILL=n: it kills itself at the n-th one that changes
 * the disk, half-way through when that is a write. WATCH_TRACE=FILE: every operation is told there, one JSON line each.
 */
import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const killAt = Number(process.env.WATCH_KILL ?? Number.POSITIVE_INFINITY);
const { WATCH_TRACE: trace } = process.env;
const { appendFileSync, writeSync } = fs;
let operations = 0;

/** Counts one operation; `tear` does a part of it before the end. */
function happens(operation: string, path: string, to: string | undefined, tear?: () => void): void {
  operations++;
  if (trace) appendFileSync(trace, `${JSON.stringify({ operation, path, to })}\n`);
  if (operations < killAt) return;
  tear?.();
  process.kill(process.pid, 'SIGKILL');
}

type Call = (...args: never[]) => unknown;

/** Replaces `owner[name]` by itself with a call of `before` first. */
function watch(owner: object, name: string, before: (args: unknown[], self: unknown) => void): void {
  const methods = owner as Record<string, Call>;
  const original = methods[name]!;
  methods[name] = function (this: unknown, ...args: never[]) {
    before(args, this);
    return original.apply(this, args);
  };
}

const paths = new Map<number, string>();
const isFile = (path: unknown): path is string => typeof path === 'string' && !path.startsWith('/dev/');

for (const name of ['rename', 'link', 'mkdir', 'unlink', 'rm', 'writeFile']) {
  watch(fsPromises, name, ([path, to]) => happens(name, String(path), typeof to === 'string' ? to : undefined));
}
const { open } = fsPromises;
const probe = await open(process.execPath, 'r');
const handles = Object.getPrototypeOf(probe) as object;
await probe.close();
const pathOf = (handle: unknown): string => paths.get((handle as FileHandle).fd) ?? '';
watch(handles, 'sync', (_, handle) => happens('sync', pathOf(handle), undefined));
watch(handles, 'truncate', (_, handle) => happens('truncate', pathOf(handle), undefined));
watch(handles, 'writeFile', (_, handle) => happens('write', pathOf(handle), undefined));
watch(handles, 'write', ([bytes, start, length, position], handle) =>
  happens('write', pathOf(handle), undefined, () =>
    writeSync(
      (handle as FileHandle).fd,
      bytes as Uint8Array,
      start as number,
      (length as number) >> 1,
      position as number,
    ),
  ),
);
(fsPromises as { open: unknown }).open = async (...args: Parameters<typeof open>) => {
  const [path, flags] = args;
  if (String(flags).startsWith('w')) happens('create', String(path), undefined);
  const handle = await open(...args);
  paths.set(handle.fd, String(path));
  return handle;
};
// HDF5's own writing is synchronous
watch(fs, 'writeSync', ([fd]) => {
  const path = paths.get(fd as number);
  if (path) happens('write', path, undefined);
});
const { openSync } = fs;
fs.openSync = (...args: Parameters<typeof openSync>) => {
  const fd = openSync(...args);
  if (isFile(args[0])) paths.set(fd, args[0]);
  return fd;
};
syncBuiltinESMExports();

// after the watching has begun, because imports bind what is there
const { main } = await import('../../src/cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
console.error(`operations ${operations}`);
