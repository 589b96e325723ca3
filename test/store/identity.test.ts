/** A block file says where it belongs: one that lies in another's place is refused by name, whatever its checksum. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diagonalOperator, type LinearOperator, StoreError, seigh } from '../../src/index.js';
import { openAccuracyDirectory } from '../../src/store/accuracy/directory.js';
import { verifyAccuracy } from '../../src/store/accuracy/verify.js';
import { certifyStored } from '../../src/store/certify.js';
import { workerOf } from '../../src/store/record.js';
import { spaceOf } from '../../src/store/sketch/derive.js';
import { openDirectory } from '../../src/store/sketch/directory.js';
import { verifyDirectory } from '../../src/store/sketch/verify.js';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

const N = 200;
const A = diagonalOperator(Float32Array.from({ length: N }, (_, i) => (i % 2 ? -1 : 1) / (i + 1)));
/** The operator until so many products were made: the first is the probe. */
function failingAfter(products: number): LinearOperator {
  let made = 0;
  return { ...A, matmat: (X) => (++made > products ? Promise.reject(new Error('stopped')) : A.matmat(X)) };
}

let folder: string;
let other: string;
const options = (store: string, seed = 3) => ({ store, blockSize: 4, seed, memory: '20MB' });

beforeAll(async () => {
  folder = await mkdtemp(join(QUICK_DISK, 'eigensketch-identity-'));
  other = join(folder, 'other');
  await seigh(A, 24, options(other, 4));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ['its neighbour, in a result', 'result/000001.h5', 'result/000000.h5', 100, 'first_column is 4, not 0'],
  ['the same block of another run', 'OTHER/result/000000.h5', 'result/000000.h5', 100, 'run is'],
  ['a basis of another run, before the products', 'OTHER/basis/000002.h5', 'basis/000002.h5', 8, 'run is'],
  ['its neighbour, before the basis', 'sketch/000001.h5', 'sketch/000003.h5', 5, 'first_column is 4, not 12'],
  ['a block of another stage', 'sketch/000001.h5', 'result/000001.h5', 100, 'stage is sketch, not result'],
])('a block replaced by %s', (_, from, to, products, reason) => {
  test('is refused by name, and found by verify', async () => {
    const store = await mkdtemp(join(folder, 'run-'));
    await seigh(failingAfter(products), 24, options(store)).catch((error: Error) => {
      expect(error.message).toContain('stopped');
    });
    const source = from.startsWith('OTHER') ? join(other, from.slice(6)) : join(store, from);
    const target = join(store, to);
    await copyFile(source, target);
    const { damaged } = await verifyDirectory(await openDirectory(store));
    expect(damaged.map(({ file }) => file)).toEqual([target]);
    expect(damaged[0]!.message).toContain(reason);
    const failure = await seigh(A, 24, options(store)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect((failure as Error).message).toContain(`seigh: ${target} belongs elsewhere: its `);
    expect((failure as Error).message).toContain(reason);
    // what the message says to remove is made again: columns that are derived from others all at once
    const [, said] = /, or remove (.*) to make it again/.exec((failure as Error).message)!;
    await rm(said === 'it' ? target : join(store, said!.replace('the folder ', '')), { recursive: true });
    const { eigenvalues } = await seigh(A, 24, options(store));
    expect(eigenvalues).toEqual((await seigh(A, 24, { blockSize: 4, seed: 3 })).eigenvalues);
  });
});

test('runs of the same choices and operator have the same name, others do not', async () => {
  const twin = join(folder, 'twin');
  await seigh(A, 24, { ...options(twin, 4), memory: '30MB' });
  const nameOf = async (path: string) => (await openDirectory(path)).run;
  expect(await nameOf(twin)).toBe(await nameOf(other));
  await copyFile(join(other, 'result/000000.h5'), join(twin, 'result/000000.h5'));
  await seigh(A, 24, options(twin, 4));
  const wider = join(folder, 'wider');
  await seigh(A, 25, options(wider, 4));
  expect(await nameOf(wider)).not.toBe(await nameOf(other));
  expect(await nameOf(other)).toMatch(/^[0-9a-f]{16}$/);
});

test('the record of a stage of another run is damage of its own, and none of the blocks beside it', async () => {
  const store = await mkdtemp(join(folder, 'record-'));
  await seigh(A, 24, options(store));
  for (const stage of ['basis', 'result']) {
    const file = join(store, stage, 'stage.h5');
    const own = await readFile(file);
    await copyFile(join(other, stage, 'stage.h5'), file);
    const { damaged } = await verifyDirectory(await openDirectory(store));
    expect(damaged).toEqual([{ file, message: expect.stringContaining('its run is') }]);
    await writeFile(file, own);
  }
  expect((await verifyDirectory(await openDirectory(store))).damaged).toEqual([]);
});

describe('a product in the place of its neighbour', () => {
  test('of a certificate', async () => {
    const store = await mkdtemp(join(folder, 'certified-'));
    const result = await seigh(A, 24, options(store));
    const directory = await openDirectory(store);
    const worker = workerOf(A, 'js', '1/1');
    const certify = () => certifyStored(directory, spaceOf(directory), A, result, { tests: 9, kernels: 'js' }, worker);
    const { seconds: _, ...first } = await certify();
    const target = join(store, 'certificate/000005.h5');
    // two of the products that are made one after the other, whose columns no file has
    await copyFile(join(store, 'certificate/000004.h5'), target);
    const { damaged } = await verifyDirectory(directory);
    expect(damaged).toEqual([{ file: target, message: expect.stringContaining('its file is 4, not 5') }]);
    const { seconds: __, ...again } = await certify();
    expect(again).toEqual(first);
    expect((await verifyDirectory(directory, A)).damaged).toEqual([]);
  });

  test('of a search for an accuracy', async () => {
    const store = await mkdtemp(join(folder, 'accuracy-'));
    const search = (op: LinearOperator) => seigh(op, { tol: 0.1, seed: 3, store, kernels: 'js', blockSize: 4 });
    await expect(search(failingAfter(4))).rejects.toThrow('stopped');
    const target = join(store, 'products/000002.h5');
    await copyFile(join(store, 'products/000001.h5'), target);
    const { damaged } = await verifyAccuracy(await openAccuracyDirectory(store));
    expect(damaged).toEqual([{ file: target, message: expect.stringContaining('its file is 1, not 2') }]);
    const memory = await seigh(A, { tol: 0.1, seed: 3, kernels: 'js', blockSize: 4 });
    const { eigenvalues } = await search(A);
    for (const [i, value] of memory.eigenvalues.entries()) expect(eigenvalues[i]).toBeCloseTo(value, 10);
  });
});
