/** Signals: what is said at once, what a command ends with, and that one is heard while the program is still being loaded. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { runHere } from '../support/cli.ts';
import { afterAll, expect, test } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

const folder = mkdtempSync(join(QUICK_DISK, 'eigensketch-signals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KERNELS = { EIGENSKETCH_KERNELS: 'js' };
const search = ['eigsh', '--operator', 'test/cli/fixtures/slow-harmonic.mjs', '--k', '4', '--json', '--store'];

/** Runs the program; `onStderr` is told of all that was said and may send a signal. */
function run(
  args: readonly string[],
  onStderr: (stderr: string, send: (signal: NodeJS.Signals) => void) => void,
): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, args as string[], { env: { ...env, ...KERNELS } });
  let stderr = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    onStderr(stderr, (signal) => void child.kill(signal));
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stderr })));
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s: the product under way is finished, exit code %d, and the same command goes on',
  async (name, code) => {
    const store = join(folder, name);
    let isSent = false;
    const stopped = await run(['bin/eigensketch.js', ...search, store], (stderr, send) => {
      if (isSent || stderr.split('product\n').length < 4) return;
      isSent = true;
      send(name);
    });
    expect([stopped.code, stopped.signal]).toEqual([code, null]);
    // said before the product that it waits for has ended
    expect(stopped.stderr).toMatch(
      new RegExp(`interrupted by ${name}: waiting for the products under way; a second signal stops at once\n`),
    );
    expect(stopped.stderr).toContain('Continue with: the same command');
    expect((await runHere([...search, store], { ...KERNELS, PAUSE: '0' })).code).toBe(0);
  },
  60_000,
);

test('a signal while the program is being loaded is heard', async () => {
  // says so when the first of its files has listened, before all others are loaded
  const early = `
    const { on } = process;
    process.on = function (name, ...rest) {
      const answer = on.call(this, name, ...rest);
      if (name === 'SIGTERM') process.kill(process.pid, 'SIGTERM');
      return answer;
    };`;
  const preload = `data:text/javascript,${encodeURIComponent(early)}`;
  const { code, signal, stderr } = await run(
    ['--import', preload, 'bin/eigensketch.js', ...search, join(folder, 'early')],
    () => {},
  );
  expect([code, signal]).toEqual([143, null]);
  expect(stderr).toContain('interrupted by SIGTERM');
  expect(stderr).not.toContain('product\n');
}, 60_000);
