/**
 * Random columns. The generator of a column is a function of (seed, purpose, column) only, so a test matrix does not
 * depend on block size, worker, order or backend, and vectors drawn for one purpose never meet those of another.
 */

import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator';
import type { Block } from './block.ts';

/** What a random column is drawn for. The numbers are part of every stream: never change them. */
const PURPOSES = { sketch: 1, inner: 2, test: 3, probe: 4, start: 5, trace: 6, traceRange: 7, synthetic: 8 } as const;
export type Purpose = keyof typeof PURPOSES;

/** Raised where the same key gives other numbers than before: stored runs of other streams are not continued. */
export const STREAM_VERSION = 1;

/** The distributions of a random column's entries, both with mean 0 and variance 1. */
export type Distribution = 'gaussian' | 'rademacher';

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
function initialState({ seed, purpose }: StreamKey, column: number): [number, number, number, number] {
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

/**
 * Uniform 32-bit words. xoroshiro128+ adds two words, which leaves its lowest bits linear (Blackman & Vigna 2021,
 * section 10.1); a multiply-xorshift finaliser spreads the strong high bits over all 32, because signs use every bit.
 */
class WordStream {
  readonly #generator: JumpableRandomGenerator;

  constructor(key: StreamKey, column: number) {
    this.#generator = xoroshiro128plusFromState(initialState(key, column));
  }

  next(): number {
    let word = this.#generator.next();
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  }

  /** A multiple of 2^-53 in (0, 1]. */
  nextUniform(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 2 ** 26 + low + 1) * 2 ** -53;
  }
}

/** Fills one column of a row-major block, rows `start..end`; calls on one filler must be in row order. */
type ColumnFiller = (block: Block, column: number, start: number, end: number) => void;

function gaussianFiller(words: WordStream): ColumnFiller {
  return (block, column, start, end) => {
    for (let i = start; i < end; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(words.nextUniform()));
      const angle = 2 * Math.PI * words.nextUniform();
      block.data[i * block.cols + column] = radius * Math.cos(angle);
      if (i + 1 < end) block.data[(i + 1) * block.cols + column] = radius * Math.sin(angle);
    }
  };
}

function rademacherFiller(words: WordStream): ColumnFiller {
  return (block, column, start, end) => {
    for (let i = start; i < end; i += 32) {
      let bits = words.next();
      const last = Math.min(i + 32, end);
      for (let row = i; row < last; row++) {
        block.data[row * block.cols + column] = bits & 1 ? 1 : -1;
        bits >>>= 1;
      }
    }
  };
}

/** Rows filled per column before going to the next column: even, a multiple of 32, and small enough for the cache. */
const CHUNK_ROWS = 64;

/**
 * Fills a block with i.i.d. entries: its column j becomes random column `firstColumn + j` of the stream `key`.
 * Gaussian entries by Box & Muller 1958 in float64, rounded to the block's type.
 */
export function fillRandom(block: Block, distribution: Distribution, key: StreamKey, firstColumn: number): void {
  const filler = distribution === 'gaussian' ? gaussianFiller : rademacherFiller;
  const columns = Array.from({ length: block.cols }, (_, j) => filler(new WordStream(key, firstColumn + j)));
  for (let start = 0; start < block.rows; start += CHUNK_ROWS) {
    const end = Math.min(start + CHUNK_ROWS, block.rows);
    for (const [j, fill] of columns.entries()) fill(block, j, start, end);
  }
}
