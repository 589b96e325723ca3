/** A multivector whose column blocks are in files: row panels are put together from them, columns are read straight. */

import { type Block, checkBlock, copyColumns, rowsOf, zeros } from '../core/block.ts';
import { allocate, bytesPerEntry, type DType, dtypeOf, type FloatArray } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { Scratch } from '../core/scratch.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { PIECE_BYTES } from './io.ts';
import type { ColumnBlock } from './scratch-file.ts';

/** A column block and where its columns belong. */
interface Placed {
  block: ColumnBlock;
  first: number;
  end: number;
}

/** Memory cut into one panel of `count` rows for each block. */
function cut(memory: FloatArray, blocks: readonly ColumnBlock[], count: number): Block[] {
  let at = 0;
  return blocks.map(({ cols }) => {
    const data = memory.subarray(at, at + count * cols);
    at += count * cols;
    return { rows: count, cols, data };
  });
}

export class DiskMultivector implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #placed: readonly Placed[];
  readonly #close: () => Promise<void>;
  readonly #pieces: Scratch<FloatArray>;

  /**
   * @param blocks side by side, from the first column to the last
   * @param close gives their files back
   */
  constructor(space: Space, blocks: readonly ColumnBlock[], close: () => Promise<void>) {
    let cols = 0;
    this.#placed = blocks.map((block) => {
      const first = cols;
      cols += block.cols;
      return { block, first, end: cols };
    });
    this.rows = space.rows;
    this.cols = cols;
    this.dtype = space.dtype;
    this.space = space;
    this.#close = close;
    this.#pieces = new Scratch((length) => allocate(this.dtype, length));
  }

  async readRows(start: number, count: number, into?: Block): Promise<Block> {
    const panel = into ?? zeros(count, this.cols, this.dtype);
    const [only, ...others] = this.#placed;
    if (only && others.length === 0) return only.block.readRows(start, count, panel);
    await this.#pieces.lend(count * this.cols, async (memory) => {
      const blocks = this.#placed.map(({ block }) => block);
      const parts = cut(memory, blocks, count);
      const reading = blocks.map((block, j) => block.readRows(start, count, parts[j]));
      try {
        for (const [j, { first }] of this.#placed.entries()) {
          copyColumns(await reading[j]!, 0, parts[j]!.cols, panel, first);
        }
      } finally {
        // the memory is not given back while it is still read into
        await Promise.allSettled(reading);
      }
    });
    return panel;
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    checkBlock('writeRows', panel, panel.rows, this.cols);
    await this.#pieces.lend(panel.data.length, async (memory) => {
      const blocks = this.#placed.map(({ block }) => block);
      const parts = cut(memory, blocks, panel.rows);
      const writing = this.#placed.map(({ block, first, end }, j) => {
        copyColumns(panel, first, end, parts[j]!, 0);
        return this.#write(block, start, parts[j]!);
      });
      await Promise.all(writing).finally(() => Promise.allSettled(writing));
    });
  }

  async readColumns(start: number, end: number, into?: Block): Promise<Block> {
    const out = into ?? zeros(this.rows, end - start, this.dtype);
    for (const { block, first, end: last } of this.#placed) {
      const [from, to] = [Math.max(start, first), Math.min(end, last)];
      if (from >= to) continue;
      if (out.cols === block.cols && from === first) return block.readRows(0, this.rows, out);
      await this.#byPieces(block, async (row, piece) => {
        await block.readRows(row, piece.rows, piece);
        copyColumns(piece, from - first, to - first, rowsOf(out, row, row + piece.rows), from - start);
      });
    }
    return out;
  }

  async writeColumns(start: number, columns: Block): Promise<void> {
    checkBlock('writeColumns', columns, this.rows, columns.cols);
    const end = start + columns.cols;
    for (const { block, first, end: last } of this.#placed) {
      const [from, to] = [Math.max(start, first), Math.min(end, last)];
      if (from >= to) continue;
      const isWhole = to - from === block.cols;
      if (isWhole && columns.cols === block.cols && dtypeOf(columns.data) === this.dtype) {
        await this.#write(block, 0, columns);
        continue;
      }
      await this.#byPieces(block, async (row, piece) => {
        if (!isWhole) await block.readRows(row, piece.rows, piece);
        copyColumns(rowsOf(columns, row, row + piece.rows), from - start, to - start, piece, from - first);
        await this.#write(block, row, piece);
      });
    }
  }

  async toBlock(): Promise<Block> {
    return this.readRows(0, this.rows);
  }

  /** Gives its files back. */
  async close(): Promise<void> {
    await this.#close();
  }

  async #write(block: ColumnBlock, start: number, panel: Block): Promise<void> {
    if (!block.writeRows) throw new StoreError('a multivector of block files is read, not written');
    await block.writeRows(start, panel);
  }

  /** Calls `work` with memory for consecutive rows of a block, few at a time. */
  async #byPieces(block: ColumnBlock, work: (row: number, piece: Block) => Promise<void>): Promise<void> {
    // no more than a panel where memory is short
    const entries = Math.min(PIECE_BYTES / bytesPerEntry(this.dtype), this.space.panelEntries);
    const step = Math.max(1, Math.floor(entries / block.cols));
    await this.#pieces.lend(Math.min(step, this.rows) * block.cols, async (memory) => {
      for (let row = 0; row < this.rows; row += step) {
        await work(row, cut(memory, [block], Math.min(step, this.rows - row))[0]!);
      }
    });
  }
}
