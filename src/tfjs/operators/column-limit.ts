/** How many columns of a block are carried through at once: as many as memory and the device allow. */
import { host } from '#host';
import { type Block, copyColumns, zeros } from '../../core/block.ts';
import { isTooLarge } from '../backends/faults.ts';
import { largestBuffer } from '../backends/record.ts';

/** Some columns of a block. */
export interface Columns {
  /** The first of them in the whole block. */
  readonly first: number;
  readonly block: Block;
}

/** As many columns at a time as `bytes` allow, at least one and at most `most`; parts of nearly equal width. */
function splitColumns(X: Block, bytesPerColumn: number, bytes: number, most: number): Columns[] {
  const width = Math.max(1, Math.min(most, Math.floor(bytes / bytesPerColumn)));
  if (width >= X.cols) return [{ first: 0, block: X }];
  const parts = Math.ceil(X.cols / width);
  return Array.from({ length: parts }, (_, i) => {
    const [first, end] = [Math.floor((i * X.cols) / parts), Math.floor(((i + 1) * X.cols) / parts)];
    const block = zeros(X.rows, end - first, 'float32');
    copyColumns(X, first, end, block, 0);
    return { first, block };
  });
}

/**
 * Keeps blocks within what the device can take: never more columns at once than its largest buffer allows, and half as
 * many after a product that ran out of memory. A warning says so.
 */
export class ColumnLimit {
  readonly #operator: string;
  readonly #bytes: number;
  #most = Number.POSITIVE_INFINITY;

  /**
   * @param operator what warnings call the operator
   * @param bytes of the device that the columns may take
   */
  constructor(operator: string, bytes: number = Number.POSITIVE_INFINITY) {
    this.#operator = operator;
    this.#bytes = bytes;
  }

  /** Columns at once, at most. */
  get most(): number {
    return this.#most;
  }

  #lower(cols: number, most: number, reason: string): void {
    if (most >= this.#most) return;
    this.#most = most;
    if (cols <= most) return;
    host.warn(`${this.#operator}: a block of ${cols} columns is split into blocks of ${most}: ${reason}`);
  }

  /**
   * The columns of a block in parts that fit.
   * @param bytesPerColumn what a column takes while it is carried through
   * @param largestPerColumn the largest tensor among that
   */
  split(X: Block, bytesPerColumn: number, largestPerColumn: number): Columns[] {
    const largest = largestBuffer();
    const most = Math.max(1, Math.floor(largest / largestPerColumn));
    if (X.cols > most) this.#lower(X.cols, most, `the device takes buffers of at most ${largest} bytes`);
    return splitColumns(X, bytesPerColumn, this.#bytes, this.#most);
  }

  /**
   * A product with `cols` columns, tried with fewer at once until it fits.
   * @throws whatever `product` throws for another reason, or for a single column
   */
  async attempt<T>(cols: number, product: () => Promise<T>): Promise<T> {
    for (;;) {
      const width = Math.min(cols, this.#most);
      try {
        return await product();
      } catch (error) {
        if (!isTooLarge(error) || width <= 1) throw error;
        this.#lower(cols, Math.ceil(width / 2), (error as Error).message);
      }
    }
  }
}
