/**
 * Searches of `eigsh` that are killed at changes of the disk, some torn in the middle, and gone on with: they end with the
 * same numbers, bit for bit, and repeat no product but the one under way. `npm run test:long` makes 48 of them, in
 * every phase.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BlockFile } from '../../src/hdf5/index.ts';
import { readRecordFile } from '../../src/hdf5/record-file.ts';
import { expect, test } from '../support/jest.ts';
import { large, largeTitle, long } from '../support/long.ts';
import { uniforms } from '../support/matrices.ts';
import { temporaryFolder } from './support.ts';
import { type Ended, runWatched, temporariesIn } from './watched.ts';

const KILLS = long ? 48 : large ? 9 : 2;
/** Kills of one directory before it is let alone. */
const CHAIN = 3;
const at = temporaryFolder();

/** A search that restarts, and in which the check finds the second copy of an eigenvalue. */
const run = (store: string, env: Record<string, string> = {}): Promise<Ended> => {
  const search = ['--operator', 'test/cli/fixtures/counted.mjs', '--k', '3', '--confidence', '0.9'];
  const small = ['--max-memory', String(40 * 60 * 8), '--store', store];
  return runWatched(['eigsh', ...search, ...small], { COUNTED: `${store}.products`, ...env });
};

/** What was multiplied, without the probes, whose columns are always the same. */
async function productsOf(store: string): Promise<string[]> {
  const [probe, ...lines] = (await readFile(`${store}.products`, 'utf8')).trim().split('\n');
  return lines.filter((line) => line !== probe);
}

async function numbersOf(store: string): Promise<unknown> {
  const { attributes, arrays } = await readRecordFile(join(store, 'result.h5'), ['eigenvalues', 'residual_norms']);
  const file = await BlockFile.open(join(store, 'eigenvectors.h5'));
  const { data } = await file.readRows(0, file.rows);
  await file.close();
  const { num_matvecs, restarts, stopped, completeness_upper, completeness_num_matvecs } = attributes;
  const values = [...arrays.eigenvalues!.data, ...arrays.residual_norms!.data];
  return { values, vectors: [...data], num_matvecs, restarts, stopped, completeness_upper, completeness_num_matvecs };
}

/** How far a killed search is. */
async function phase(store: string): Promise<string> {
  if (existsSync(join(store, 'result.h5'))) return 'ended';
  if (!existsSync(join(store, 'state.h5'))) return 'begun';
  const { attributes } = await readRecordFile(join(store, 'state.h5'));
  return attributes.phase === 'search' && Number(attributes.check_runs) > 0 ? 'search again' : String(attributes.phase);
}

/** A search that nobody kills, whose operations are told in the file `log`. */
const log = 'trace.jsonl';
let told: Promise<Ended> | undefined;
const wholeSearch = (): Promise<Ended> => {
  told ??= run(at('whole'), { WATCH_TRACE: at(log) });
  return told;
};

const title = `${KILLS} kills, each search gone on with to the same numbers`;
test(large ? largeTitle(title) : title, async () => {
  const whole = await wholeSearch();
  expect([whole.code, whole.stderr]).toEqual([0, expect.stringContaining('3 of 3 converged')]);
  const expected = await numbersOf(at('whole'));
  expect(expected).toMatchObject({ stopped: 'converged', restarts: expect.any(Number) });
  const products = await productsOf(at('whole'));
  expect(new Set(products).size).toBe(products.length);
  const next = uniforms(20261128);
  const uniform = (): number => (next() + 1) / 2;
  const met = new Map<string, number>();
  for (let job = 0; job * CHAIN < KILLS; job++) {
    const store = at(`job-${job}`);
    let kills = 0;
    for (; kills < CHAIN; kills++) {
      // first kills go through all operations of a search in turn, the very first is met before there is a record
      const last = kills === 0 ? ((job + uniform()) * CHAIN * whole.operations) / KILLS : whole.operations / 6;
      const aim = 1 + Math.floor(job + kills === 0 ? 30 * uniform() : kills === 0 ? last : last * uniform());
      const ended = await run(store, { WATCH_KILL: String(aim) });
      if (ended.code === 0) break;
      expect([ended.code, ended.stderr]).toEqual([null, '']);
      const where = await phase(store);
      met.set(where, (met.get(where) ?? 0) + 1);
    }
    expect((await run(store)).code).toBe(0);
    expect(await numbersOf(store)).toEqual(expected);
    expect(await temporariesIn(store)).toEqual([]);
    expect((await readdir(store)).sort()).toEqual(['blocks', 'eigenvectors.h5', 'eigsh.h5', 'probe.h5', 'result.h5']);
    // a kill can cost the product under way, and no other
    const made = await productsOf(store);
    expect(new Set(made)).toEqual(new Set(products));
    expect(made.length).toBeLessThanOrEqual(products.length + kills);
  }
  if (!large) return;
  console.log(`kills: ${JSON.stringify(Object.fromEntries(met))}`);
  expect([...met.keys()]).toEqual(expect.arrayContaining(['begun', 'search', 'check']));
}, 600_000);

interface Operation {
  operation: string;
  path: string;
  to?: string;
}

test('nothing gets its name before it is on the disk, and old files go after the record without them is there', async () => {
  const store = at('whole');
  expect((await wholeSearch()).code).toBe(0);
  const lines = (await readFile(at(log), 'utf8')).trim().split('\n');
  const trace = lines.map((line) => JSON.parse(line) as Operation);
  const renamed = trace.flatMap((each, index) => (each.operation === 'rename' ? [{ ...each, index }] : []));
  expect(renamed.length).toBeGreaterThan(100);
  for (const { path, to, index } of renamed) {
    const before = trace.slice(0, index).filter((each) => each.path === path);
    const lastWrite = before.findLastIndex(({ operation }) => operation === 'write');
    expect([to, before.findLastIndex(({ operation }) => operation === 'sync') > lastWrite]).toEqual([to, true]);
    const following = trace.slice(index + 1).find(({ operation }) => operation !== 'unlink');
    expect(following).toEqual({ operation: 'sync', path: resolve(dirname(to!)) });
  }
  // between the writing of a column block and the end of an older one lies a new record
  const events = trace.flatMap(({ operation, path, to }) => {
    if (operation === 'rename' && dirname(to!) === resolve(store, 'blocks')) return ['new'];
    if (operation === 'rename' && to === resolve(store, 'state.h5')) return ['record'];
    return operation === 'rm' && dirname(path) === resolve(store, 'blocks') ? ['old'] : [];
  });
  expect(events).toEqual(expect.arrayContaining(['new', 'record', 'old']));
  expect(events.join(' ')).not.toMatch(/new old/);
});
