/**
 * Checks published models: `npm run test:models`, or `npm run test:models -- emotion age` for some. Installs the packages that
 * ship them in a temporary folder, or in `--at FOLDER`, which stays, and where findings of an earlier run are taken as they are.
 * A run of all writes docs/models.md; with `--table` it is written from the findings that are there, and says which models have
 * none. Ends with 1 if a model is neither right nor refused by name.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/support/machine.ts';
import { catalogue, type ModelCase } from './models/catalogue.ts';
import type { Finding } from './models/check.ts';
import { judge, page } from './models/table.ts';

/** No model takes longer, even beside other work. */
const LIMIT_MS = 3_600_000;

/** Models at a time: the reference, which takes longest, runs on one thread, and of the largest takes more than 10 GB. */
const LANES = totalmem() > 32e9 ? 2 : 1;

/** What a process found: JSON has no NaN, and null would count as 0. */
const findingOf = (text: string): Finding =>
  JSON.parse(text, (_, value: unknown) => (value === null ? Number.NaN : value)) as Finding;

/** What an earlier run found. */
function earlier(directory: string): Finding | undefined {
  const file = join(directory, 'finding.json');
  return existsSync(file) ? findingOf(readFileSync(file, 'utf8')) : undefined;
}

/** What a process prints, and the signal that ended it. */
function run(
  script: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject).on('close', (_, signal) => resolve({ stdout, stderr, signal }));
  });
}

/** One model in a process of its own, whose memory and failures are its own. */
async function check(each: ModelCase, directory: string): Promise<Finding> {
  mkdirSync(directory, { recursive: true });
  const { stdout, stderr, signal } = await run('dist/test/models/check.js', [JSON.stringify(each), directory]);
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (line.startsWith('{')) {
    const finding = { ...findingOf(line), commit: describeMachine().commit };
    writeFileSync(join(directory, 'finding.json'), JSON.stringify(finding));
    return finding;
  }
  const message = signal ? `ended by ${signal}` : (/^.*Error.*$/m.exec(stderr)?.[0] ?? stderr);
  return { kind: 'graph', inputs: {}, error: { name: 'Error', message } };
}

const { values: flags, positionals: names } = parseArgs({
  options: { at: { type: 'string' }, table: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const directory = flags.at === undefined ? mkdtempSync(join(tmpdir(), 'eigensketch-models-')) : resolve(flags.at);
mkdirSync(directory, { recursive: true });
try {
  const cases = catalogue(directory).filter(({ name }) => names.length === 0 || names.includes(name));
  const found: [ModelCase, Finding | undefined][] = cases.map((each) => [each, undefined]);
  const examine = async (at: number): Promise<void> => {
    const [each] = found[at]!;
    const own = each.output ? `${each.name}-to-${each.output.join('-').replaceAll(/\W/g, '_')}` : each.name;
    const place = join(directory, 'findings', own);
    const finding = earlier(place) ?? (flags.table ? undefined : await check(each, place));
    found[at] = [each, finding];
    if (!finding) return;
    const { passed, outcome } = judge(finding);
    if (!passed) process.exitCode = 1;
    console.log(
      `${passed ? 'ok  ' : 'FAIL'} ${own}: ${outcome} ${(finding.errors ?? []).map((error) => error.toExponential(1))}`,
    );
  };
  const queue = found.keys();
  const lane = async (): Promise<void> => {
    for (const at of queue) await examine(at);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (names.length === 0) {
    const { date, cpu, threads, node, tfjs } = describeMachine();
    const machine = `${date}, ${cpu}, ${threads} threads, Node ${node}, TensorFlow.js ${tfjs}.`;
    writeFileSync('docs/models.md', page(found, machine));
  }
} finally {
  if (flags.at === undefined) rmSync(directory, { recursive: true });
}
