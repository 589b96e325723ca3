/** Multivectors in this process's memory. */
import { type Block, checkBlock, copyColumns, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import type { Multivector, Space } from './multivector.ts';

interface ColumnBlock {
  start: number;
  block: Block;
}

class HostMultivector implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly #blocks: readonly ColumnBlock[];

  constructor(rows: number, cols: number, dtype: DType, blockSize: number) {
    this.rows = rows;
    this.cols = cols;
    this.dtype = dtype;
    const blocks: ColumnBlock[] = [];
    for (let start = 0; start < cols; start += blockSize) {
      blocks.push({ start, block: zeros(rows, Math.min(blockSize, cols - start), dtype) });
    }
    this.#blocks = blocks;
  }

  /** Calls `visit` with each stored block that meets columns `start..end` and the range of its own columns inside it. */
  #overlap(start: number, end: number, visit: (part: ColumnBlock, first: number, last: number) => void): void {
    for (const part of this.#blocks) {
      const first = Math.max(start - part.start, 0);
      const last = Math.min(end - part.start, part.block.cols);
      if (first < last) visit(part, first, last);
    }
  }

  async readColumns(start: number, end: number): Promise<Block> {
    const exact = this.#blocks.find((part) => part.start === start && part.block.cols === end - start);
    if (exact) return exact.block;
    const out = zeros(this.rows, end - start, this.dtype);
    this.#overlap(start, end, (part, first, last) => {
      copyColumns(part.block, first, last, out, part.start + first - start);
    });
    return out;
  }

  async writeColumns(start: number, block: Block): Promise<void> {
    checkBlock('writeColumns', block, this.rows, block.cols);
    this.#overlap(start, start + block.cols, (part, first, last) => {
      copyColumns(block, part.start + first - start, part.start + last - start, part.block, first);
    });
  }

  async readRows(start: number, panel: Block): Promise<void> {
    for (const { start: column, block } of this.#blocks) {
      const from = { rows: panel.rows, cols: block.cols, data: rowsOf(block, start, panel.rows) };
      copyColumns(from, 0, block.cols, panel, column);
    }
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    for (const { start: column, block } of this.#blocks) {
      const into = { rows: panel.rows, cols: block.cols, data: rowsOf(block, start, panel.rows) };
      copyColumns(panel, column, column + block.cols, into, 0);
    }
  }

  async toBlock(): Promise<Block> {
    const out = zeros(this.rows, this.cols, this.dtype);
    await this.readRows(0, out);
    return out;
  }
}

function rowsOf(block: Block, start: number, count: number): Block['data'] {
  return block.data.subarray(start * block.cols, (start + count) * block.cols);
}

/** Columns per stored block when the caller has no preference. */
export const DEFAULT_BLOCK_SIZE = 64;

/** A space whose multivectors live in memory, in column blocks of `blockSize`. */
export function hostSpace(rows: number, dtype: DType, blockSize: number = DEFAULT_BLOCK_SIZE): Space {
  return {
    rows,
    dtype,
    allocate: async (cols) => new HostMultivector(rows, cols, dtype, Math.max(1, blockSize)),
  };
}

/** A multivector in memory with the values of a block. */
export async function multivectorOf(block: Block, dtype: DType, blockSize?: number): Promise<Multivector> {
  const out = await hostSpace(block.rows, dtype, blockSize).allocate(block.cols);
  await out.writeColumns(0, block);
  return out;
}
