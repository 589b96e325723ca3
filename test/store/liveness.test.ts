/**
 * Whether another process lives is told by a lock that the system releases with its owner: in other namespaces, after
 * kill -9, and where process numbers repeat. Nothing that only reads a directory changes it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { createTemporary } from '../../src/hdf5/temporary.ts';
import { lockDirectory } from '../../src/store/lock.ts';
import { expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { skippedTitle } from '../support/skips.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();

/** Command lines whose process numbers begin at 1, and which see their own mounts. */
const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--mount'];

const isPermitted = ((): boolean => {
  try {
    execFileSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const inNamespaces = isPermitted ? test : test.skip;
const largeInNamespaces = isPermitted ? testLarge : test.skip;
const title = (name: string): string =>
  isPermitted ? name : skippedTitle(name, 'unshare is not permitted (it needs root and Linux)');

interface Started {
  child: ChildProcess;
  /** Resolves when stderr has a text. */
  said(text: string, times?: number): Promise<void>;
  ended: Promise<{ code: number | null; stderr: string; stdout: string }>;
}

/** A command line of the program in namespaces of its own, whose products stop to end after `held` blocks. */
function start(args: readonly string[], held?: number): Started {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const [program, ...first] = NAMESPACE as [string, ...string[]];
  const child = spawn(program, [...first, process.execPath, 'bin/eigensketch.js', ...args], {
    env: { ...own, EIGENSKETCH_KERNELS: 'js', ...(held === undefined ? {} : { HELD: String(held) }) },
  });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  return {
    child,
    async said(text, times = 1) {
      while (stderr.split(text).length <= times) {
        if (child.exitCode !== null) throw new Error(`ended without '${text}': ${stderr}`);
        await after(20);
      }
    },
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr, stdout }))),
  };
}

/** Kills the program itself, which is not the process that `unshare` leaves here. */
function killInside({ child }: Started): void {
  const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  process.kill(Number(inner), 'SIGKILL');
}

const search = (store: string): string[] => [
  ...['eigsh', '--operator', 'test/cli/fixtures/held.mjs', '--k', '4'],
  ...['--store', store, '--json'],
];

largeInNamespaces(
  title(
    'two searches in different namespaces: one is refused, status changes nothing, and after kill -9 the next goes on',
  ),
  async () => {
    const store = at('namespaces');
    const first = start(search(store), 6);
    await first.said('product\n', 6);
    const second = await start(search(store)).ended;
    expect([second.code, second.stderr]).toEqual([
      5,
      expect.stringMatching(/namespaces is in use by process \d+ on \S+; wait until that has ended/),
    ]);
    const status = await start(['status', store, '--json']).ended;
    expect([status.code, JSON.parse(status.stdout).progress.phase]).toEqual([0, 'search']);
    expect((await start(['verify', store]).ended).code).toBe(0);
    killInside(first);
    await first.ended;
    expect(await readdir(store)).toContain('.in-use.tmp');
    // node has the same number in each namespace: that says nothing
    const third = await start(search(store)).ended;
    expect(third.code).toBe(0);
    const { eigenvalues } = JSON.parse(third.stdout);
    for (const [i, value] of [1, -1 / 2, 1 / 3, -1 / 4].entries()) expect(eigenvalues[i]).toBeCloseTo(value, 12);
    expect((await readdir(store)).filter((name) => name.startsWith('.'))).toEqual([]);
  },
  120_000,
);

inNamespaces(
  title('a running sketch keeps its temporary files whoever opens the directory, and what a killed one leaves goes'),
  async () => {
    const out = at('sketch');
    const run = [
      ...['run', '--operator', 'test/cli/fixtures/held.mjs', '--dims', '24', '--block-size', '2', '--tests', '0'],
      ...['--out', out],
    ];
    const first = start(run, 4);
    await first.said('product\n', 4);
    const held = await createTemporary(join(out, 'sketch/000011.h5'));
    for (const command of ['status', 'verify']) expect((await start([command, out]).ended).code).toBe(0);
    expect(await readdir(join(out, 'sketch'))).toContain(held.path.split('/').at(-1));
    killInside(first);
    await first.ended;
    await held.handle.close();
    // reading leaves it there, going on takes it away
    await start(['status', out]).ended;
    expect(await readdir(join(out, 'sketch'))).toContain(held.path.split('/').at(-1));
    expect((await start(run).ended).code).toBe(0);
    const left = (await readdir(out, { recursive: true })).filter((name) => name.includes('.tmp'));
    expect(left).toEqual([]);
  },
  120_000,
);

/** A lease that a test can wait for. */
const LEASE = { beat: 20, lapse: 400 };

test('an owner whose lock cannot be asked for lives while its heart beats, and has ended when it stops', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'eigensketch-lease-'));
  try {
    const file = join(folder, '.in-use.tmp');
    // from another machine: no lock is seen from here
    await writeFile(file, JSON.stringify({ host: 'node17', pid: 2, system: 'another' }));
    const beating = setInterval(() => void utimes(file, new Date(), new Date()), 20);
    await expect(lockDirectory(folder, undefined, LEASE)).rejects.toThrow(
      `${folder} is in use by process 2 on node17; wait until that has ended`,
    );
    const stopped = new AbortController();
    clearInterval(beating);
    const waiting = lockDirectory(folder, stopped.signal, { beat: 20, lapse: 60_000 });
    setTimeout(() => stopped.abort(new Error('enough')), 50);
    await expect(waiting).rejects.toThrow('enough');
    // a job that was queued again on another node goes on
    const lock = await lockDirectory(folder, undefined, LEASE);
    await lock.check();
    const before = (await readFile(file, 'utf8')).length;
    expect(before).toBeGreaterThan(0);
    await expect(lockDirectory(folder, undefined, LEASE)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    // a torn or foreign file keeps nobody out for ever
    await writeFile(file, '{"host":');
    await (await lockDirectory(folder, undefined, LEASE)).release();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the heart beats while the process is busy, and an owner that was taken over notices', async () => {
  const folder = at('busy');
  await mkdir(folder);
  const lock = await lockDirectory(folder, undefined, LEASE);
  const file = join(folder, '.in-use.tmp');
  await after(300);
  const before = statSync(file).mtimeMs;
  const until = Date.now() + 300;
  while (Date.now() < until);
  expect(statSync(file).mtimeMs).toBeGreaterThan(before);
  rmSync(file);
  await writeFile(file, '{}');
  await expect(lock.check()).rejects.toThrow(/was taken over by another process/);
  await lock.release();
  // the other one's file stays
  expect(await readdir(folder)).toEqual(['.in-use.tmp']);
});
