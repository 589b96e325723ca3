/**
 * Multivectors in this process's memory: one row-major array, so that a row panel is a view and dense algebra, which
 * passes over the rows ten times a decomposition, copies nothing. Columns are gathered once a product.
 */
import { type Block, checkBlock, copyColumns, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import type { Multivector, Space } from './multivector.ts';

class HostMultivector implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly #all: Block;

  constructor(rows: number, cols: number, dtype: DType) {
    this.rows = rows;
    this.cols = cols;
    this.dtype = dtype;
    this.#all = zeros(rows, cols, dtype);
  }

  async readColumns(start: number, end: number): Promise<Block> {
    if (start === 0 && end === this.cols) return this.#all;
    const block = zeros(this.rows, end - start, this.dtype);
    copyColumns(this.#all, start, end, block, 0);
    return block;
  }

  async writeColumns(start: number, block: Block): Promise<void> {
    checkBlock('writeColumns', block, this.rows, block.cols);
    copyColumns(block, 0, block.cols, this.#all, start);
  }

  async readRows(start: number, count: number): Promise<Block> {
    const data = this.#all.data.subarray(start * this.cols, (start + count) * this.cols);
    return { rows: count, cols: this.cols, data };
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    this.#all.data.set(panel.data, start * this.cols);
  }

  async toBlock(): Promise<Block> {
    return { ...this.#all, data: this.#all.data.slice() };
  }
}

/** A space whose multivectors live in memory. */
export function hostSpace(rows: number, dtype: DType): Space {
  return { rows, dtype, allocate: async (cols) => new HostMultivector(rows, cols, dtype) };
}

/** A multivector in memory with a copy of a block's values. */
export async function multivectorOf(block: Block, dtype: DType): Promise<Multivector> {
  const out = await hostSpace(block.rows, dtype).allocate(block.cols);
  await out.writeColumns(0, block);
  return out;
}
