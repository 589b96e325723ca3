/**
 * The matrix product of a team of threads, after Goto & van de Geijn 2008 ("Anatomy of high-performance matrix
 * multiplication") and the BLIS micro-kernel split (Van Zee & van de Geijn 2015): B is packed once by all threads, then
 * blocks of rows of the result are handed out by ticket, so a thread whose core is busy elsewhere holds nobody up.
 */
import { micro, TILE_ROWS, tileCols } from './micro';
import { pack } from './pack';
import { barrier, ownScratch, resetTickets, shareEnd, shareStart, takeTicket } from './team';

/** Depth of a packed block: a strip of B (256 x 32 bytes) stays in the first-level cache. */
const DEPTH: usize = 256;

/** Rows of the result per ticket: the packed block of A (64 x 256) stays in the second-level cache. */
const ROWS: usize = 64;

const TILE_BYTES: usize = 128;

/** Bytes of scratch memory a thread needs: one tile for the ragged edges, then a packed block of A. */
export function scratchBytes(): usize {
  return ROWS * DEPTH * 8 + TILE_BYTES;
}

/** A tile at the right or lower edge: computed whole beside the result, then only its `rows x cols` entries are kept. */
export function edgeTile<T>(
  depth: usize,
  a: usize,
  b: usize,
  c: usize,
  rowBytes: usize,
  alpha: T,
  accumulate: bool,
  rows: usize,
  cols: usize,
  tile: usize,
): void {
  micro<T>(depth, a, b, tile, 32, alpha, false);
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < cols; j++) {
      const at = c + i * rowBytes + j * sizeof<T>();
      const value = load<T>(tile + i * 32 + j * sizeof<T>());
      store<T>(at, accumulate ? load<T>(at) + value : value);
    }
  }
}

/** A block of `rows` x `n` of the result from a packed block of A and the packed B; `row` is its first row. */
export function multiplyBlock<T>(
  rows: usize,
  n: usize,
  depth: usize,
  a: usize,
  b: usize,
  c: usize,
  rowBytes: usize,
  alpha: T,
  accumulate: bool,
  upperFrom: isize,
  tile: usize,
): void {
  const cols = tileCols<T>();
  for (let j: usize = 0; j < n; j += cols) {
    const stripB = b + j * depth * sizeof<T>();
    for (let i: usize = 0; i < rows; i += TILE_ROWS) {
      // Tiles that lie wholly below the diagonal are left alone when only the upper triangle is asked for.
      if (upperFrom >= 0 && upperFrom + <isize>i >= <isize>(j + cols)) break;
      const stripA = a + i * depth * sizeof<T>();
      const at = c + i * rowBytes + j * sizeof<T>();
      if (i + TILE_ROWS <= rows && j + cols <= n) {
        micro<T>(depth, stripA, stripB, at, rowBytes, alpha, accumulate);
      } else {
        const height = min(TILE_ROWS, rows - i);
        edgeTile<T>(depth, stripA, stripB, at, rowBytes, alpha, accumulate, height, min(cols, n - j), tile);
      }
    }
  }
}

/**
 * C (+)= alpha A B, called by every thread of the team. C: m x n, row-major. A: m x depth and B: n x depth
 * (its columns), with strides in bytes as in {@link pack}. `upper` leaves out tiles below the diagonal.
 * `packedB`: depth * (n rounded up to the tile) entries, shared. On return the result is complete.
 */
export function product<T>(
  a: usize,
  aOuter: usize,
  aDepth: usize,
  b: usize,
  bOuter: usize,
  bDepth: usize,
  c: usize,
  rowBytes: usize,
  m: usize,
  n: usize,
  depth: usize,
  alpha: T,
  accumulate: bool,
  upper: bool,
  packedB: usize,
): void {
  const cols = tileCols<T>();
  const strips = (n + cols - 1) / cols;
  const padded = strips * cols;
  const firstCol = shareStart(strips) * cols;
  const endCol = min(n, shareEnd(strips) * cols);
  resetTickets();
  for (let d: usize = 0; d < depth && firstCol < endCol; d += DEPTH) {
    const slice = min(DEPTH, depth - d);
    const into = packedB + (d * padded + firstCol * slice) * sizeof<T>();
    pack<T>(b + firstCol * bOuter + d * bDepth, bOuter, bDepth, endCol - firstCol, slice, cols, into);
  }
  barrier();
  const tile = ownScratch();
  const packedA = tile + TILE_BYTES;
  const blocks = <i32>((m + ROWS - 1) / ROWS);
  for (let block = takeTicket(); block < blocks; block = takeTicket()) {
    const row = <usize>block * ROWS;
    const rows = min(ROWS, m - row);
    const skipped = upper ? row - (row % cols) : 0;
    const below = upper ? <isize>(row - skipped) : -1;
    for (let d: usize = 0; d < depth; d += DEPTH) {
      const slice = min(DEPTH, depth - d);
      const stripsB = packedB + (d * padded + skipped * slice) * sizeof<T>();
      const at = c + row * rowBytes + skipped * sizeof<T>();
      pack<T>(a + row * aOuter + d * aDepth, aOuter, aDepth, rows, slice, TILE_ROWS, packedA);
      // biome-ignore format: one line says what the loop is about
      multiplyBlock<T>(rows, n - skipped, slice, packedA, stripsB, at, rowBytes, alpha, accumulate || d > 0, below, tile);
    }
  }
  barrier();
}
