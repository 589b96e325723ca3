/** Block files: there whole or not there, plain HDF5, and no flipped bit goes unnoticed. */
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Block } from '../../src/core/block.ts';
import { StoreError } from '../../src/core/errors.ts';
import { BlockFile, BlockWriter, verifyBlockFile, writeBlockFile } from '../../src/hdf5/index.ts';
import { lookup3 } from '../../src/hdf5/lookup3.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { randomBlock } from '../support/matrices.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(QUICK_DISK, 'eigensketch-blocks-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const ATTRIBUTES = {
  first_column: 64,
  seed: 2 ** 53 - 1,
  shift: -1.5e-7,
  test_matrix: 'rademacher',
  note: 'é',
  none: '',
};

const rowsOf = ({ cols, data }: Block, start: number, count: number) =>
  Array.from(data.subarray(start * cols, (start + count) * cols));

describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
  const block = randomBlock(101, 7, 1, dtype);

  test('numbers, shape and attributes come back', async () => {
    const path = join(home, `${dtype}.h5`);
    await writeBlockFile(path, block, ATTRIBUTES);
    const file = await BlockFile.open(path);
    expect(file).toMatchObject({ rows: 101, cols: 7, dtype, attributes: ATTRIBUTES });
    expect(rowsOf(await file.readRows(0, 101), 0, 101)).toEqual(rowsOf(block, 0, 101));
    expect(rowsOf(await file.readRows(40, 9), 0, 9)).toEqual(rowsOf(block, 40, 9));
    await file.close();
    expect((await verifyBlockFile(path)).attributes).toEqual(ATTRIBUTES);
  });

  test('panel by panel gives the same file as at once', async () => {
    const [whole, pieces] = [join(home, 'whole.h5'), join(home, 'pieces.h5')];
    const panel = (start: number, count: number) => ({
      rows: count,
      cols: 7,
      data: block.data.subarray(start * 7, (start + count) * 7),
    });
    await writeBlockFile(whole, block, ATTRIBUTES);
    const panels = [panel(0, 1), panel(1, 60), panel(61, 40)];
    await writeBlockFile(pieces, { rows: 101, cols: 7, dtype, panels }, ATTRIBUTES);
    expect((await readFile(pieces)).equals(await readFile(whole))).toBe(true);
  });
});

test('a block of no columns is a file too', async () => {
  const path = join(home, 'empty.h5');
  await writeBlockFile(path, randomBlock(5, 0, 1), {});
  expect(await verifyBlockFile(path)).toMatchObject({ rows: 5, cols: 0 });
});

test('one flipped bit anywhere is found, and so is every shorter file', async () => {
  const path = join(home, 'sound.h5');
  const damaged = join(home, 'damaged.h5');
  await writeBlockFile(path, randomBlock(50, 4, 3), ATTRIBUTES);
  const bytes = await readFile(path);
  const head = 16_384;
  // all of the superblock and headers, and places spread over the rest of the head and the numbers
  const places = new Set<number>();
  for (let at = 0; at < 900; at++) places.add(at);
  for (let at = 900; at < head; at += 131) places.add(at);
  for (let at = head - 4; at < bytes.length; at += 17) places.add(at);
  places.add(bytes.length - 1);
  for (const at of places) {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1 << (at % 8);
    await writeFile(damaged, copy);
    const failure = await verifyBlockFile(damaged).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect((failure as Error).message).toContain(damaged);
  }
  for (const length of [0, 1, 7, 8, 47, 500, head - 1, head, head + 1, bytes.length - 1]) {
    await copyFile(path, damaged);
    await truncate(damaged, length);
    await expect(verifyBlockFile(damaged)).rejects.toThrow(StoreError);
    await expect(BlockFile.open(damaged)).rejects.toThrow(damaged);
  }
  await writeFile(damaged, Buffer.concat([bytes, Buffer.alloc(8)]));
  await expect(BlockFile.open(damaged)).rejects.toThrow(`${bytes.length + 8} bytes, not ${bytes.length}`);
});

test('rows read in order are held against the checksum without another pass', async () => {
  const path = join(home, 'numbers.h5');
  await writeBlockFile(path, randomBlock(50, 4, 3), {});
  const bytes = await readFile(path);
  bytes[bytes.length - 3]! ^= 4;
  await writeFile(path, bytes);
  const file = await BlockFile.open(path);
  await file.readRows(0, 30);
  await expect(file.readRows(30, 20)).rejects.toThrow(`${path}: damaged: its numbers fail their checksum`);
  await file.close();
});

test('files that are missing, foreign or of another version are refused by name', async () => {
  const missing = join(home, 'missing.h5');
  await expect(BlockFile.open(missing)).rejects.toThrow(`${missing}: cannot read: there is no such file`);
  await expect(BlockFile.open('test/reference/mlp784.h5')).rejects.toThrow('mlp784.h5: damaged, or not a block file');
  await expect(BlockFile.open('README.md')).rejects.toThrow('README.md: not an HDF5 file');
  await expect(BlockFile.open(home)).rejects.toThrow(StoreError);
  const path = join(home, 'version.h5');
  await writeBlockFile(path, randomBlock(3, 2, 1), {});
  const bytes = await readFile(path);
  // the attribute's value is the first int64 after its name and types; then the checksums of header and head
  const name = bytes.indexOf('format_version\0');
  bytes.writeUInt8(2, name + 15 + 12 + 4);
  const header = bytes.lastIndexOf('OHDR');
  const end = header + 10 + bytes.readUInt32LE(header + 6);
  bytes.writeUInt32LE(lookup3(bytes.subarray(header, end)), end);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16_380)), 16_380);
  await writeFile(path, bytes);
  await expect(BlockFile.open(path)).rejects.toThrow(`${path}: format version 2, this library reads 1`);
});

test('what does not add up is refused, and nothing is left of it', async () => {
  const before = await readdir(home);
  const path = join(home, 'refused.h5');
  const shape = { rows: 10, cols: 2, dtype: 'float64' } as const;
  const panel = randomBlock(4, 2, 1);
  await expect(writeBlockFile(path, { ...shape, panels: [panel] }, {})).rejects.toThrow('4 of 10 rows were written');
  await expect(writeBlockFile(path, { ...shape, panels: [panel, panel, panel] }, {})).rejects.toThrow('after 8 of 10');
  await expect(writeBlockFile(path, { ...shape, panels: [randomBlock(10, 2, 1, 'float32')] }, {})).rejects.toThrow(
    '10 rows of float32',
  );
  await expect(writeBlockFile(path, panel, { crc32: 3 })).rejects.toThrow("attribute 'crc32' is written by itself");
  await expect(writeBlockFile(path, panel, { long: 'x'.repeat(20_000) })).rejects.toThrow('attributes need 20');
  await expect(writeBlockFile(join(home, 'no', 'such.h5'), panel, {})).rejects.toThrow(StoreError);
  expect(await readdir(home)).toEqual(before);
});

test('until it is committed a file keeps its former content', async () => {
  const path = join(home, 'twice.h5');
  await writeBlockFile(path, randomBlock(6, 2, 1), { round: 1 });
  const writer = await BlockWriter.create(path, { rows: 6, cols: 2, dtype: 'float64' });
  await writer.append(randomBlock(6, 2, 2));
  expect((await verifyBlockFile(path)).attributes).toEqual({ round: 1 });
  await writer.commit({ round: 2 });
  expect((await verifyBlockFile(path)).attributes).toEqual({ round: 2 });
});
