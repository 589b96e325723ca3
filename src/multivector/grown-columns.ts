/** Columns that grow by blocks, which need not be copied to be used as a whole. */
import { type Block, copyColumns, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { UnsupportedError } from '../core/errors.ts';
import type { Multivector, Space } from './multivector.ts';
import { panelBuffer, type SweepContext } from './sweep.ts';
import { concatenate } from './verbs.ts';

/** Column blocks side by side as one multivector that is only read. */
class SideBySide implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #parts: readonly Multivector[];
  /** A pass over the rows reads one panel ahead. */
  readonly #panels: readonly ((count: number) => Block)[];
  #next = 0;

  constructor(parts: readonly Multivector[], space: Space) {
    this.rows = space.rows;
    this.dtype = space.dtype;
    this.space = space;
    this.cols = parts.reduce((sum, { cols }) => sum + cols, 0);
    this.#parts = parts;
    this.#panels = [panelBuffer(this.cols, this.dtype), panelBuffer(this.cols, this.dtype)];
  }

  async readColumns(start: number, end: number, into?: Block): Promise<Block> {
    const block = into ?? zeros(this.rows, end - start, this.dtype);
    let first = 0;
    for (const part of this.#parts) {
      const from = Math.max(start - first, 0);
      const to = Math.min(end - first, part.cols);
      if (from < to) copyColumns(await part.readColumns(from, to), 0, to - from, block, first + from - start);
      first += part.cols;
    }
    return block;
  }

  async readRows(start: number, count: number, into?: Block): Promise<Block> {
    const panel = into ?? this.#panels[this.#next++ % 2]!(count);
    let first = 0;
    for (const part of this.#parts) {
      copyColumns(await part.readRows(start, count), 0, part.cols, panel, first);
      first += part.cols;
    }
    return panel;
  }

  async writeColumns(): Promise<void> {
    throw new UnsupportedError('column blocks side by side are only read');
  }

  async writeRows(): Promise<void> {
    throw new UnsupportedError('column blocks side by side are only read');
  }

  toBlock(): Promise<Block> {
    return this.readColumns(0, this.cols);
  }
}

/** More column blocks than this are put together: each costs a call of every pass over the columns. */
const MOST_PARTS = 8;

/** Columns that grow by blocks. What is there is not copied when more come, but where there are many blocks. */
export class GrownColumns {
  readonly #space: Space;
  #parts: readonly Multivector[] = [];
  #all: Multivector | undefined;

  constructor(space: Space) {
    this.#space = space;
  }

  /** The column blocks, in order. */
  get parts(): readonly Multivector[] {
    return this.#parts;
  }

  /** All columns in one multivector, which is only read. */
  get all(): Multivector {
    const [first, ...others] = this.#parts;
    this.#all ??= first && others.length === 0 ? first : new SideBySide(this.#parts, this.#space);
    return this.#all;
  }

  /** How many columns there are. */
  get cols(): number {
    return this.#parts.reduce((sum, { cols }) => sum + cols, 0);
  }

  /** Takes a block at the end, as it is. */
  async append(block: Multivector, context: SweepContext): Promise<void> {
    const parts = [...this.#parts, block];
    const cols = this.cols + block.cols;
    const isMany = parts.length > MOST_PARTS;
    this.#parts = isMany ? [await concatenate(parts, await this.#space.allocate(cols), context)] : parts;
    this.#all = undefined;
  }
}
