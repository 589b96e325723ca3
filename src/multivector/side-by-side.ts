/** Column blocks side by side as one multivector that is only read: what grows by blocks need not be copied to be used as a whole. */
import { type Block, copyColumns, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { UnsupportedError } from '../core/errors.ts';
import type { Multivector, Space } from './multivector.ts';
import { panelBuffer } from './sweep.ts';

class SideBySide implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #parts: readonly Multivector[];
  /** A pass over the rows reads one panel ahead. */
  readonly #panels: readonly ((count: number) => Block)[];
  #next = 0;

  constructor(parts: readonly [Multivector, ...Multivector[]]) {
    const [first] = parts;
    this.rows = first.rows;
    this.dtype = first.dtype;
    this.space = first.space;
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

  writeColumns(): Promise<void> {
    throw new UnsupportedError('column blocks side by side are only read');
  }

  writeRows(): Promise<void> {
    throw new UnsupportedError('column blocks side by side are only read');
  }

  toBlock(): Promise<Block> {
    return this.readColumns(0, this.cols);
  }
}

/** The columns of `parts` in one multivector that reads them where they are. */
export function sideBySide(parts: readonly [Multivector, ...Multivector[]]): Multivector {
  return parts.length === 1 ? parts[0] : new SideBySide(parts);
}
