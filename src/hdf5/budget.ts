/** What may be held in memory at once when multivectors are on disk. */
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, type DType } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { formatMemory } from '../core/memory.ts';
import { LEAST_PANEL_ROWS } from '../multivector/sweep.ts';
import { shapeField } from './arguments.ts';

/**
 * Bytes at once for each entry of the widest panel, in the pass that holds most (Ritz vectors with residuals, a product
 * in float64, or a projection on many column blocks that share this width): two panels of two inputs and one of the output under way, each also in pieces by column blocks, and two
 * in float64.
 */
const BYTES_PER_PANEL_ENTRY = 128;

/** Larger panels gain nothing and block the event loop while they are put together. */
const MOST_PANEL_ENTRIES = 2 ** 23;

/** Blocks of n x b at once: what goes into a product, what comes out, and twice as much for the operator. */
const BLOCKS_AT_ONCE = 4;

/** The tall blocks of one computation. */
export interface Tall {
  /** Rows. */
  rows: number;
  /** Columns of the widest of them. */
  cols: number;
  /** Element type. */
  dtype: DType;
}

/** How much is in memory at once. */
export interface Budget {
  /** Entries of a row panel. */
  panelEntries: number;
  /** Columns of one product. */
  blockColumns: number;
}

/**
 * Bytes without which nothing can be done: panels of 64 rows, and products of one column.
 * @throws ArgumentError for sizes that are none.
 */
export function leastMemory(tall: Tall): number {
  return atDoor('leastMemory', () => leastBytes(shapeField.parse(tall, 'tall')));
}

function leastBytes({ rows, cols, dtype }: Tall): number {
  const panel = BYTES_PER_PANEL_ENTRY * Math.min(rows, LEAST_PANEL_ROWS) * cols;
  return Math.max(panel, BLOCKS_AT_ONCE * rows * bytesPerEntry(dtype));
}

/**
 * Sizes of panels and of blocks with which tall blocks are processed within `memory` bytes; small k x k matrices and the
 * program itself come on top.
 * @throws ArgumentError when that is not enough for one panel or one column, with the least that is.
 */
export function budgetWithin(memory: number, tall: Tall): Budget {
  const least = leastBytes(tall);
  if (memory < least) {
    throw new ArgumentError(
      `memory of ${formatMemory(memory)} is too small for ${tall.rows} x ${tall.cols} blocks of ${tall.dtype}: ` +
        `at least ${formatMemory(least)} is needed`,
      { memory, least },
    );
  }
  return {
    panelEntries: Math.min(MOST_PANEL_ENTRIES, Math.floor(memory / BYTES_PER_PANEL_ENTRY)),
    blockColumns: Math.floor(memory / (BLOCKS_AT_ONCE * tall.rows * bytesPerEntry(tall.dtype))),
  };
}
