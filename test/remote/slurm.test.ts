/** A Hessian over four machines, played by four steps of a Slurm of this one: one is killed, and the call goes on by `store`. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { diagonalOperator, eigsh, seigh, sum } from '../../src/index.ts';
import { type RemoteOperator, remoteOperator } from '../../src/remote/index.ts';
import { temporaryFolder } from '../store/support.ts';
import { afterAll, beforeAll, expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { describeSlurm, type Slurm, startSlurm } from '../support/slurm.ts';

const SERVER = resolve('test/remote/fixtures/serve.mjs');
const values = Float64Array.from({ length: 8 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1));
const at = temporaryFolder();

describeSlurm('a real Slurm', () => {
  let slurm: Slurm;
  const shards: RemoteOperator[] = [];
  beforeAll(async () => {
    slurm = await startSlurm();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(shards.map((shard) => shard.close()));
    await slurm?.stop();
  }, 60_000);

  /** Columns that are on disk, and when they were written. */
  async function blocksOf(directory: string): Promise<Record<string, number>> {
    const blocks: Record<string, number> = {};
    for (const name of await readdir(directory, { recursive: true })) {
      if (/\d{6}\.h5$/.test(name)) blocks[name] = (await stat(join(directory, name))).mtimeMs;
    }
    return blocks;
  }

  testLarge(
    'four shards, one killed in the middle: named, and the same call goes on',
    async () => {
      const behaviours = ['good', 'good', 'crashing', 'good'];
      for (const [i, behaviour] of behaviours.entries()) {
        const step = ['srun', '--ntasks=1', '--cpus-per-task=1', process.execPath, SERVER, behaviour, at('killed')];
        const env = { ...slurm.env, NODE_OPTIONS: '' };
        shards.push(await remoteOperator({ command: step, name: `shard ${i}`, env, timeout: 60_000 }));
      }
      const H = sum(shards);
      const options = { store: at('sketch'), blockSize: 4, seed: 2 };
      await expect(seigh(H, 8, options)).rejects.toThrow(
        /remoteOperator shard 2: the program \(process \d+\) .* during a product of 4 columns; its standard error ends with:\n[\s\S]*out of memory, said the device[\s\S]*Killed/,
      );
      const before = await blocksOf(at('sketch'));
      expect(Object.keys(before)).toHaveLength(1);
      const result = await seigh(H, 8, options);
      expect(await blocksOf(at('sketch'))).toMatchObject(before);
      const whole = values.map((value) => 4 * value);
      const own = await seigh(diagonalOperator(whole), 8, { blockSize: 4, seed: 2 });
      for (const [i, value] of own.eigenvalues.entries()) expect(result.eigenvalues[i]).toBeCloseTo(value, 12);
      const leading = await eigsh(H, 2, { seed: 1 });
      for (const i of [0, 1]) expect(leading.eigenvalues[i]).toBeCloseTo(whole[i]!, 9);
    },
    180_000,
  );

  testLarge(
    'closing them ends the steps',
    async () => {
      await Promise.all(shards.map((shard) => shard.close()));
      for (let wait = 0; wait < 100 && (await slurm.run('squeue', '--noheader', '--steps')) !== ''; wait++) {
        await new Promise((done) => setTimeout(done, 200));
      }
      expect(await slurm.run('squeue', '--noheader', '--steps')).toBe('');
    },
    60_000,
  );
});
