/**
 * Multivectors in this process's memory: one row-major array, so that a row panel is a view and dense algebra, which
 * passes over the rows ten times a decomposition, copies nothing. Columns are gathered once a product.
 */
import { type Block, checkBlock, copyColumns, zeros } from '../core/block.ts';
import { allocate, type DType, dtypeOf, type FloatArray } from '../core/dtype.ts';
import type { Multivector, Scope, Space } from './multivector.ts';

class HostMultivector implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #all: Block;

  constructor(space: Space, all: Block) {
    this.rows = all.rows;
    this.cols = all.cols;
    this.dtype = space.dtype;
    this.space = space;
    this.#all = all;
  }

  async readColumns(start: number, end: number, into?: Block): Promise<Block> {
    if (start === 0 && end === this.cols) return this.#all;
    const block = into ?? zeros(this.rows, end - start, this.dtype);
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
    const { data } = this.#all;
    const at = start * this.cols;
    const isView =
      panel.data.buffer === data.buffer && panel.data.byteOffset === data.byteOffset + at * data.BYTES_PER_ELEMENT;
    if (!isView) data.set(panel.data, at);
  }

  async toBlock(): Promise<Block> {
    return { ...this.#all, data: this.#all.data.slice() };
  }
}

/** 2^21 float64 numbers are 16 MB, enough to amortise a call and small beside any multivector. */
const PANEL_ENTRIES = 2 ** 21;

/** What is taken back is given out again: fresh memory costs a page fault every few kilobytes. */
class HostSpace implements Scope {
  readonly rows: number;
  readonly dtype: DType;
  readonly inMemory = true;
  readonly panelEntries: number = PANEL_ENTRIES;
  readonly blockColumns: number = Number.POSITIVE_INFINITY;
  readonly #memory = new WeakMap<Multivector, FloatArray>();
  #free: FloatArray[] = [];

  constructor(rows: number, dtype: DType) {
    this.rows = rows;
    this.dtype = dtype;
  }

  async allocate(cols: number): Promise<Multivector> {
    const length = this.rows * cols;
    const memory = (length > 0 && this.#smallestFree(length)) || allocate(this.dtype, length);
    this.#free = this.#free.filter((each) => each !== memory);
    const multivector = new HostMultivector(this, { rows: this.rows, cols, data: memory.subarray(0, length) });
    this.#memory.set(multivector, memory);
    return multivector;
  }

  /** The smallest memory that is large enough: a large one is kept for what needs it. */
  #smallestFree(length: number): FloatArray | undefined {
    const enough = this.#free.filter((each) => each.length >= length);
    return enough.reduce<FloatArray | undefined>(
      (best, each) => (best && best.length <= each.length ? best : each),
      undefined,
    );
  }

  async release(multivector: Multivector): Promise<void> {
    const memory = this.#memory.get(multivector);
    if (memory && this.#memory.delete(multivector)) this.#free.push(memory);
  }

  /** The garbage collector knows what is in use. */
  scope(): Scope {
    return this;
  }

  async close(): Promise<void> {}
}

/** A space whose multivectors live in memory. */
export function hostSpace(rows: number, dtype: DType): Space {
  return new HostSpace(rows, dtype);
}

/** A block itself as a multivector, for reading: what is written to it is written to the block. */
export function viewOf(block: Block): Multivector {
  return new HostMultivector(hostSpace(block.rows, dtypeOf(block.data)), block);
}

/** A multivector in memory with a copy of a block's values. */
export async function multivectorOf(block: Block, dtype: DType): Promise<Multivector> {
  const out = await hostSpace(block.rows, dtype).allocate(block.cols);
  await out.writeColumns(0, block);
  return out;
}
