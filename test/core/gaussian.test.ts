/**
 * The law of Gaussian numbers, on which certified intervals rest. Statistical tests have fixed seeds; each would fail for true
 * Gaussian numbers with a probability of about 1e-5 at most.
 */
import { gaussianPair } from '../../src/core/gaussian.ts';
import { fillRandom } from '../../src/core/random.ts';
import { chiSquareCdf } from '../../src/stats/distributions.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

/** Columns of Gaussian numbers, one after the other: entry i of column j is `data[i * cols + j]`. */
function gaussians(rows: number, cols: number, seed: number): Float64Array {
  const block = { rows, cols, data: new Float64Array(rows * cols) };
  fillRandom(block, 'gaussian', { seed, purpose: 'test' }, 0);
  return block.data;
}

/** P(X <= x), X standard Gaussian: X^2 is chi-square with one degree of freedom. */
const normalCdf = (x: number): number => 0.5 + (Math.sign(x) / 2) * chiSquareCdf(x * x, 1);

/** The largest difference of an empirical distribution function from a law, times sqrt(n). */
function kolmogorov(values: Float64Array, cdf: (x: number) => number): number {
  let most = 0;
  const n = values.length;
  for (const [i, x] of values.toSorted().entries()) most = Math.max(most, (i + 1) / n - cdf(x), cdf(x) - i / n);
  return most * Math.sqrt(n);
}

/** P(sqrt(n) D > 2.5) <= 2 exp(-2 * 2.5^2) < 8e-6, by Massart's inequality. */
const KOLMOGOROV = 2.5;

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('a pair', () => {
  const pair = new Float64Array(2);

  test('is that of Box & Muller to a few roundings of its length', () => {
    let worst = 0;
    // words from a linear congruential generator; u also near both ends of (0, 1)
    let word = 1;
    const next = (): number => {
      word = (Math.imul(word, 1664525) + 1013904223) | 0;
      return word ^ (word >>> 15);
    };
    for (let i = 0; i < 200_000; i++) {
      const shift = i % 32;
      const high = i % 3 === 0 ? next() >>> shift : i % 3 === 1 ? ~(next() >>> shift) : next();
      const [lowU, highT, lowT] = [next(), next(), next()];
      gaussianPair(high | 0, lowU, highT, lowT, pair);
      const u = ((high >>> 0) * 2 ** 20 + (lowU >>> 12) + 0.5) * 2 ** -52;
      const turn = ((highT & 0x7fffffff) * 2 ** 20 + (lowT >>> 12) + 0.5) * 2 ** -51 - 0.5;
      // near 1 the logarithm of u itself would lose digits
      const radius = Math.sqrt(-2 * (u > 0.5 ? Math.log1p(u - 1) : Math.log(u)));
      const cosine = Math.cos(Math.PI * turn) * (highT < 0 ? -1 : 1);
      const off = Math.max(
        Math.abs(pair[0]! - radius * cosine),
        Math.abs(pair[1]! - radius * Math.sin(Math.PI * turn)),
      );
      worst = Math.max(worst, off / radius);
    }
    // 6.2e-16 against mpmath; the engine's functions and pi add theirs
    expect(worst).toBeLessThan(1.2e-15);
    expect(worst).toBeGreaterThan(1e-16);
  });

  // by mpmath, to 40 digits
  test.each([
    [0, 0, 0, 0, 5.979374587171025e-15, -8.571674348652905],
    [1 << 20, 0, 0, 0, 2.8451714987751753e-15, -4.078667960675125],
    [-1, -1, 0, 0, 1.0394658142353987e-23, -1.4901161193847656e-8],
  ])('from the words %d %d %d %d', (highU, lowU, highT, lowT, x, y) => {
    gaussianPair(highU, lowU, highT, lowT, pair);
    expect(Math.abs(pair[0]! - x)).toBeLessThan(1e-15 * Math.abs(y));
    expect(Math.abs(pair[1]! - y)).toBeLessThan(1e-15 * Math.abs(y));
  });

  test('over the midpoints of a grid has the law of Gaussian numbers to half a cell', () => {
    const cells = 512;
    const middle = (cell: number): number => (cell << 23) | (1 << 22);
    const values = new Float64Array(2 * cells * cells);
    for (let i = 0; i < cells; i++) {
      for (let j = 0; j < cells; j++) {
        gaussianPair(middle(i), 0, middle(j), 0, pair);
        values.set(pair, 2 * (i * cells + j));
      }
    }
    expect(kolmogorov(values, normalCdf) / Math.sqrt(values.length)).toBeLessThan(0.5 / cells);
  });
});

describe('columns', () => {
  const n = 2 ** 18;
  let x: Float64Array;
  let many: Float64Array;
  beforeAll(() => {
    x = gaussians(n, 1, 11);
    many = gaussians(2 ** 17, 24, 12);
  });

  test('have the distribution function of Gaussian numbers', () => {
    expect(kolmogorov(x, normalCdf)).toBeLessThan(KOLMOGOROV);
  });

  test.each([
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
    [6, 15, 10170],
  ])('have their moment of order %d', (order, moment, variance) => {
    expect(Math.abs(mean(x.map((value) => value ** order)) - moment)).toBeLessThan(4.5 * Math.sqrt(variance / n));
  });

  test.each([3, 4, 4.5])('are as often beyond %d as Gaussian numbers, on both sides', (far) => {
    const p = (1 - chiSquareCdf(far * far, 1)) / 2;
    const expected = p * many.length;
    for (const side of [-1, 1]) {
      const count = many.reduce((sum, value) => sum + (side * value > far ? 1 : 0), 0);
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  test('neighbours in a column are independent: pairs, their squares, and across pairs', () => {
    for (const lag of [1, 2, 3, 64]) {
      const [early, late] = [x.subarray(0, n - lag), x.subarray(lag)];
      const of = (f: (a: number, b: number) => number) => mean(early.map((value, i) => f(value, late[i]!)));
      const bound = 4.5 / Math.sqrt(n);
      expect(Math.abs(of((a, b) => a * b))).toBeLessThan(bound);
      expect(Math.abs(of((a, b) => (a * a - 1) * (b * b - 1)))).toBeLessThan(2 * bound);
      expect(Math.abs(of((a, b) => a * (b * b - 1)))).toBeLessThan(Math.SQRT2 * bound);
    }
  });

  test('pairs have the law of their lengths and of their angles', () => {
    const [lengths, angles] = [new Float64Array(n / 2), new Float64Array(n / 2)];
    for (let i = 0; i < n; i += 2) {
      lengths[i / 2] = x[i]! ** 2 + x[i + 1]! ** 2;
      angles[i / 2] = Math.atan2(x[i + 1]!, x[i]!);
    }
    expect(kolmogorov(lengths, (value) => chiSquareCdf(value, 2))).toBeLessThan(KOLMOGOROV);
    expect(kolmogorov(angles, (value) => value / (2 * Math.PI) + 0.5)).toBeLessThan(KOLMOGOROV);
    // lengths say nothing of angles
    const [long, short] = [true, false].map((isLong) => angles.filter((_, i) => lengths[i]! > 1.386 === isLong));
    for (const some of [long!, short!]) {
      expect(kolmogorov(some, (value) => value / (2 * Math.PI) + 0.5)).toBeLessThan(KOLMOGOROV);
    }
  });

  test.each([
    [5, 40_000],
    [30, 20_000],
    [301, 4_000],
  ])('squares of %d entries add up to a chi-square law, over %d columns', (rows, cols) => {
    const data = gaussians(rows, cols, 13);
    const squares = new Float64Array(cols);
    for (const [at, value] of data.entries()) squares[at % cols]! += value * value;
    expect(kolmogorov(squares, (value) => chiSquareCdf(value, rows))).toBeLessThan(KOLMOGOROV);
  });

  test('entries of one row over the columns have the law, too', () => {
    expect(kolmogorov(gaussians(1, 2 ** 16, 14), normalCdf)).toBeLessThan(KOLMOGOROV);
    const rows = gaussians(2, 2 ** 16, 14);
    expect(
      kolmogorov(
        rows.filter((_, at) => at >= 2 ** 16),
        normalCdf,
      ),
    ).toBeLessThan(KOLMOGOROV);
  });
});
