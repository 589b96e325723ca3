/**
 * Multivectors in this process's memory: one row-major array, so that a row panel is a view and dense algebra, which
 * passes over the rows ten times a decomposition, copies nothing. Columns are gathered once a product.
 */
import { type Block, checkBlock, copyColumns, zeros } from '../core/block.ts';
import { allocate, type DType, dtypeOf, type FloatArray } from '../core/dtype.ts';
import { Pool } from '../core/scratch.ts';
import type { Loan } from '../linalg/kernels/provider.ts';
import type { ColumnStore, Multivector, Scope, Space } from './multivector.ts';

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
    // what has been made here is here
    if (block.cols === this.cols) await this.writeRows(0, block);
    else copyColumns(block, 0, block.cols, this.#all, start);
  }

  async readRows(start: number, count: number): Promise<Block> {
    return this.viewRows(start, count);
  }

  viewRows(start: number, count: number): Block {
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

/** Copies the transpose of rows `start..start + panel.rows` of a store's columns into a panel, or back. */
function transposeRows({ cols: n, data }: Block, start: number, panel: Block, isBack: boolean): void {
  const { rows, cols } = panel;
  for (let j = 0; j < cols; j++) {
    const first = j * n + start;
    for (let i = 0, at = j; i < rows; i++, at += cols) {
      if (isBack) data[first + i] = panel.data[at]!;
      else panel.data[at] = data[first + i]!;
    }
  }
}

class HostColumns implements ColumnStore {
  readonly rows: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #memory: FloatArray;
  #cols = 0;

  constructor(space: Space, memory: FloatArray) {
    this.rows = space.rows;
    this.dtype = space.dtype;
    this.space = space;
    this.#memory = memory;
  }

  get cols(): number {
    return this.#cols;
  }

  get transposed(): Block {
    return this.#columns(0, this.#cols);
  }

  widen(count: number): boolean {
    if ((this.#cols + count) * this.rows > this.#memory.length) return false;
    this.#cols += count;
    return true;
  }

  async readColumns(start: number, end: number, into?: Block): Promise<Block> {
    const block = into ?? zeros(this.rows, end - start, this.dtype);
    transposeRows(this.#columns(start, end), 0, block, false);
    return block;
  }

  async writeColumns(start: number, block: Block): Promise<void> {
    checkBlock('writeColumns', block, this.rows, block.cols);
    const target = this.#columns(start, start + block.cols);
    if (block.cols === 1) target.data.set(block.data);
    else transposeRows(target, 0, block, true);
  }

  async readRows(start: number, count: number, into?: Block): Promise<Block> {
    const panel = into ?? zeros(count, this.cols, this.dtype);
    transposeRows(this.transposed, start, panel, false);
    return panel;
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    transposeRows(this.transposed, start, panel, true);
  }

  toBlock(): Promise<Block> {
    return this.readColumns(0, this.cols);
  }

  #columns(start: number, end: number): Block {
    return { rows: end - start, cols: this.rows, data: this.#memory.subarray(start * this.rows, end * this.rows) };
  }
}

/** 2^23 float32 numbers are 32 MB: four thousand rows of two thousand columns, beside which what a product does once is little. */
const PANEL_ENTRIES = 2 ** 23;

/** What spaces take back is for all of them, up to so many bytes: a second call finds what the first has used. */
const shared = new Pool(2 ** 26);

/** What is taken back is given out again. */
class HostSpace implements Scope {
  readonly rows: number;
  readonly dtype: DType;
  readonly inMemory = true;
  readonly panelEntries: number = PANEL_ENTRIES;
  readonly blockColumns: number = Number.POSITIVE_INFINITY;
  readonly #memory = new WeakMap<Multivector, FloatArray>();
  readonly #loans = new WeakMap<Multivector, Loan>();
  /** What is too much to keep for others. */
  readonly #own = new Pool(Number.POSITIVE_INFINITY);

  constructor(rows: number, dtype: DType) {
    this.rows = rows;
    this.dtype = dtype;
  }

  async allocate(cols: number): Promise<Multivector> {
    const { rows } = this;
    const memory = this.#take(rows * cols);
    const multivector = new HostMultivector(this, { rows, cols, data: memory.subarray(0, rows * cols) });
    this.#memory.set(multivector, memory);
    return multivector;
  }

  async allocateColumns(capacity: number, loan?: Loan): Promise<ColumnStore> {
    const memory = loan?.memory ?? this.#take(this.rows * capacity);
    const columns = new HostColumns(this, memory.subarray(0, this.rows * capacity));
    this.#memory.set(columns, memory);
    if (loan) this.#loans.set(columns, loan);
    return columns;
  }

  #take(length: number): FloatArray {
    const { dtype } = this;
    return this.#own.take(dtype, length) ?? shared.take(dtype, length) ?? allocate(dtype, length);
  }

  async release(multivector: Multivector): Promise<void> {
    const memory = this.#memory.get(multivector);
    if (!memory || !this.#memory.delete(multivector)) return;
    const loan = this.#loans.get(multivector);
    if (loan) loan.giveBack();
    else if (!shared.give(memory)) this.#own.give(memory);
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
