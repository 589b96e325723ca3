/** Memory that is used again from call to call. */

/** Lends arrays for the time of a call; calls that overlap get one each, and the largest returned is kept. */
export class Scratch<T extends { readonly length: number }> {
  #kept: T | undefined;
  readonly #allocate: (length: number) => T;

  constructor(allocate: (length: number) => T) {
    this.#allocate = allocate;
  }

  /** Runs `work` with an array of at least `length` entries of any content. */
  async lend<R>(length: number, work: (buffer: T) => Promise<R>): Promise<R> {
    const kept = this.#kept;
    this.#kept = undefined;
    const buffer = kept !== undefined && kept.length >= length ? kept : this.#allocate(length);
    try {
      return await work(buffer);
    } finally {
      this.#keep(buffer);
    }
  }

  #keep(buffer: T): void {
    if (this.#kept === undefined || this.#kept.length < buffer.length) this.#kept = buffer;
  }
}
