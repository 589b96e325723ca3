import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { Block } from '../../src/core/block.ts';
import { type Distribution, fillRandom, initialState, type Purpose, type StreamKey } from '../../src/core/random.ts';
import { Xoroshiro128Plus } from '../../src/core/xoroshiro.ts';
import { describe, expect, test } from '../support/jest.ts';
import { largestDifference } from '../support/matrices.ts';

const purposes: readonly Purpose[] = [
  'sketch',
  'inner',
  'test',
  'probe',
  'start',
  'trace',
  'traceRange',
  'synthetic',
  'residual',
];

function column(n: number, distribution: Distribution, key: StreamKey, index: number): Float64Array {
  const block: Block = { rows: n, cols: 1, data: new Float64Array(n) };
  fillRandom(block, distribution, key, index);
  return block.data as Float64Array;
}

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

describe('random columns are a function of (seed, purpose, column) only', () => {
  test.each(['gaussian', 'rademacher', 'sparseSign'] as const)(
    '%s: any block width gives the same bits',
    (distribution) => {
      const key: StreamKey = { seed: 11, purpose: 'sketch' };
      const n = 601;
      const k = 50;
      const whole: Block = { rows: n, cols: k, data: new Float64Array(n * k) };
      fillRandom(whole, distribution, key, 0);
      for (const width of [1, 2, 7, 50]) {
        for (let start = 0; start < k; start += width) {
          const cols = Math.min(width, k - start);
          const part: Block = { rows: n, cols, data: new Float64Array(n * cols) };
          fillRandom(part, distribution, key, start);
          const columns = whole.data.filter((_, at) => at % k >= start && at % k < start + cols);
          expect(largestDifference(part.data, columns)).toBe(0);
        }
      }
    },
  );

  test('float32 blocks hold the float64 numbers rounded once', () => {
    const key: StreamKey = { seed: 5, purpose: 'test' };
    const single: Block = { rows: 64, cols: 1, data: new Float32Array(64) };
    fillRandom(single, 'gaussian', key, 3);
    expect(Array.from(single.data)).toEqual(Array.from(column(64, 'gaussian', key, 3), Math.fround));
  });

  test('different seeds, purposes and columns share no run of 20 signs in 4096', () => {
    const seen = new Set<string>();
    let windows = 0;
    for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      for (const purpose of purposes) {
        for (const index of [0, 1, 2]) {
          const signs = column(4096, 'rademacher', { seed, purpose }, index);
          const text = Array.from(signs, (v) => (v > 0 ? '+' : '-')).join('');
          // 64 windows of 64 signs each: a repeat by chance has probability below 1e-12
          for (let at = 0; at < 4096; at += 64, windows++) seen.add(text.slice(at, at + 64));
        }
      }
    }
    expect(seen.size).toBe(windows);
  });
});

describe('moments, each within 5 standard errors (failure probability below 1e-5 a check under the law)', () => {
  const n = 200_000;
  test.each(purposes)('gaussian, purpose %s', (purpose) => {
    const x = column(n, 'gaussian', { seed: 3, purpose }, 7);
    expect(Math.abs(mean(x))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(mean(x.map((v) => v * v)) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(mean(x.map((v) => v ** 4)) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    // P(|x| > 1.959964) = 0.05
    const outside = mean(x.map((v) => (Math.abs(v) > 1.959963984540054 ? 1 : 0)));
    expect(Math.abs(outside - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / n));
  });

  test('rademacher: every one of the 32 bit positions of a draw is fair, and neighbours are uncorrelated', () => {
    const x = column(n, 'rademacher', { seed: 3, purpose: 'sketch' }, 0);
    expect(x.every((v) => v === 1 || v === -1)).toBe(true);
    for (let bit = 0; bit < 32; bit++) {
      const at = x.filter((_, i) => i % 32 === bit);
      expect(Math.abs(mean(at))).toBeLessThan(5 / Math.sqrt(at.length));
    }
    for (const lag of [1, 2, 31, 32, 64, 127, 128]) {
      const products = x.subarray(lag).map((v, i) => v * x[i]!);
      expect(Math.abs(mean(products))).toBeLessThan(5 / Math.sqrt(n - lag));
    }
  });

  test('neighbouring columns and purposes are uncorrelated', () => {
    const keys: [Purpose, number][] = [
      ['sketch', 0],
      ['sketch', 1],
      ['test', 0],
      ['inner', 0],
    ];
    const columns = keys.map(([purpose, index]) => column(n, 'gaussian', { seed: 1, purpose }, index));
    for (let i = 1; i < columns.length; i++) {
      for (let j = 0; j < i; j++) {
        expect(Math.abs(mean(columns[i]!.map((v, at) => v * columns[j]![at]!)))).toBeLessThan(5 / Math.sqrt(n));
      }
    }
  });
});

// made by a separate implementation in Python: xoroshiro128+ on 64-bit integers, the documented state and finaliser, logarithms,
// sines and cosines of 40 digits (mpmath)
const FROZEN_SIGNS: Record<Purpose, string> = {
  sketch: '1100111100011111010001101010101000001111',
  inner: '1110110011001100000110000000011110010001',
  test: '1111011101100110110001011010011101110100',
  probe: '0000000001011001101010100010001000111010',
  start: '1100100011011000011101101000000010000010',
  trace: '1001010111001101100011010000100011111110',
  traceRange: '1001100100001101001011111000111110011101',
  synthetic: '0001001111000011010011100111011110000111',
  residual: '0001110100001111011011101010101100100010',
  defect: '0111111100101100110111000000110111001000',
};
const FROZEN_GAUSSIANS: Record<Purpose, number[]> = {
  sketch: [0.9542929378262195, -0.14429074167148365, -0.35179808894522857, -0.47259014184177073],
  inner: [-0.5840153206684672, -0.5137966610995868, -0.006192863620751138, -0.45582870007724996],
  test: [1.6119290944541258, 0.7246003472113381, 0.6566736023993077, -2.0376114448338294],
  probe: [-0.515393357688385, -0.9652099271460586, -1.0157929185817078, 0.5910731723788639],
  start: [-1.5670946343675438, -0.5191980210309536, 0.912637576220405, 1.7295455435339815],
  trace: [2.0545366802965614, 0.24182237177645485, -0.5875989079495438, -1.6061142034096219],
  traceRange: [0.4763046828022408, 0.9787111740174174, 0.9064360833982534, -0.14934386226836388],
  synthetic: [0.07783418609195956, -0.3937031572079853, 0.6148267655170039, -1.0137200680567942],
  residual: [0.5698633906883934, 0.9201630037652053, 0.2875926248979826, -0.302229771280928],
  defect: [-1.0678671299319984, 2.7554280433652094, -0.18719966958297413, -0.4711376743204466],
};

/** SHA-256 of the bytes of 1001 Gaussian numbers: the same on every engine. */
const FROZEN_BITS = '289c9e28dfee3f0ad0737460435796d501da443d13454c7b79819ba340090a27';

test('the first numbers of each stream are frozen: stored sketches must stay readable', () => {
  for (const purpose of purposes) {
    const signs = column(40, 'rademacher', { seed: 2024, purpose }, 5);
    expect(Array.from(signs, (v) => (v > 0 ? '1' : '0')).join('')).toBe(FROZEN_SIGNS[purpose]);
    const numbers = column(4, 'gaussian', { seed: 2024, purpose }, 5);
    for (const [i, value] of FROZEN_GAUSSIANS[purpose].entries()) expect(numbers[i]).toBeCloseTo(value, 14);
  }
  const bits = column(1001, 'gaussian', { seed: 2024, purpose: 'test' }, 5);
  expect(createHash('sha256').update(bits).digest('hex')).toBe(FROZEN_BITS);
});

test('the numbers behind them are those of pure-rand', () => {
  for (let index = 0; index < 20; index++) {
    const state = initialState({ seed: 2 ** 40 + index, purpose: 'sketch' }, index);
    const [ours, theirs] = [new Xoroshiro128Plus(state), xoroshiro128plusFromState([...state])];
    const word = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const made = { ours: [] as unknown[], theirs: [] as unknown[] };
    for (let i = 0; i < 100; i++) {
      const [high0, low0, high1, low1] = theirs.getState() as [number, number, number, number];
      ours.next();
      made.ours.push(ours.low, word(ours.high, ours.low));
      made.theirs.push(theirs.next(), BigInt.asUintN(64, word(high0, low0) + word(high1, low1)));
    }
    expect(made.ours).toEqual(made.theirs);
  }
});
