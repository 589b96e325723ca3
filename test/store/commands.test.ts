/** The commands on sketch directories: shards, stages, status, certificate, damage, interruption. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, runCli, runHere } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { hasModule, needing, PYTHON } from '../support/programs.ts';
import { testOnSmallDisk } from '../support/small-disk.ts';
import { numbersOf, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const KERNELS = { EIGENSKETCH_KERNELS: 'js' };
const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  runHere(args, { ...KERNELS, ...env });
const fixture = (name: string): string => `test/cli/fixtures/${name}.mjs`;
const sketch = ['--operator', fixture('harmonic'), '--dims', '20', '--block-size', '4', '--seed', '5'];
let whole: Record<string, string>;

beforeAll(async () => {
  expect((await run(['run', ...sketch, '--tests', '8', '--out', at('whole')])).code).toBe(0);
  whole = await numbersOf(at('whole'));
}, 60_000);

test('by hand, pass by pass and shard by shard: every number of run', async () => {
  const directory = at('by-hand');
  const step = async (...args: string[]) => {
    const ended = await run(args, { TASK: '2' });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    return ended.stdout;
  };
  expect(await step('measure', ...sketch, '--out', directory, '--shard', '1/3')).toBe(
    'stage sketch: shard 1/3 is measured, 3 blocks of all shards are missing\n',
  );
  const early = await run(['recover', directory]);
  expect([early.code, early.stdout]).toEqual([5, '']);
  expect(early.stderr).toMatch(
    /3 of 5 blocks of stage 'sketch' are missing: \S*sketch\/000001.h5, \S*000002.h5, \S*000004.h5\n/,
  );
  await step('measure', directory, '--trust', '--shard', 'TASK/3');
  await step('measure', directory, '--operator', fixture('harmonic'), '--shard', '3/3');
  const tooEarly = await run(['measure', directory, '--trust', '--stage', 'product']);
  expect([tooEarly.code, tooEarly.stderr]).toEqual([5, expect.stringContaining("has no stage 'basis' yet")]);
  expect(await step('recover', directory, '--stage', 'basis')).toBe('stage basis is there\n');
  await step('measure', directory, '--trust', '--stage', 'product', '--shard', '2/2');
  const status = JSON.parse(await step('status', directory, '--json'));
  expect(status.stages[2]).toMatchObject({ stage: 'product', blocks: 5, missing: [0, 2, 4], productsLeft: 12 });
  expect(status.stages[0].done.map(({ shard }: { shard: string }) => shard)).toEqual([
    '1/3',
    '2/3',
    '3/3',
    '1/3',
    '2/3',
  ]);
  expect(await step('status', directory)).toMatch(
    /product +2 of 5 blocks, 3 missing, 0 failed, \S+ s a product, \S+ s of/,
  );
  await step('measure', directory, '--trust');
  await step('recover', directory);
  const tooEarlyToo = await run(['measure', directory, '--trust', '--stage', 'certificate']);
  expect([tooEarlyToo.code, tooEarlyToo.stderr]).toEqual([
    5,
    expect.stringContaining("has no stage 'tests' yet, which"),
  ]);
  expect(await step('recover', directory, '--stage', 'tests', '--tests', '8', '--shards', '2')).toBe(
    'stage tests is there\n',
  );
  expect(await step('measure', directory, '--trust', '--stage', 'certificate', '--shard', '2/2')).toBe(
    'stage certificate: shard 2/2 is measured, 1 blocks of all shards are missing\n',
  );
  expect(await step('status', directory)).toMatch(/tests +done on .*\ncertificate +1 of 2 blocks, 1 missing, 0 failed/);
  await step('measure', directory, '--trust', '--shard', '1/2');
  expect(await step('measure', directory, '--trust')).toBe('every block is measured\n');
  const { stages } = JSON.parse(await step('status', directory, '--json'));
  expect(stages.at(-1).done.map(({ shard }: { shard: string }) => shard)).toEqual(['1/2', '2/2']);
  await step('certify', directory, '--trust', '--tests', '8');
  expect(await numbersOf(directory)).toEqual(whole);
  // sketch.h5, the probe, four stages of five blocks, two stage.h5, four files of test vectors, thirteen blocks of products
  // with them, the certificate
  expect(await step('verify', directory)).toBe('42 files, all as they were written, bases are orthonormal\n');
  expect(await step('verify', directory, '--operator', fixture('harmonic'))).toContain(
    "the products are the operator's",
  );
  expect(await step('report', directory)).toMatch(/^# Spectrum of harmonic/);
}, 180_000);

testLarge(
  'launch --engine local: the same by two processes, nothing twice; a killed shard is named and started again',
  async () => {
    const out = at('local');
    const dies = ['launch', '--engine', 'local', '-j', '2', '--operator', fixture('dies-once'), ...sketch.slice(2)];
    const args = [...dies, '--tests', '8', '--out', out];
    const env = { ...KERNELS, DIES_AT: at('died') };
    const said = (stderr: string) => stderr.match(/(?<=eigensketch launch: )\w+$/gm);
    // in a process, whose environment its two processes have
    const first = await runCli(args, undefined, env);
    expect([first.code, await readFile(at('died'), 'utf8')]).toEqual([0, 'certificate 2/2']);
    expect(said(first.stderr)).toEqual(['sketch', 'basis', 'product', 'result', 'tests', 'certificate', 'certify']);
    expect(first.stderr).toContain('eigensketch launch: certificate, shard 2/2 was killed, and is started again\n');
    expect(await numbersOf(out)).toEqual(whole);
    expect((await run(args, env)).stderr).toBe('');
    // a relaunch does only what is missing
    const done = async () => JSON.parse((await run(['status', out, '--json'])).stdout).stages.at(-1).done;
    const [kept] = await done();
    await rm(join(out, 'certificate.json'));
    await rm(join(out, 'certificate/000001.h5'));
    expect(said((await runCli(args, undefined, env)).stderr)).toEqual(['certificate', 'certify']);
    expect(await numbersOf(out)).toEqual(whole);
    expect((await done())[0]).toEqual(kept);
  },
  180_000,
);

test('another confidence is another certificate, from the test products that are there', async () => {
  const args = ['run', ...sketch, '--tests', '8', '--out', at('confident')];
  expect((await run(args)).code).toBe(0);
  const before = await numbersOf(at('confident'));
  const { stdout } = await run([...args, '--confidence', '0.9', '--json']);
  expect(JSON.parse(stdout).certificate).toMatchObject({ confidence: 0.9, tests: 8 });
  const after = await numbersOf(at('confident'));
  expect({ ...after, 'certificate.json': '' }).toEqual({ ...before, 'certificate.json': '' });
}, 60_000);

test('Ctrl-C stops after the block, says how to go on, and that goes on', async () => {
  const directory = at('interrupted');
  const slow = ['--operator', fixture('slow'), '--dims', '24', '--block-size', '2'];
  let isStopped = false;
  const { code, stderr } = await runCli(
    ['run', ...slow, '--out', directory, '--tests', '0'],
    (text, interrupt) => {
      if (!isStopped && (text.match(/product/g)?.length ?? 0) > 3) {
        isStopped = true;
        interrupt();
      }
    },
    KERNELS,
  );
  expect(code).toBe(130);
  expect(stderr).toContain(
    `stopped; what is measured is kept. Continue with: eigensketch run --out ${directory} --operator ${fixture('slow')}\n`,
  );
  const { stages } = JSON.parse((await run(['status', directory, '--json'])).stdout);
  expect(stages[0].done.length).toBeGreaterThanOrEqual(2);
  expect(stages[0].missing.length).toBeGreaterThan(0);
  expect((await run(['run', '--out', directory, '--trust', '--tests', '0'], { PAUSE: '0' })).code).toBe(0);
}, 60_000);

describe('what goes wrong', () => {
  test.each<[string, (whole: string) => string[], number, RegExp]>([
    ['a shard out of range', (path) => ['measure', path, '--shard', '9/8'], 2, /shard i\/m needs i in 1..m, got 9\/8/],
    ['no directory', () => ['status'], 2, /one directory is needed, got 0/],
    [
      'a directory that is none',
      () => ['status', 'src'],
      5,
      /src is not a sketch of seigh: there is no \S*src\/sketch.h5/,
    ],
    [
      'certify with another operator',
      (path) => ['certify', path, '--operator', fixture('zero')],
      5,
      /another operator/,
    ],
    [
      'run in a directory of another seed',
      (path) => ['run', ...sketch, '--seed', '6', '--out', path],
      5,
      /with seed 5 \(asked for 6\)/,
    ],
    [
      'no such stage',
      (path) => ['recover', path, '--stage', 'sketch'],
      2,
      /the derived stages of this run are basis, result/,
    ],
    [
      'an operator that only the directory names',
      (path) => ['run', '--out', path],
      2,
      /says that its operator is made by \S*harmonic.mjs, which would be run: give --operator FILE, or --trust/,
    ],
    ['no engine', (path) => ['launch', '--out', path], 2, /engine must be one of 'slurm', 'local'/],
    ['memory', () => ['run', ...sketch, '--memory', '1KB', '--out', 'nowhere'], 2, /at least .* is needed/],
  ])('%s', async (_, args, code, message) => {
    const ended = await run(args(at('whole')));
    expect(ended.stderr).toMatch(message);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
  });

  test('verify names what is damaged', async () => {
    const directory = at('damaged');
    await run(['run', ...sketch, '--tests', '0', '--out', directory]);
    const file = join(directory, 'product/000003.h5');
    const bytes = await readFile(file);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(file, bytes);
    await rm(join(directory, 'basis/000002.h5'));
    const { code, stderr, stdout } = await run(['verify', directory]);
    expect([code, stdout]).toEqual([5, '24 files, 2 damaged\n']);
    expect(stderr).toMatch(/basis\/000002.h5: .*no such file[\s\S]*product\/000003.h5: damaged/);
  });

  test('a plan that the disk cannot hold is refused, unless it is forced', async () => {
    const args = ['--operator', fixture('enormous'), '--dims', '100000', '--memory', '10TB', '--out', at('enormous')];
    for (const name of ['plan', 'run']) {
      const { code, stderr } = await run([name, ...args]);
      expect([code, stderr]).toEqual([5, expect.stringMatching(/will need up to \S+ TB, the disk has .* free/)]);
    }
    const forced = await run(['plan', ...args, '--force', '--json']);
    expect([forced.code, JSON.parse(forced.stdout).cost.numMatvecs]).toEqual([0, 200_002]);
  });
});

testOnSmallDisk(
  'a full disk loses nothing: with more room the run goes on to the same numbers',
  '120k',
  async (disk) => {
    const directory = join(disk.path, 'sketch');
    const args = ['run', ...sketch, '--tests', '8', '--out', directory];
    const early = await run(args);
    expect([early.code, early.stderr]).toEqual([
      5,
      expect.stringMatching(/will need up to .*--force starts all the same/),
    ]);
    // in processes, which hold no file open when the disk is taken away
    const full = await runCli([...args, '--force'], undefined, KERNELS);
    expect([full.code, full.stderr]).toEqual([5, expect.stringContaining('no space is left on the disk')]);
    expect(full.stderr).toContain(
      `Make room, then continue with: eigensketch run --out ${directory} --operator ${fixture('harmonic')}`,
    );
    disk.resize('8m');
    expect((await runCli(['run', '--trust', '--tests', '8', '--out', directory], undefined, KERNELS)).code).toBe(0);
    expect(await numbersOf(directory)).toEqual(whole);
  },
);

needing(hasModule('h5py'), 'python3-h5py')('h5py reads everything through sketch.h5', async () => {
  const script = `
import h5py, json, sys
import numpy as np
with h5py.File(sys.argv[1]) as f:
    def columns(group): return np.hstack([group[name][:] for name in sorted(group)])
    V, Q = columns(f['result/columns']), columns(f['basis/columns'])
    Y, Z = columns(f['sketch']), columns(f['product'])
    A = np.diag([(-1) ** i / (i + 1) for i in range(80)])
    print(json.dumps(dict(
        attributes={k: v if isinstance(v, str) else v.item() for k, v in f.attrs.items()},
        orthonormal=float(np.abs(Q.T @ Q - np.eye(Q.shape[1])).max()),
        product=float(np.abs(A @ Q - Z).max()),
        spans=float(np.abs(Y - Q @ (Q.T @ Y)).max()),
        pairs=float(np.abs(np.diag(f['result/eigenvalues'][:]) - V.T @ A @ V).max()),
        probe=list(f['probe'].shape),
        host=bytes(f['sketch/000001'].attrs['host']).decode(),
    )))
`;
  const { stdout } = await command(PYTHON, ['-c', script, join(at('whole'), 'sketch.h5')]);
  const seen = JSON.parse(stdout);
  expect(seen.attributes).toMatchObject({
    format: 'eigensketch sketch',
    format_version: 1,
    n: 80,
    dims: 20,
    seed: 5,
    block_size: 4,
  });
  expect(seen.attributes).toMatchObject({
    dtype: 'float64',
    test_matrix: 'gaussian',
    method: 'hmt',
    purpose: 'sketch',
  });
  for (const name of ['orthonormal', 'product', 'spans', 'pairs']) expect(seen[name]).toBeLessThan(1e-13);
  expect(seen.probe).toEqual([80, 2]);
  expect(seen.host).not.toBe('');
});
