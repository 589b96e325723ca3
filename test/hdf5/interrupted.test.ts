/** A killed process or a full disk leaves no incomplete block file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { diskSpace, isTemporary, removeTemporaries, verifyBlockFile, writeBlockFile } from '../../src/hdf5/index.ts';
import { afterAll, beforeAll, expect, test } from '../support/jest.ts';
import { randomBlock } from '../support/matrices.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';
import { testOnSmallDisk } from '../support/small-disk.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(QUICK_DISK, 'eigensketch-interrupted-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Starts a process that writes the same block over and over, and says so after each. */
function startWriter(path: string) {
  const script = `
import { writeBlockFile } from '${resolve('dist/src/hdf5/index.js')}';
const block = { rows: 20000, cols: 8, data: new Float64Array(160000).fill(1) };
for (let round = 0; ; round++) {
  block.data.fill(round);
  await writeBlockFile('${path}', block, { round });
  console.log(round);
}`;
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { env });
}

test('a kill at any moment leaves a whole file, and what is left beside it is taken away', async () => {
  const path = join(home, 'killed.h5');
  for (let attempt = 0; attempt < 6; attempt++) {
    const child = startWriter(path);
    await once(child.stdout, 'data');
    await new Promise((after) => setTimeout(after, 7 * attempt));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(typeof (await verifyBlockFile(path)).attributes.round).toBe('number');
    const left = (await readdir(home)).filter(isTemporary);
    expect(await removeTemporaries(home)).toEqual(left);
    expect(await readdir(home)).toEqual(['killed.h5']);
  }
});

test('what a running process writes is not taken away', async () => {
  const path = join(home, 'running.h5');
  const child = startWriter(path);
  await once(child.stdout, 'data');
  expect(await removeTemporaries(home)).toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'exit');
});

testOnSmallDisk('a full disk is an error that names the file', '1m', async (small) => {
  const space = diskSpace({ rows: 40_000, cols: 8, dtype: 'float64', directory: small.path, memory: '10MB' });
  const tall = await space.allocate(8);
  await expect(tall.writeColumns(0, randomBlock(40_000, 8, 3))).rejects.toThrow('no space is left on the disk');
  await space.close();
  expect(await readdir(small.path)).toEqual([]);
  const path = join(small.path, 'block.h5');
  await writeBlockFile(path, randomBlock(1000, 8, 1), { round: 1 });
  const tooLarge = writeBlockFile(path, randomBlock(150_000, 1, 2), { round: 2 });
  await expect(tooLarge).rejects.toThrow(`${path}: cannot write: no space is left on the disk`);
  expect(await readdir(small.path)).toEqual(['block.h5']);
  expect((await verifyBlockFile(path)).attributes).toEqual({ round: 1 });
});
