/** What fails a run, and what files of one process have of each other: Jest in a process of its own, on files for that. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { extract, parse } from 'jest-docblock';
import { afterAll, expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'eigensketch-runner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = `import { expect, jest, test } from '${pathToFileURL(resolve('dist/test/support/jest.js')).href}';`;
const TENSORFLOW = ['core', 'backend-cpu'].map((name) => import.meta.resolve(`@tensorflow/tfjs-${name}`));
const VARIABLE = `import * as tf from '${TENSORFLOW[0]}'; import '${TENSORFLOW[1]}';
  test('a', async () => {
    await tf.setBackend('cpu');
    expect(tf.memory().numTensors).toBe(0);
    tf.variable(tf.ones([2]), true, 'W');
  });`;
/** In the order in which they run. All but the first run in one process, and in a new one after each that ends it. */
const FILES: Record<string, string> = {
  passes: `Object.assign(globalThis, { left: true, pid: process.pid });
    jest.spyOn(Math, 'hypot').mockReturnValue(0);
    test('a', () => expect(Math.hypot(3, 4)).toBe(0));
    test('b', () => new Promise((end) => setTimeout(end, 100)));`,
  missing: "import './not-there.mjs'; test('a', () => {});",
  rejects: "test('a', () => void Promise.reject(new Error('nobody awaits'))); test('b', () => {});",
  fails: "test('a', () => { throw new Error('a wrong result'); });",
  shares:
    "test('a', () => expect([Math.hypot(3, 4), globalThis.left, process.pid]).toEqual([5, true, globalThis.pid]));",
  variable: VARIABLE,
  again: VARIABLE,
  slow: "test('a', () => new Promise((end) => setTimeout(end, 10_000)), 50);",
  environment: "process.env.LEFT = 'here'; process.on('SIGUSR2', () => {}); test('a', () => {});",
  leaves: "test('a', () => process.exit(0));",
  breaks: "test('a', () => process.exit(1));",
  dies: "test('a', () => void process.kill(process.pid, 'SIGKILL'));",
  last: "test('a', () => expect(globalThis.left).toBeUndefined());",
};
/** A process of its own knows nothing of what other files left, and may leave what it likes. */
const ALONE = "test('a', () => { process.env.LEFT = 'here'; expect(globalThis.left).toBeUndefined(); });";

interface Run {
  numPassedTests: number;
  testResults: { name: string; status: string; message: string }[];
}

testLarge(
  'a failure, a file that does not load, a stray rejection, a timeout and a process that ends fail their file and the run',
  async () => {
    const write = (name: string, text: string): void => writeFileSync(join(folder, `${name}.mjs`), text);
    write('alone', `/**\n * Sets a variable.\n *\n * @own-process it stays\n */\n${HEADER}\n${ALONE}\n`);
    // without times of an earlier run, Jest begins with the largest file
    for (const [at, [name, code]] of Object.entries(FILES).entries()) {
      write(name, `${HEADER}\n${code}\n`.padEnd(4000 - 100 * at));
    }
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
      [
        'node_modules/jest/bin/jest.js',
        '--config',
        JSON.stringify(config),
        '--maxWorkers',
        '1',
        '--json',
        '--outputFile',
        output,
      ],
      { encoding: 'utf8', timeout: 50_000 },
    );
    expect(status).toBe(1);
    const run = JSON.parse(readFileSync(output, 'utf8')) as Run;
    const messages = Object.fromEntries(
      run.testResults.map(({ name, status, message }) => [name.slice(folder.length + 1, -4), [status, message]]),
    );
    expect(messages).toEqual({
      alone: ['passed', ''],
      passes: ['passed', ''],
      missing: ['failed', expect.stringContaining('not-there.mjs')],
      rejects: ['failed', expect.stringContaining('nobody awaits')],
      fails: ['failed', expect.stringContaining('a wrong result')],
      shares: ['passed', ''],
      variable: ['passed', ''],
      again: ['passed', ''],
      slow: ['failed', expect.stringContaining('Exceeded timeout of 50 ms')],
      environment: [
        'failed',
        expect.stringContaining(
          "process.env.LEFT: undefined before, here now; listeners for 'SIGUSR2': undefined before, 1 now",
        ),
      ],
      leaves: ['failed', expect.stringContaining('exitCode=0')],
      breaks: ['failed', expect.stringContaining('exceeding retry limit')],
      dies: ['failed', expect.stringContaining('SIGKILL')],
      last: ['passed', ''],
    });
    expect(run.numPassedTests).toBe(8);
  },
);

test('a file that asks for a process of its own still does when it is compiled', () => {
  const asks = (path: string): boolean => 'own-process' in parse(extract(readFileSync(path, 'utf8')));
  const sources = readdirSync('test', { encoding: 'utf8', recursive: true }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const asking = sources.filter((name) => asks(join('test', name)));
  expect(asking.length).toBeGreaterThanOrEqual(3);
  // TypeScript leaves out the comment before an import of types
  expect(asking.filter((name) => !asks(join('dist/test', name.replace(/\.ts$/, '.js'))))).toEqual([]);
});
