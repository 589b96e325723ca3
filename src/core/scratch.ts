/** Memory that is used again from call to call. */
import { type DType, dtypeOf, type FloatArray } from './dtype.ts';

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

/** Arrays that nobody uses at the moment. Fresh memory costs a page fault every few kilobytes, this does not. */
export class Pool {
  #free: FloatArray[] = [];
  #bytes = 0;
  readonly #most: number;

  /** @param most bytes in all */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes an array for later; refuses where that would be too much. */
  give(memory: FloatArray): boolean {
    if (this.#bytes + memory.byteLength > this.#most) return false;
    this.#free.push(memory);
    this.#bytes += memory.byteLength;
    return true;
  }

  /** The smallest array of `length` entries or up to twice as many, of any content: large ones are for what needs them. */
  take(dtype: DType, length: number): FloatArray | undefined {
    const largeEnough = this.#free.filter(
      (each) => each.length >= length && each.length <= 2 * length && dtypeOf(each) === dtype,
    );
    const [best] = largeEnough.sort((a, b) => a.length - b.length);
    if (best === undefined) return undefined;
    this.#free = this.#free.filter((each) => each !== best);
    this.#bytes -= best.byteLength;
    return best;
  }
}
