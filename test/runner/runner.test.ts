/** What fails a run: Jest in a process of its own, on files that fail each in their own way. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'eigensketch-runner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = `import { test } from '${pathToFileURL(resolve('dist/test/support/jest.js')).href}';`;
const FILES: Record<string, string> = {
  passes: "globalThis.left = true; test('a', () => {}); test('b', () => new Promise((end) => setTimeout(end, 100)));",
  // a process of its own knows nothing of what another file left
  fresh: "test('a', () => { if (globalThis.left) throw new Error('not fresh'); });",
  fails: "test('a', () => { throw new Error('a wrong result'); });",
  missing: "import './not-there.mjs'; test('a', () => {});",
  rejects: "test('a', () => void Promise.reject(new Error('nobody awaits'))); test('b', () => {});",
  slow: "test('a', () => new Promise((end) => setTimeout(end, 10_000)), 50);",
  leaves: "test('a', () => process.exit(0));",
  dies: "test('a', () => void process.kill(process.pid, 'SIGKILL'));",
};

interface Run {
  numPassedTests: number;
  testResults: { name: string; status: string; message: string }[];
}

testLarge(
  'a failure, a file that does not load, a stray rejection, a timeout and a process that ends fail their file and the run',
  async () => {
    for (const [name, code] of Object.entries(FILES))
      writeFileSync(join(folder, `${name}.mjs`), `${HEADER}\n${code}\n`);
    const { default: ours } = (await import(pathToFileURL(resolve('jest.config.js')).href)) as { default: object };
    const config = {
      ...JSON.parse(JSON.stringify(ours).replaceAll('<rootDir>', process.cwd())),
      rootDir: folder,
      testMatch: ['**/*.mjs'],
      moduleFileExtensions: ['mjs', 'js'],
      reporters: [],
    };
    const output = join(folder, 'run.json');
    const { status } = spawnSync(
      process.execPath,
      ['node_modules/jest/bin/jest.js', '--config', JSON.stringify(config), '--json', '--outputFile', output],
      { encoding: 'utf8', timeout: 50_000 },
    );
    expect(status).toBe(1);
    const run = JSON.parse(readFileSync(output, 'utf8')) as Run;
    const messages = Object.fromEntries(
      run.testResults.map(({ name, status, message }) => [name.slice(folder.length + 1, -4), [status, message]]),
    );
    expect(messages).toEqual({
      passes: ['passed', ''],
      fresh: ['passed', ''],
      fails: ['failed', expect.stringContaining('a wrong result')],
      missing: ['failed', expect.stringContaining('not-there.mjs')],
      rejects: ['failed', expect.stringContaining('nobody awaits')],
      slow: ['failed', expect.stringContaining('Exceeded timeout of 50 ms')],
      leaves: ['failed', expect.stringContaining('exitCode=0')],
      dies: ['failed', expect.stringContaining('SIGKILL')],
    });
    expect(run.numPassedTests).toBe(4);
  },
);
