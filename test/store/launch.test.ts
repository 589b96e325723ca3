/** What a launch would do, without a cluster: steps that are left, what sbatch is told, and what the script does. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { batchOptions, batchScript, queued, submit } from '../../src/store/cluster/slurm.ts';
import { type LaunchStep, launchSteps } from '../../src/store/cluster/steps.ts';
import type { StageProgress } from '../../src/store/sketch/progress.ts';
import { runCli, runHere } from '../support/cli.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { numbersOf, temporaryFolder } from './support.ts';

const at = temporaryFolder();

function measured(stage: string, blocks: number, missing: number[]): StageProgress {
  return { stage, kind: 'measured', blocks, done: [], missing, failed: [], productsLeft: missing.length };
}
const derived = (stage: string): StageProgress => ({ stage, kind: 'derived', done: undefined });

test('only shards with missing blocks and stages that are not there are launched', () => {
  const progress = [
    measured('sketch', 10, []),
    derived('basis'),
    measured('product', 10, [1, 4, 5]),
    derived('result'),
  ];
  const certify = {
    progress: [derived('tests'), measured('certificate', 3, [0, 1, 2])],
    vectors: ['--tests', '5', '--shards', '4'],
    args: ['--tests', '5'],
  };
  const steps = launchSteps(progress, { directory: '/d', operator: ['--operator', '/o.mjs'], count: 4, certify });
  expect(steps).toEqual([
    { name: 'basis', args: ['recover', '/d', '--stage', 'basis'] },
    {
      name: 'product',
      args: ['measure', '/d', '--operator', '/o.mjs', '--stage', 'product'],
      shards: { own: [1, 2], count: 4 },
    },
    { name: 'result', args: ['recover', '/d', '--stage', 'result'] },
    { name: 'tests', args: ['recover', '/d', '--stage', 'tests', '--tests', '5', '--shards', '4'] },
    {
      name: 'certificate',
      args: ['measure', '/d', '--operator', '/o.mjs', '--stage', 'certificate'],
      shards: { own: [1, 2, 3], count: 4 },
    },
    { name: 'certify', args: ['certify', '/d', '--operator', '/o.mjs', '--tests', '5'] },
  ]);
  expect(
    launchSteps([measured('sketch', 3, [])], { directory: '/d', operator: ['--operator', '/o.mjs'], count: 4 }),
  ).toEqual([]);
});

const step: LaunchStep = { name: 'sketch', args: ['measure', "/it's here"], shards: { own: [2, 5], count: 8 } };

test('resources, dependency and array go to sbatch as they were given', () => {
  const options = batchOptions(
    step,
    { partition: 'gpu', time: '1:00:00', gpus: '2', options: ['--mem=8G'] },
    '/log',
    '17',
  );
  for (const option of ['--array=2,5', '--dependency=afterok:17', '--partition=gpu', '--time=1:00:00', '--gpus=2']) {
    expect(options).toContain(option);
  }
  expect(options).toEqual(expect.arrayContaining(['--requeue', '--mem=8G', '--output=/log']));
  expect(batchOptions({ name: 'basis', args: [] }, {}, '/log', undefined).join()).not.toMatch(/array|dependency|gpus/);
});

describe('the batch script', () => {
  beforeAll(async () => {
    await mkdir(at('bin'));
    // says how it was called, and ends as it is told to
    await writeFile(at('bin/program'), '#!/bin/sh\nprintf "%s|" "$@"\nexit $CODE\n');
    await writeFile(at('bin/scontrol'), '#!/bin/sh\necho "scontrol $*"\nexit 1\n');
    for (const name of ['program', 'scontrol']) await chmod(at(`bin/${name}`), 0o755);
  });

  const runScript = (env: Record<string, string>): Promise<{ code: number; stdout: string }> =>
    new Promise((resolve) => {
      const PATH = `${at('bin')}:${process.env.PATH}`;
      const child = execFile('sh', [], { env: { PATH, SLURM_JOB_ID: '99', ...env } }, (error, stdout) =>
        resolve({ code: Number(error?.code ?? 0), stdout }),
      );
      child.stdin!.end(batchScript([at('bin/program')], step));
    });

  test('names the shard by the variable of the array, and quotes', async () => {
    expect(await runScript({ CODE: '0' })).toEqual({
      code: 0,
      stdout: "measure|/it's here|--shard|SLURM_ARRAY_TASK_ID/8|",
    });
  });

  test.each([
    ['2', {}, false],
    ['3', {}, false],
    ['5', {}, false],
    ['1', {}, true],
    ['137', {}, true],
    ['137', { SLURM_RESTART_COUNT: '2' }, true],
    ['137', { SLURM_RESTART_COUNT: '3' }, false],
  ])('exit code %s %p: queued again %p', async (CODE, env, isQueuedAgain) => {
    const { code, stdout } = await runScript({ CODE, ...env });
    expect([code, stdout.includes('scontrol requeue 99')]).toEqual([Number(CODE), isQueuedAgain]);
  });
});

describe('sbatch and squeue that are not as they should be', () => {
  const before = process.env.PATH;
  const install = async (name: string, script: string) => {
    await mkdir(at('fake'), { recursive: true });
    await writeFile(at(`fake/${name}`), `#!/bin/sh\n${script}\n`);
    await chmod(at(`fake/${name}`), 0o755);
    process.env.PATH = `${at('fake')}:${before}`;
  };
  afterAll(() => {
    process.env.PATH = before;
  });

  test('one that ends without reading its script: its message comes through', async () => {
    await install('sbatch', 'exec 0<&-; echo "sbatch: error: invalid partition" >&2; exit 1');
    // longer than a pipe holds
    const args = Array.from({ length: 20_000 }, () => 'a long argument');
    const submitted = submit([{ name: 'sketch', args }], ['eigensketch'], {}, '/logs');
    await expect(submitted).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'sbatch: sbatch: error: invalid partition',
    });
    await install('squeue', 'echo "squeue: error: no controller" >&2; exit 1');
    await expect(queued(['17'])).rejects.toThrow('squeue: squeue: error: no controller');
  });

  test('a per cent sign in the name of a directory is not one of its patterns', async () => {
    await install('sbatch', `printf '%s\\n' "$@" > ${at('told')}; cat > /dev/null; echo 17`);
    await submit([step], ['eigensketch'], {}, '/data/100%A/logs');
    expect((await readFile(at('told'), 'utf8')).split('\n')).toContain('--output=/data/100%%A/logs/sketch-%A_%a.log');
  });
});

test('without Slurm a launch says so', async () => {
  const args = ['launch', '--engine', 'slurm', '--operator', 'test/cli/fixtures/harmonic.mjs', '--dims', '4'];
  const { code, stderr } = await runHere([...args, '--out', at('none')], { PATH: '/nowhere' });
  expect([code, stderr]).toEqual([2, 'eigensketch launch: sbatch: it is not installed here\n']);
});

testLarge(
  'two processes at the same directory at the same time do no harm',
  async () => {
    const args = [
      'run',
      '--operator',
      'test/cli/fixtures/harmonic.mjs',
      '--dims',
      '20',
      '--block-size',
      '2',
      '--tests',
      '4',
    ];
    const env = { EIGENSKETCH_KERNELS: 'js' };
    const [first, second, alone] = await Promise.all([
      runCli([...args, '--out', at('both')], undefined, env),
      runCli([...args, '--out', at('both')], undefined, env),
      runCli([...args, '--out', at('alone')], undefined, env),
    ]);
    expect([first.code, first.stderr, second.code, second.stderr, alone.code]).toEqual([0, '', 0, '', 0]);
    expect(await numbersOf(at('both'))).toEqual(await numbersOf(at('alone')));
    expect(JSON.parse(await readFile(join(at('both'), 'certificate.json'), 'utf8')).tests).toBe(4);
  },
  60_000,
);
