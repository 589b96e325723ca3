/** The laws of multivectors on disk, for several sizes of blocks; panels are of 64 rows. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { zeros } from '../../src/core/block.ts';
import {
  type DiskSpace,
  diskSpace,
  leastMemory,
  saveColumns,
  verifyBlockFile,
  writeBlockFile,
} from '../../src/hdf5/index.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';
import { projectOut } from '../../src/multivector/project.ts';
import { multivectorLaws, type SpaceFactory } from '../laws/multivector.ts';
import { orthonormaliseLaws } from '../laws/orthonormalise.ts';
import { afterAll, afterEach, expect, test } from '../support/jest.ts';
import { distance, randomBlock } from '../support/matrices.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

const directory = mkdtempSync(join(QUICK_DISK, 'eigensketch-disk-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const made: DiskSpace[] = [];
afterEach(async () => {
  for (const space of made.splice(0)) await space.close();
});

const spaceOf =
  (blockSize: number): SpaceFactory =>
  (rows, dtype) => {
    const tall = { rows, cols: 40, dtype };
    made.push(diskSpace({ ...tall, directory, blockSize, memory: leastMemory(tall) }));
    return made.at(-1)!;
  };

for (const blockSize of [1, 4, 64]) multivectorLaws(`on disk, blocks of ${blockSize}`, spaceOf(blockSize));
orthonormaliseLaws('on disk, blocks of 7', spaceOf(7));

test('a projection on many column blocks keeps within the memory of its space', async () => {
  const tall = { rows: 2000, cols: 160, dtype: 'float64' } as const;
  const memory = 3 * leastMemory(tall);
  const space = diskSpace({ ...tall, directory, memory });
  const parts: Multivector[] = [];
  const largest: number[] = [];
  for (let part = 0; part < 19; part++) {
    const V = await space.allocate(8);
    const readRows = V.readRows.bind(V);
    V.readRows = (start, count, into) => {
      largest[part] = Math.max(largest[part] ?? 0, count * V.cols * 8);
      return readRows(start, count, into);
    };
    parts.push(V);
  }
  const X = await space.allocate(1);
  await X.writeColumns(0, randomBlock(2000, 1, 1));
  for (const V of parts) await V.writeColumns(0, zeros(2000, 8, 'float64'));
  await projectOut([X], parts, { kernels: await selectKernels() });
  // one panel is worked on while the next is read
  expect(2 * largest.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(memory);
  await space.close();
});

test('temporary files have no name', () => {
  expect(readdirSync(directory)).toEqual([]);
});

test('block files are read as one multivector, and a multivector is saved as block files', async () => {
  const X = randomBlock(150, 10, 1, 'float32');
  const tall = { rows: 150, cols: 10, dtype: 'float32' } as const;
  const space = diskSpace({ ...tall, directory, memory: leastMemory(tall) });
  const whole = await space.allocate(10);
  await whole.writeColumns(0, X);
  const file = (first: number, cols: number) => ({
    path: join(directory, `columns-${first}.h5`),
    cols,
    attributes: { first_column: first },
  });
  const files = [file(0, 3), file(3, 6), file(9, 1)];
  await saveColumns(whole, files);
  expect((await verifyBlockFile(files[1]!.path)).attributes).toEqual({ first_column: 3 });
  const again = await space.open(files.map(({ path }) => path));
  expect(distance(await again.toBlock(), X)).toBe(0);
  expect((await again.readColumns(2, 5)).data).toEqual((await whole.readColumns(2, 5)).data);
  await expect(again.writeColumns(0, X)).rejects.toThrow('a multivector of block files is read, not written');
  await expect(saveColumns(whole, files.slice(1))).rejects.toThrow('files for 7 of 10 columns');
  await writeBlockFile(files[2]!.path, randomBlock(151, 1, 1, 'float32'), {});
  await expect(space.open(files.map(({ path }) => path))).rejects.toThrow('columns-9.h5: 151 rows of float32');
  await space.close();
});

test('memory that is too small for a panel is refused with the least that is enough', () => {
  const options = { rows: 1000, cols: 50, dtype: 'float64', directory } as const;
  expect(() => diskSpace({ ...options, memory: '100KB' })).toThrow(
    'diskSpace: memory of 100 KB is too small for 1000 x 50 blocks of float64: at least 409.6 KB is needed',
  );
  expect(() => diskSpace({ ...options, memory: '409600 B' })).not.toThrow();
  // four columns of a tall operator
  expect(() => diskSpace({ ...options, rows: 1e8, memory: '3GB' })).toThrow('at least 3.2 GB is needed');
  for (const memory of ['lots', '3 XB', 0, -1, Number.NaN, '']) {
    expect(() => diskSpace({ ...options, memory })).toThrow('memory must be a number of bytes or like');
  }
});
