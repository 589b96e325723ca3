/** Launches by Slurm: job arrays for both passes, one task killed and queued again, to the numbers of one process. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { runCli } from '../support/cli.ts';
import { afterAll, beforeAll, expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { describeSlurm, type Slurm, startSlurm } from '../support/slurm.ts';
import { numbersOf, temporaryFolder } from './support.ts';

const at = temporaryFolder();
// every sum in one order: a threaded BLAS may choose another one the next time
const KERNELS = { EIGENSKETCH_KERNELS: 'js' };
const shards = [1, 2, 3, 4, 5, 6, 7, 8];
const sketch = ['--dims', '16', '--block-size', '2', '--tests', '16'];

describeSlurm('a real Slurm', () => {
  let slurm: Slurm;
  beforeAll(async () => {
    slurm = await startSlurm();
  }, 60_000);
  afterAll(() => slurm?.stop(), 60_000);

  const cli = (...args: string[]) => runCli(args, undefined, { ...KERNELS, ...slurm.env });

  /** Waits for the queue to be empty, without the pause that Slurm makes before a task that was queued again. */
  async function untilDone(): Promise<void> {
    for (;;) {
      const queue = await slurm.run('squeue', '--array', '--noheader', '--format=%i|%r');
      if (queue === '') return;
      for (const line of queue.split('\n')) {
        const [id, reason] = line.split('|') as [string, string];
        if (reason === 'BeginTime')
          await slurm.run('scontrol', 'update', `JobId=${id}`, 'StartTime=now').catch(() => '');
      }
      await after(500);
    }
  }

  test('a launch queues its jobs, each after those it needs, and another is refused meanwhile', async () => {
    const launch = [
      'launch',
      '--engine',
      'slurm',
      '--operator',
      'test/cli/fixtures/harmonic.mjs',
      '--dims',
      '8',
    ].concat(
      ['--block-size', '4', '--tests', '8', '--shards', '2', '--partition', 'main'],
      ['--out', at('queued'), '--json'],
    );
    const launched = await cli(...launch);
    expect([launched.code, launched.stderr]).toEqual([0, '']);
    const jobs: { step: string; shards?: number[]; id: string }[] = JSON.parse(launched.stdout).jobs;
    expect(jobs.map(({ step, shards: own }) => [step, own])).toEqual([
      ['sketch', [1, 2]],
      ['basis', undefined],
      ['product', [1, 2]],
      ['result', undefined],
      ['tests', undefined],
      ['certificate', [1, 2]],
      ['certify', undefined],
    ]);
    const { queue } = JSON.parse((await cli('status', at('queued'), '--json')).stdout);
    const waiting = queue.find(({ id }: { id: string }) => id === jobs[6]!.id);
    expect(waiting).toMatchObject({ state: 'PENDING', reason: 'Dependency' });
    const second = await cli(...launch);
    expect([second.code, second.stderr]).toEqual([5, expect.stringContaining('of the last launch are still queued')]);
    await slurm.run('scancel', ...jobs.map(({ id }) => id));
    await untilDone();
  });

  testLarge(
    'eight shards, one killed and queued again: the numbers of a single process',
    async () => {
      const whole = await runCli(
        ['run', '--operator', 'test/cli/fixtures/harmonic.mjs', ...sketch, '--out', at('whole')],
        undefined,
        KERNELS,
      );
      expect([whole.code, whole.stderr]).toEqual([0, '']);
      const out = at('launched');
      const launch = [
        'launch',
        '--engine',
        'slurm',
        '--operator',
        'test/cli/fixtures/fragile.mjs',
        ...sketch,
        '--shards',
        '8',
      ];
      const launched = await cli(...launch, '--time', '10', '--partition', 'main', '--out', out, '--json');
      expect([launched.code, launched.stderr]).toEqual([0, '']);
      const { jobs } = JSON.parse(launched.stdout);
      expect(jobs.map(({ step, shards: own }: { step: string; shards?: number[] }) => [step, own])).toEqual([
        ['sketch', shards],
        ['basis', undefined],
        ['product', shards],
        ['result', undefined],
        ['tests', undefined],
        ['certificate', shards],
        ['certify', undefined],
      ]);
      const { queue } = JSON.parse((await cli('status', out, '--json')).stdout);
      const waiting = queue.find(({ id }: { id: string }) => id === jobs[6].id);
      expect(waiting).toMatchObject({ state: 'PENDING', reason: 'Dependency' });
      expect((await cli('status', out)).stdout).toMatch(new RegExp(`queue\n[\\s\\S]*  ${jobs[6].id} +pending`));
      const second = await cli(...launch, '--out', out);
      expect([second.code, second.stderr]).toEqual([5, expect.stringContaining('of the last launch are still queued')]);
      await untilDone();
      expect(await numbersOf(out)).toEqual(await numbersOf(at('whole')));
      const status = JSON.parse((await cli('status', out, '--json')).stdout);
      expect([status.certified, status.queue]).toEqual([true, []]);
      expect(status.stages[0].done.map(({ shard }: { shard: string }) => shard)).toEqual(shards.map((i) => `${i}/8`));
      expect(status.stages.at(-1).done.map(({ shard }: { shard: string }) => shard)).toEqual(
        shards.map((i) => `${i}/8`),
      );
      // the kill is on record, in both passes and of the certificate
      for (const step of [0, 2, 5]) {
        const log = await readFile(join(out, `logs/${jobs[step].step}-${jobs[step].id}_3.log`), 'utf8');
        expect(log).toMatch(/Killed|REQUEUE/);
      }
      expect((await slurm.run('scontrol', 'show', 'job', `${jobs[0].id}_3`)).includes('Restarts=1')).toBe(true);
    },
    300_000,
  );

  testLarge(
    'a relaunch submits only what is missing',
    async () => {
      const out = at('launched');
      await rm(join(out, 'certificate.json'));
      await rm(join(out, 'result'), { recursive: true });
      await rm(join(out, 'product/000004.h5'));
      const launched = await cli(
        'launch',
        '--engine',
        'slurm',
        '--trust',
        '--shards',
        '8',
        '--tests',
        '16',
        '--out',
        out,
        '--json',
      );
      const { jobs } = JSON.parse(launched.stdout);
      expect(jobs.map(({ step, shards: own }: { step: string; shards?: number[] }) => [step, own])).toEqual([
        ['product', [5]],
        ['result', undefined],
        ['tests', undefined],
        ['certificate', shards],
        ['certify', undefined],
      ]);
      await untilDone();
      expect(await numbersOf(out)).toEqual(await numbersOf(at('whole')));
    },
    300_000,
  );
});
