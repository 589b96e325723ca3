/**
 * xoroshiro128+ with rotations 24, 16 and 37 (Blackman & Vigna 2021), on halves of 32 bits. The tests hold it against pure-rand,
 * and `linalg/kernels/wasm/assembly/random.ts` makes the same numbers.
 */

/** The four 32-bit words of a state: s0 high and low, s1 high and low; not all of them zero. */
export type State = readonly [number, number, number, number];

export class Xoroshiro128Plus {
  #high0: number;
  #low0: number;
  #high1: number;
  #low1: number;
  /** The halves of the last number, as signed 32-bit integers. */
  high = 0;
  low = 0;

  constructor([high0, low0, high1, low1]: State) {
    this.#high0 = high0;
    this.#low0 = low0;
    this.#high1 = high1;
    this.#low1 = low1;
  }

  /** Makes the next 64 bits: their halves are in `high` and `low`. */
  next(): void {
    const high0 = this.#high0;
    const low0 = this.#low0;
    this.low = (low0 + this.#low1) | 0;
    this.high = (high0 + this.#high1 + (this.low >>> 0 < low0 >>> 0 ? 1 : 0)) | 0;
    const high = this.#high1 ^ high0;
    const low = this.#low1 ^ low0;
    this.#low0 = (low0 << 24) ^ (high0 >>> 8) ^ low ^ (low << 16);
    this.#high0 = (high0 << 24) ^ (low0 >>> 8) ^ high ^ ((high << 16) | (low >>> 16));
    this.#low1 = (high << 5) ^ (low >>> 27);
    this.#high1 = (low << 5) ^ (high >>> 27);
  }
}
