/**
 * Random columns. The generator of a column is a function of (seed, purpose, column) only, so a test matrix does not
 * depend on block size, worker, order or backend, and vectors drawn for one purpose never meet those of another.
 */

import type { Block } from './block.ts';
import { gaussianPair } from './gaussian.ts';
import { type State, Xoroshiro128Plus } from './xoroshiro.ts';

/** What a random column is drawn for. The numbers are part of every stream: never change them. */
const PURPOSES = {
  sketch: 1,
  inner: 2,
  test: 3,
  probe: 4,
  start: 5,
  trace: 6,
  traceRange: 7,
  synthetic: 8,
  residual: 9,
  defect: 10,
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Raised where the same key gives other numbers than before: stored runs of other streams are not continued. */
export const STREAM_VERSION = 2;

/** The distributions of a random column's entries, all with mean 0 and variance 1; `'sparseSign'` has signs and zeros. */
export type Distribution = 'gaussian' | 'rademacher' | 'sparseSign';

/** Those of which all entries are drawn. */
export type DenseDistribution = Exclude<Distribution, 'sparseSign'>;

/** Names the random columns of one purpose under one seed. */
export interface StreamKey {
  seed: number;
  purpose: Purpose;
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/**
 * The 128-bit starting state of a stream. The four words (seed, purpose, column) go through a permutation of 128-bit
 * space (ChaCha quarter rounds with constants between them), so different keys always give different states.
 */
export function initialState({ seed, purpose }: StreamKey, column: number): State {
  let a = (seed % 2 ** 32) | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c: number = PURPOSES[purpose];
  let d = column | 0;
  for (let round = 1; round <= 10; round++) {
    a = (a + b) | 0;
    d = rotate(d ^ a, 16);
    c = (c + d) | 0;
    b = rotate(b ^ c, 12);
    a = (a + b) | 0;
    d = rotate(d ^ a, 8);
    c = (c + d) | 0;
    b = rotate(b ^ c, 7);
    a ^= Math.imul(round, 0x9e3779b9);
  }
  return (a | b | c | d) === 0 ? [1, 0, 0, 0] : [a, b, c, d];
}

/** Fills one column of a row-major block, rows `start..end`; calls on one filler must be in row order. */
type ColumnFiller = (block: Block, column: number, start: number, end: number) => void;

/** Pairs of rows from two numbers of the generator each, whose upper bits are its best. */
function gaussianFiller(state: State): ColumnFiller {
  const generator = new Xoroshiro128Plus(state);
  const pair = new Float64Array(2);
  return ({ data, cols }, column, start, end) => {
    for (let i = start, at = start * cols + column; i < end; i += 2, at += 2 * cols) {
      generator.next();
      const { high, low } = generator;
      generator.next();
      gaussianPair(high, low, generator.high, generator.low, pair);
      data[at] = pair[0]!;
      if (i + 1 < end) data[at + cols] = pair[1]!;
    }
  };
}

/**
 * A bijection of 32-bit words that spreads each bit over all. xoroshiro128+ adds two words, which leaves its lowest bits
 * linear (Blackman & Vigna 2021, section 10.1), and signs use every bit.
 */
export function finalise(low: number): number {
  let word = Math.imul(low ^ (low >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}

function rademacherFiller(state: State): ColumnFiller {
  const generator = new Xoroshiro128Plus(state);
  return ({ data, cols }, column, start, end) => {
    for (let i = start; i < end; i += 32) {
      generator.next();
      let bits = finalise(generator.low);
      const last = Math.min(i + 32, end) * cols + column;
      for (let at = i * cols + column; at < last; at += cols) {
        data[at] = bits & 1 ? 1 : -1;
        bits >>>= 1;
      }
    }
  };
}

/** Entries not zero of each row, on average, in the columns 8 2^t to 16 2^t of a sparse sign matrix. */
const ENTRIES = 8;

/**
 * Rows of which one is not zero in a column of a sparse sign matrix of n rows: 1 for the first 16 columns, 2 for the next 16, 4 for the
 * next 32 and so on, so that every row has about 8 entries in as many columns as came before, and a column 8 or more.
 */
export function sparseStride(column: number, n: number): number {
  const wanted = 31 - Math.clz32(Math.max(1, Math.floor(column / ENTRIES)));
  const most = 31 - Math.clz32(Math.max(1, Math.floor(n / ENTRIES)));
  return 2 ** Math.min(wanted, most);
}

/**
 * The entries that are not zero of a column: of each `stride` rows one, anywhere among them, sqrt(stride) or -sqrt(stride), so that
 * E[w w^T] = I. A leading eigenvector may lie in a few rows, as those of a diagonal operator do: what counts is that all rows have
 * entries in enough columns, 8 for any number of columns (Camano, Epperly, Meyer & Tropp 2025, arXiv 2508.21189, section 3), not how
 * many a column has. Columns are independent of each other.
 */
function sparseFiller(state: State, stride: number): ColumnFiller {
  const generator = new Xoroshiro128Plus(state);
  const size = Math.sqrt(stride);
  let first = 0;
  let bits = 0;
  const draw = (): number => {
    generator.next();
    bits = finalise(generator.low);
    return first + (bits & (stride - 1));
  };
  let row = draw();
  return ({ data, cols }, column, _, end) => {
    while (row < end) {
      data[row * cols + column] = bits < 0 ? -size : size;
      first += stride;
      row = draw();
    }
  };
}

/** A column of `rows` rows, for the distributions of {@link fillRandom}. */
function fillerOf(distribution: Distribution, key: StreamKey, column: number, rows: number): ColumnFiller {
  const state = initialState(key, column);
  if (distribution === 'gaussian') return gaussianFiller(state);
  const stride = distribution === 'sparseSign' ? sparseStride(column, rows) : 1;
  return stride === 1 ? rademacherFiller(state) : sparseFiller(state, stride);
}

/** Rows filled per column before going to the next column: even, a multiple of 32, and small enough for the cache. */
const CHUNK_ROWS = 64;

/**
 * Fills a block: its column j becomes random column `firstColumn + j` of the stream `key`. Gaussian entries are those of
 * {@link gaussianPair}, rounded to the block's type.
 */
export function fillRandom(block: Block, distribution: Distribution, key: StreamKey, firstColumn: number): void {
  if (distribution === 'sparseSign') block.data.fill(0);
  const columns = Array.from({ length: block.cols }, (_, j) =>
    fillerOf(distribution, key, firstColumn + j, block.rows),
  );
  for (let start = 0; start < block.rows; start += CHUNK_ROWS) {
    const end = Math.min(start + CHUNK_ROWS, block.rows);
    for (const [j, fill] of columns.entries()) fill(block, j, start, end);
  }
}
