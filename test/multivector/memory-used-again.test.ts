/**
 * Memory that spaces take back serves later ones, and no result loses its own to them.
 *
 * @own-process other files leave memory, too
 */
import { Pool } from '../../src/core/scratch.ts';
import { apost, diagonalOperator, eigsh } from '../../src/index.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { expect, test } from '../support/jest.ts';

test('a pool gives the smallest array that is large enough, of the right type, and not a much larger one', () => {
  const pool = new Pool(1000);
  const arrays = [new Float64Array(40), new Float64Array(20), new Float32Array(20)];
  for (const array of arrays) expect(pool.give(array)).toBe(true);
  expect(pool.take('float64', 15)).toBe(arrays[1]);
  expect(pool.take('float64', 15)).toBeUndefined();
  expect(pool.take('float64', 25)).toBe(arrays[0]);
  expect(pool.take('float64', 25)).toBeUndefined();
  expect(pool.take('float32', 20)).toBe(arrays[2]);
});

test('a pool keeps no more than it was told', () => {
  const pool = new Pool(1000);
  expect(pool.give(new Float64Array(100))).toBe(true);
  expect(pool.give(new Float64Array(100))).toBe(false);
  expect(pool.take('float64', 100)).toBeDefined();
  expect(pool.give(new Float64Array(100))).toBe(true);
});

test('a released block is given out again, by other spaces too, and one in use is not', async () => {
  const [first, second] = [hostSpace(1111, 'float64'), hostSpace(1111, 'float64')];
  const [released, kept] = [await first.allocate(3), await first.allocate(3)];
  const memory = (await released.readColumns(0, 3)).data.buffer;
  await first.release(released);
  await first.release(released);
  const again = await second.allocate(3);
  expect((await again.readColumns(0, 3)).data.buffer).toBe(memory);
  const other = await second.allocate(3);
  for (const taken of [memory, (await kept.readColumns(0, 3)).data.buffer]) {
    expect((await other.readColumns(0, 3)).data.buffer).not.toBe(taken);
  }
});

test('results stay as they are through later searches and certificates', async () => {
  const A = diagonalOperator(Float64Array.from({ length: 900 }, (_, i) => 1 / (i + 1)));
  const first = await eigsh(A, 5, { seed: 1 });
  const vectors = (await first.eigenvectors.toBlock()).data.slice();
  for (const seed of [2, 3]) {
    const other = await eigsh(A, 7, { seed });
    await apost(A, first, { tests: 5, seed });
    await apost(A, other, { tests: 5, seed });
    expect((await first.eigenvectors.toBlock()).data).toEqual(vectors);
  }
});
