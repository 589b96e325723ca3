/** Sparse sign matrices: where they have entries, and that a column w has E[w w^T] = I. */
import { zeros } from '../../src/core/block.ts';
import { fillRandom, type StreamKey, sparseStride } from '../../src/core/random.ts';
import { describe, expect, test } from '../support/jest.ts';

const key: StreamKey = { seed: 4, purpose: 'sketch' };

/** Columns `first..first + cols` of n rows. */
function columns(n: number, first: number, cols: number, seed = 4): Float64Array {
  const block = zeros(n, cols, 'float64');
  // what is there before is overwritten
  block.data.fill(7);
  fillRandom(block, 'sparseSign', { ...key, seed }, first);
  return block.data as Float64Array;
}

test('a column has one entry in so many rows, by its number, and never less than 8 in all', () => {
  const at = [0, 7, 15, 16, 31, 32, 63, 64, 127, 128, 2000];
  expect(at.map((column) => sparseStride(column, 1e6))).toEqual([1, 1, 1, 2, 2, 4, 4, 8, 8, 16, 128]);
  expect(at.map((column) => sparseStride(column, 100))).toEqual([1, 1, 1, 2, 2, 4, 4, 8, 8, 8, 8]);
  for (const n of [1, 7, 8, 15]) expect(sparseStride(1000, n)).toBe(1);
  for (const n of [16, 17, 100, 1000]) {
    for (const column of [0, 20, 300, 5000]) {
      const stride = sparseStride(column, n);
      const entries = columns(n, column, 1).filter((value) => value !== 0);
      expect(entries.length).toBeGreaterThanOrEqual(8);
      expect([Math.floor(n / stride), Math.ceil(n / stride)]).toContain(entries.length);
      expect(new Set(entries.map(Math.abs))).toEqual(new Set([Math.sqrt(stride)]));
    }
  }
});

test('the first 16 columns are those of Rademacher', () => {
  const signs = zeros(1000, 16, 'float64');
  fillRandom(signs, 'rademacher', key, 0);
  expect(columns(1000, 0, 16)).toEqual(signs.data);
});

test('every row has about 8 entries in the columns from 8 2^t to 16 2^t', () => {
  const n = 4000;
  for (const width of [16, 64, 256]) {
    const data = columns(n, width, width);
    const counts = Array.from(
      { length: n },
      (_, i) => data.subarray(i * width, (i + 1) * width).filter((value) => value !== 0).length,
    );
    // binomial, at least 1/2 of 16 trials: the mean over 4000 rows within 5 standard errors, below 1e-6
    expect(Math.abs(counts.reduce((sum, count) => sum + count, 0) / n - 8)).toBeLessThan(5 * Math.sqrt(8 / n));
  }
});

describe.each([20, 40, 200])('column %d over 4,000 seeds, each mean within 5 standard errors (1e-6)', (column) => {
  const n = 130;
  const draws = 4000;
  const stride = sparseStride(column, n);
  test('E[w w^T] = I', () => {
    const second = new Float64Array(n * n);
    for (let seed = 0; seed < draws; seed++) {
      const w = columns(n, column, 1, seed);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) second[i * n + j]! += (w[i]! * w[j]!) / draws;
    }
    const worst = { diagonal: 0, together: 0, apart: 0 };
    for (let i = 0; i < n; i++) {
      // the last rows, too, where less than a stride is left
      worst.diagonal = Math.max(worst.diagonal, Math.abs(second[i * n + i]! - 1));
      for (let j = 0; j < i; j++) {
        const pair = Math.floor(i / stride) === Math.floor(j / stride) ? 'together' : 'apart';
        worst[pair] = Math.max(worst[pair], Math.abs(second[i * n + j]!));
      }
    }
    expect(worst.diagonal).toBeLessThan(5 * Math.sqrt((stride - 1) / draws));
    // of two rows in one stride one is always zero; others are both there with probability 1 / stride^2
    expect(worst.together).toBe(0);
    expect(worst.apart).toBeLessThan(5 / Math.sqrt(draws));
  });
});

test('different columns have entries in different places', () => {
  const places = new Set<string>();
  for (let column = 64; column < 128; column++) {
    places.add(
      columns(500, column, 1)
        .map((value) => (value === 0 ? 0 : 1))
        .join(''),
    );
  }
  expect(places.size).toBe(64);
});

test('the first entries are frozen: stored sketches must stay readable', () => {
  // by the separate implementation in Python of random.test.ts
  const w = columns(64, 100, 1);
  expect(
    Array.from(w.entries())
      .filter(([, value]) => value !== 0)
      .map(([row, value]) => Math.sign(value) * (row + 1)),
  ).toEqual([-8, 12, 18, 29, 35, 41, 50, 63]);
});
