/** Programs on columns that lie one after the other in the shared memory: projecting another one on them, and combining them. */
import type { Address } from './module.ts';
import { packedBytes } from './product.ts';
import type { Thread } from './thread.ts';

/** Columns that lie one after the other. */
export interface StoredColumns {
  at: Address;
  /** Bytes from column to column. */
  rowBytes: number;
  count: number;
  /** What is to be taken away of each. */
  away: Address;
}

/** x -= V c for the columns of all parts, side by side, and then their products with x, and x^T x. All float64. */
export interface ColumnProjection {
  parts: readonly StoredColumns[];
  rows: number;
  x: Address;
  /** Where the products of each piece of the rows belong, those with the columns and x^T x; undefined where they are not asked for. */
  sums: Address | undefined;
}

/**
 * Rows of a piece: x and the columns are in a cache when they are read again. Sums are made of those of the pieces, so that they
 * do not depend on the number of threads.
 */
export const PIECE = 1024;

/** Called by every thread of a team. */
export function projectColumn(thread: Thread, { parts, rows, x, sums }: ColumnProjection): void {
  const { kernels } = thread;
  const pieceSums = parts.reduce((total, { count }) => total + count, 1);
  const { start, end } = thread.share(Math.ceil(rows / PIECE));
  for (let piece = start; piece < end; piece++) {
    const offset = 8 * PIECE * piece;
    const length = Math.min(PIECE, rows - PIECE * piece);
    const xs = x + offset;
    for (const { at, rowBytes, count, away } of parts) {
      kernels.subtractScaled(xs, away, at + offset, rowBytes, count, length);
    }
    if (sums === undefined) continue;
    let into = sums + 8 * pieceSums * piece;
    for (const { at, rowBytes, count } of parts) {
      kernels.manyDots(at + offset, rowBytes, count, xs, length, into);
      into += 8 * count;
    }
    kernels.manyDots(xs, 0, 1, xs, length, into);
  }
}

/** Columns with the factors of their combinations, a row of `count` numbers for each. */
export interface CombinedColumns {
  at: Address;
  count: number;
  factors: Address;
}

/** out = V C for the columns of all parts, side by side. All float64; `out` is apart from them. */
export interface ColumnCombination {
  parts: readonly CombinedColumns[];
  rows: number;
  out: Address;
  /** Columns of the result. */
  count: number;
  /** Room for `packedBytes(COMBINED_ROWS, n)`, n the columns of the widest part. */
  packed: Address;
}

/** Rows that are combined at a time: they are in a cache once they are packed. */
export const COMBINED_ROWS = 4096;

/** Bytes in which they are packed. */
export const combinedBytes = (parts: readonly { count: number }[]): number =>
  packedBytes(
    COMBINED_ROWS,
    parts.reduce((most, { count }) => Math.max(most, count), 0),
  );

/** Called by every thread of a team. */
export function combineColumns({ kernels }: Thread, { parts, rows, out, count, packed }: ColumnCombination): void {
  const rowBytes = 8 * rows;
  for (let first = 0; first < rows; first += COMBINED_ROWS) {
    const length = Math.min(COMBINED_ROWS, rows - first);
    for (const [i, { at, count: depth, factors }] of parts.entries()) {
      const [from, to] = [at + 8 * first, out + 8 * first];
      // biome-ignore format: the argument list of the kernel
      kernels.productF64(factors, 8 * depth, 8, from, 8, rowBytes, to, rowBytes, count, length, depth, 1, i > 0, false, packed);
    }
  }
}
