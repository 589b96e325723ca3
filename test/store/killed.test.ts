/**
 * Runs that are killed and gone on with end with the same numbers, bit for bit. What a kill leaves depends only on which
 * change of the disk was the last one, so kills are aimed at those: at random ones of all that a run makes, some torn in
 * the middle, and every fourth at a random time. `npm run test:long` makes 50 of them.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { long } from '../support/long.ts';
import { uniforms } from '../support/matrices.ts';
import { numbersOf, temporaryFolder } from './support.ts';
import { type Ended, runWatched, temporariesIn } from './watched.ts';

const KILLS = long ? 50 : 12;
/** Kills of one directory before it is let alone. */
const CHAIN = 2;
const at = temporaryFolder();
const args = (out: string): string[] => [
  'run',
  '--operator',
  'test/cli/fixtures/harmonic.mjs',
  '--dims',
  '20',
  '--block-size',
  '4',
  '--tests',
  '6',
  '--lanczos-steps',
  '1',
  '--out',
  out,
];

/** Runs the job in a watched process; `killAfter` milliseconds it is killed from outside. */
const run = (out: string, env: Record<string, string>, killAfter?: number): Promise<Ended> =>
  runWatched(args(out), env, killAfter);

const STAGES = ['sketch.h5', 'sketch', 'basis', 'product', 'result', 'certificate.json'];

/** The first thing that is not complete. */
async function phase(out: string): Promise<string> {
  for (const name of STAGES) {
    if (!existsSync(join(out, name))) return name;
    if (name !== 'sketch' && name !== 'product') continue;
    if ((await readdir(join(out, name))).filter((file) => /^\d{6}\.h5$/.test(file)).length < 5) return name;
  }
  return 'nothing';
}

test(`${KILLS} kills, each run gone on with to the same numbers`, async () => {
  const whole = await run(at('whole'), {});
  expect([whole.code, whole.stderr]).toEqual([0, expect.stringContaining('operations')]);
  const expected = await numbersOf(at('whole'));
  const next = uniforms(20261121);
  const uniform = (): number => (next() + 1) / 2;
  const met = new Map<string, number>();
  let kills = 0;
  for (let job = 0; kills < KILLS; job++) {
    const out = at(`job-${job}`);
    // the first kill of each job goes through all operations in turn, so that every phase is met; the first phase is short
    const turn = Math.ceil((((kills / CHAIN + uniform()) * CHAIN) / KILLS) * whole.operations);
    let aim = job === 0 ? 1 + Math.floor(3 * uniform()) : turn;
    for (let kill = 0; kill < CHAIN && kills < KILLS; kill++, kills++) {
      const isTimed = kill > 0 && job % 2 === 1;
      const ended = isTimed
        ? await run(out, {}, uniform() * whole.milliseconds)
        : await run(out, { WATCH_KILL: String(aim) });
      // a timed kill may come too late, even between the closing line and the end of the process
      if (ended.code === 0 || (isTimed && /^operations \d+\n$/.test(ended.stderr))) break;
      expect([ended.code, ended.stderr]).toEqual([null, '']);
      const where = existsSync(out) ? await phase(out) : STAGES[0]!;
      met.set(where, (met.get(where) ?? 0) + 1);
      // soon after it goes on, so that a job is killed in one phase more than once
      aim = 1 + Math.floor((uniform() * whole.operations) / 6);
    }
    const last = await run(out, {});
    expect([job, last.code, last.stderr]).toEqual([job, 0, expect.stringMatching(/^operations \d+\n$/)]);
    expect(await numbersOf(out)).toEqual(expected);
    expect(await temporariesIn(out)).toEqual([]);
  }
  const killed = [...met.values()].reduce((sum, count) => sum + count, 0);
  if (long) console.log(`${killed} kills: ${JSON.stringify(Object.fromEntries(met))}`);
  expect(killed).toBeGreaterThanOrEqual(0.8 * KILLS);
  expect([...met.keys()].filter((name) => STAGES.includes(name)).sort()).toEqual([...STAGES].sort());
}, 600_000);

interface Operation {
  operation: string;
  path: string;
  to?: string;
}

test('nothing gets its name before it is on the disk, and the name is put on the disk after', async () => {
  const log = at('trace.jsonl');
  const out = at('traced');
  expect((await run(out, { WATCH_TRACE: log })).code).toBe(0);
  const trace = (await readFile(log, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Operation);
  const isNamed = ({ operation, to }: Operation): boolean => ['rename', 'link'].includes(operation) && to !== undefined;
  const named = trace.flatMap((each, index) => (isNamed(each) ? [{ ...each, index }] : []));
  // sketch.h5, the probe, four stages of five blocks, two stage.h5 and their folders, six test products, the certificate
  expect(named).toHaveLength(33);
  for (const { path, to, index } of named) {
    const before = trace.slice(0, index).filter((each) => each.path === path || dirname(each.path) === path);
    const lastWrite = before.findLastIndex(({ operation }) => operation === 'write');
    const lastSync = before.findLastIndex(({ operation }) => operation === 'sync');
    if (before.some(({ operation }) => operation === 'write')) expect([to, lastSync > lastWrite]).toEqual([to, true]);
    else expect([to, before.some(({ operation }) => operation === 'sync')]).toEqual([to, true]);
    const following = trace.slice(index + 1).find(({ operation }) => operation !== 'unlink');
    expect(following).toEqual({ operation: 'sync', path: resolve(dirname(to!)) });
  }
});
