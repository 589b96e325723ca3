/** What a plan says before the run is what the run then takes; and how far apart operators must be to be told apart. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LinearOperator, type SeighOptions, seigh } from '../../src/index.ts';
import { fingerprintTolerance, measureProbe, probeDistance } from '../../src/store/fingerprint.ts';
import { costOf } from '../../src/store/sketch/cost.ts';
import { openDirectory } from '../../src/store/sketch/directory.ts';
import { describe, expect, test } from '../support/jest.ts';
import { alternating, counting, temporaryFolder } from './support.ts';

const at = temporaryFolder();

async function blockFiles(directory: string): Promise<string[]> {
  const all = await readdir(directory, { recursive: true });
  return all.filter((name) => /(\d{6}|probe)\.h5$/.test(name)).map((name) => join(directory, name));
}

test.each<[string, SeighOptions]>([
  ['hmt', {}],
  ['hmt with a power iteration', { powerIterations: 1 }],
  ['oversampled', { method: 'oversampled' }],
])('%s: products and files as planned, bytes at most', async (name, options) => {
  const { op, counter } = counting(alternating(300));
  const store = at(name);
  const { numMatvecs } = await seigh(op, 20, { blockSize: 6, store, ...options });
  const cost = costOf((await openDirectory(store)).plan);
  expect([counter.columns, numMatvecs]).toEqual([cost.numMatvecs, cost.numMatvecs]);
  const files = await blockFiles(store);
  expect(files).toHaveLength(cost.files);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(cost.bytes);
});

describe('fingerprints', () => {
  const scaled = (op: LinearOperator, noise: number): LinearOperator => ({
    ...op,
    matmat: async (X) => {
      const Y = await op.matmat(X);
      return { ...Y, data: Y.data.map((value, i) => value * (1 + (i % 2 ? noise : -noise))) };
    },
  });

  test('products that differ by a relative d are at the distance d', async () => {
    const A = alternating(100);
    const [one, other] = [await measureProbe(A), await measureProbe(scaled(A, 1e-3))];
    expect(probeDistance(one, other)).toBeCloseTo(1e-3, 10);
    expect(probeDistance(one, await measureProbe(A))).toBe(0);
  });

  test('the tolerance is a thousand roundings and more, and far below one', () => {
    expect(fingerprintTolerance({ dtype: 'float32' })).toBeCloseTo(9.8e-4, 5);
    expect(fingerprintTolerance({ dtype: 'float64' })).toBeCloseTo(4.2e-8, 9);
  });

  test('an operator that claims nothing and is not symmetric is refused before anything is written', async () => {
    const { selfAdjoint: _, ...op } = alternating(50);
    const skew: LinearOperator = {
      ...op,
      matmat: (X) => ({ ...X, data: X.data.map((_, at) => X.data[(at + X.cols) % X.data.length]!) }),
    };
    await expect(seigh(skew, 4, { store: at('skew') })).rejects.toThrow('the operator is not symmetric');
    await expect(readdir(at('skew'))).rejects.toThrow('ENOENT');
  });
});
