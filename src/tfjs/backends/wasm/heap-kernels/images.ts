/** The columns of a block [N, size, b] as arrays of their own, [samples, size] each, a part of the block at a time. */

import type { HeapArithmetic } from './arithmetic.ts';
import type { Address } from './module.ts';

/** Samples `first..first + samples` of columns `column..column + columns`. */
export interface Part {
  readonly first: number;
  readonly samples: number;
  readonly column: number;
  readonly columns: number;
}

/** Directions taken out of a block at a time: as many as the registers transpose. */
const COLUMNS = 4;

/** All parts of a block of `batch` samples and `width` columns, with at most `most` samples each. */
export function* partsOf(batch: number, width: number, most: number): Generator<Part> {
  for (let first = 0; first < batch; first += most) {
    const samples = Math.min(most, batch - first);
    for (let column = 0; column < width; column += COLUMNS) {
      yield { first, samples, column, columns: Math.min(COLUMNS, width - column) };
    }
  }
}

/** A block of one column is its column: nothing is copied then. */
export class Images {
  readonly #work: HeapArithmetic;
  readonly #block: Address;
  readonly #size: number;
  readonly #width: number;
  readonly #buffer: Address | undefined;

  /** `samples` and `columns`: the most that a part has, by default as many columns as `partsOf` gives. */
  constructor(work: HeapArithmetic, block: Address, size: number, width: number, samples: number, columns?: number) {
    this.#work = work;
    this.#block = block;
    this.#size = size;
    this.#width = width;
    this.#buffer = width === 1 ? undefined : work.scratch(samples * size * (columns ?? Math.min(COLUMNS, width)));
  }

  /** Copies a part out of the block. */
  load(part: Part): void {
    this.#eachSample(part, (block, image, apart) => {
      const { kernels } = this.#work;
      kernels.imagesOf(block, this.#size, this.#width, part.column, part.columns, image, apart);
    });
  }

  /** Copies a part into the block. */
  store(part: Part): void {
    this.#eachSample(part, (block, image, apart) => {
      const { kernels } = this.#work;
      kernels.imagesBack(image, apart, block, this.#size, this.#width, part.column, part.columns);
    });
  }

  /** The part's samples of its column `index`, adjacent. */
  column({ first, samples }: Part, index: number): Address {
    if (this.#buffer === undefined) return this.#block + 4 * first * this.#size;
    return this.#buffer + 4 * index * samples * this.#size;
  }

  #eachSample(part: Part, visit: (block: Address, image: Address, apart: number) => void): void {
    if (this.#buffer === undefined) return;
    const bytes = 4 * this.#size;
    for (let n = 0; n < part.samples; n++) {
      visit(this.#block + (part.first + n) * bytes * this.#width, this.#buffer + n * bytes, part.samples * bytes);
    }
  }
}
