/**
 * Runs that are killed and gone on with end with the same numbers, bit for bit. What a kill leaves depends only on which
 * change of the disk was the last one, so kills are aimed at those: at random ones of all that a run makes, some torn in
 * the middle, and every fourth at a random time. `npm run test:long` makes 50 of them, in every phase; EIGENSKETCH_KILLS=100 as many as it
 * says, on native kernels too: with one thread to the same bits, with several, which may add in another order the next time, to
 * rounding.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readRecordFile } from '../../src/hdf5/record-file.ts';
import { expect, test } from '../support/jest.ts';
import { large, largeTitle, long } from '../support/long.ts';
import { uniforms } from '../support/matrices.ts';
import { numbersOf, temporaryFolder } from './support.ts';
import { type Ended, runWatched, temporariesIn } from './watched.ts';

const { EIGENSKETCH_KILLS: wanted } = process.env;
const KILLS = wanted ? Number(wanted) : long ? 50 : large ? 14 : 2;
/** Kills of one directory before it is let alone. */
const CHAIN = 2;
const place = temporaryFolder();
const args = (out: string, operator = 'harmonic'): string[] => [
  'run',
  '--operator',
  `test/cli/fixtures/${operator}.mjs`,
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

const STAGES = ['sketch.h5', 'sketch', 'basis', 'product', 'result', 'tests', 'certificate.json'];

/** The first thing that is not complete. */
async function phase(out: string): Promise<string> {
  for (const name of STAGES) {
    if (!existsSync(join(out, name))) return name;
    if (name !== 'sketch' && name !== 'product') continue;
    if ((await readdir(join(out, name))).filter((file) => /^\d{6}\.h5$/.test(file)).length < 5) return name;
  }
  return 'nothing';
}

/** Eigenvalues, residual norms and the certificate's ends, and the largest of each kind. */
async function statementsOf(out: string): Promise<number[][]> {
  const { arrays } = await readRecordFile(join(out, 'result/stage.h5'), ['eigenvalues', 'residual_norms']);
  const { relativeError, errorFrob, operatorFrob } = JSON.parse(await readFile(join(out, 'certificate.json'), 'utf8'));
  const ends = [relativeError, errorFrob, operatorFrob].flatMap(({ lower, upper }) => [lower, upper]);
  return [[...arrays.eigenvalues!.data], [...arrays.residual_norms!.data], ends];
}

/** Rounding of sums in float64, in parts of the largest number: a thousand roundings. */
const ROUNDING = 1e-13;

interface Provider {
  title: string;
  env: Record<string, string>;
  /** Its file among the fixtures. */
  operator: string;
  /** Whether sums are added in one order. */
  isDeterministic: boolean;
}

const PROVIDERS: Provider[] = [
  { title: 'js', env: {}, operator: 'harmonic', isDeterministic: true },
  ...(wanted
    ? [
        {
          title: 'native with one thread',
          env: { EIGENSKETCH_KERNELS: 'native', OPENBLAS_NUM_THREADS: '1' },
          operator: 'harmonic',
          isDeterministic: true,
        },
        {
          title: 'native with two threads',
          env: { EIGENSKETCH_KERNELS: 'native', OPENBLAS_NUM_THREADS: '2' },
          operator: 'harmonic-tall',
          isDeterministic: false,
        },
      ]
    : []),
];

/** A whole run with the kernels js, whose operations are told in the file `log`. */
const log = 'trace.jsonl';
let told: Promise<Ended> | undefined;
const wholeRun = (): Promise<Ended> => {
  told ??= runWatched(args(place('js whole')), { WATCH_TRACE: place(log) });
  return told;
};

const few = `$title: ${KILLS} kills, each run gone on with to the same numbers`;
const title = large ? largeTitle(few) : few;
test.each(PROVIDERS)(
  title,
  async ({ title: provider, env, operator, isDeterministic }) => {
    const at = (name: string): string => place(`${provider} ${name}`);
    const run = (out: string, more: Record<string, string>, killAfter?: number): Promise<Ended> =>
      runWatched(args(out, operator), { ...env, ...more }, killAfter);
    const whole = provider === 'js' ? await wholeRun() : await run(at('whole'), {});
    expect([whole.code, whole.stderr]).toEqual([0, expect.stringContaining('operations')]);
    const expected = await numbersOf(at('whole'));
    const statements = await statementsOf(at('whole'));
    const size = statements[0]!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    let others = 0;
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
      const numbers = await numbersOf(out);
      if (isDeterministic) expect(numbers).toEqual(expected);
      else {
        expect(Object.keys(numbers)).toEqual(Object.keys(expected));
        others += Number(JSON.stringify(numbers) !== JSON.stringify(expected));
        const again = await statementsOf(out);
        const off = again.flat().map((value, i) => Math.abs(value - statements.flat()[i]!));
        expect(Math.max(...off)).toBeLessThanOrEqual(ROUNDING * size);
      }
      expect(await temporariesIn(out)).toEqual([]);
    }
    const killed = [...met.values()].reduce((sum, count) => sum + count, 0);
    const rest = isDeterministic ? 'all to the same bits' : `${others} jobs to other bits`;
    expect(killed).toBeGreaterThanOrEqual(Math.floor(0.8 * KILLS));
    if (!large && !wanted) return;
    console.log(`${provider}: ${killed} kills, ${rest}: ${JSON.stringify(Object.fromEntries(met))}`);
    expect([...met.keys()].filter((name) => STAGES.includes(name)).sort()).toEqual([...STAGES].sort());
  },
  3_600_000,
);

interface Operation {
  operation: string;
  path: string;
  to?: string;
}

test('nothing gets its name before it is on the disk, and the name is put on the disk after', async () => {
  expect((await wholeRun()).code).toBe(0);
  const trace = (await readFile(place(log), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Operation);
  const isNamed = ({ operation, to }: Operation): boolean => ['rename', 'link'].includes(operation) && to !== undefined;
  const named = trace.flatMap((each, index) => (isNamed(each) ? [{ ...each, index }] : []));
  // sketch.h5, the probe, four stages of five blocks, two stage.h5 and their folders, five of the test vectors, six test products,
  // the certificate
  expect(named).toHaveLength(38);
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
