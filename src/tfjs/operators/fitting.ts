/** How many columns of a block fit on the device at once, as far as products have shown. */
import process from 'node:process';
import { backendRecord } from '../backends/record.ts';
import { isTooLarge } from '../backends/webgpu/faults.ts';

/** Bytes of the largest buffer that a kernel of the backend in use can be given. */
export function bindingLimit(): number {
  return backendRecord()?.adapter?.limits.maxStorageBufferBindingSize ?? Number.POSITIVE_INFINITY;
}

/**
 * Keeps blocks within what the device can take: never more columns at once than its largest buffer allows, and half as
 * many after a product that ran out of memory. What it does is said in a warning.
 */
export class Fitting {
  readonly #where: string;
  #most = Number.POSITIVE_INFINITY;

  constructor(where: string) {
    this.#where = where;
  }

  /** Columns at once, at most. */
  get most(): number {
    return this.#most;
  }

  #lower(cols: number, most: number, reason: string): void {
    if (most >= this.#most) return;
    this.#most = most;
    if (cols <= most) return;
    process.emitWarning(`${this.#where}: a block of ${cols} columns is worked on in parts of ${most}: ${reason}`, {
      type: 'EigensketchWarning',
    });
  }

  /** Takes notice of the largest tensor of a product with one column. */
  noteTensor(cols: number, bytesPerColumn: number): void {
    const limit = bindingLimit();
    const most = Math.max(1, Math.floor(limit / bytesPerColumn));
    if (cols > most) this.#lower(cols, most, `the device takes buffers of at most ${limit} bytes`);
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
