/** A disk that is too small is refused by calls of the library before an operator has made a product, and is left as it was. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eigsh, StoreError, seigh } from '../../src/index.ts';
import { expect } from '../support/jest.ts';
import { testOnSmallDisk } from '../support/small-disk.ts';
import { alternating, counting } from './support.ts';

const SMALL = /will need up to \S+ \S+, the disk has \S+ \S+ free \(make room, or take another disk\)/;

testOnSmallDisk('a sketch and a search that do not fit', '300k', async ({ path, resize }) => {
  // a sketch takes 2 x 20 columns of 900 numbers and more, 288 kB, a search two dozen and more
  const { op, counter } = counting(alternating(900));
  const sketch = () => seigh(op, 20, { store: join(path, 'sketch'), blockSize: 4 });
  const search = () => eigsh(op, 30, { store: join(path, 'search') });
  for (const call of [sketch, search]) {
    const refused = await call().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreError);
    expect((refused as StoreError).message).toMatch(SMALL);
  }
  expect([counter.blocks, await readdir(path)]).toEqual([0, []]);
  resize('16m');
  const result = await sketch();
  expect([result.rank, counter.columns]).toEqual([20, result.numMatvecs]);
  await result.eigenvectors.space.release(result.eigenvectors);
});
