/** One thread's place in a team, and the fixed part of the shared memory. */
import type { Address, Exports, SharedMemory } from './module.ts';

/** Bytes of a sync area, see assembly/team.ts. */
const SYNC_BYTES = 192;

/** The team's sync area; the bytes before it stay unused so that no address is 0. */
const TEAM_SYNC = 1024;
const THREADS = 4096;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Bytes that every thread owns: a sync area for work it does alone, and scratch memory. */
const ownBytes = (kernels: Exports): number => roundUp(SYNC_BYTES + kernels.scratchBytes(), 4096);

/** First address behind the areas of `threads` threads. */
export function firstFree(kernels: Exports, threads: number): Address {
  return THREADS + threads * ownBytes(kernels);
}

/** Forgets who had arrived where, for a new team after one that ended in the middle of a call. */
export function clearTeamArea(memory: SharedMemory): void {
  new Uint8Array(memory.buffer, TEAM_SYNC, SYNC_BYTES).fill(0);
}

/**
 * A member of a team of `size` threads that all run the same program on the same arguments. Every kernel is called by
 * all of them and splits its work by rank.
 */
export class Thread {
  readonly kernels: Exports;
  #rank: number;
  #size: number;
  readonly #memory: SharedMemory;
  readonly #own: Address;

  /** `slot` says which of the areas in memory is this thread's: distinct for all threads that share the memory. */
  constructor(kernels: Exports, memory: SharedMemory, slot: number, rank: number, size: number) {
    this.kernels = kernels;
    this.#rank = rank;
    this.#size = size;
    this.#memory = memory;
    this.#own = THREADS + slot * ownBytes(kernels);
    this.#join();
  }

  /** This thread's number in the team: 0 does what is not worth sharing. */
  get rank(): number {
    return this.#rank;
  }

  get size(): number {
    return this.#size;
  }

  /** This thread's share of `count` pieces of work. */
  share(count: number): { start: number; end: number } {
    const upTo = (rank: number): number => Math.floor((count * rank) / this.#size);
    return { start: upTo(this.#rank), end: upTo(this.#rank + 1) };
  }

  /** A view of shared memory, valid until it grows: programs make theirs anew in each run. */
  float64(at: Address, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, at, length);
  }

  int32(at: Address, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, at, length);
  }

  /** Runs `body` on this thread as a team of one, while the others do something else. */
  alone(body: () => void): void {
    const [rank, size] = [this.#rank, this.#size];
    [this.#rank, this.#size] = [0, 1];
    this.#join();
    body();
    [this.#rank, this.#size] = [rank, size];
    this.#join();
  }

  #join(): void {
    const sync = this.#size === 1 ? this.#own : TEAM_SYNC;
    this.kernels.joinTeam(sync, this.#own + SYNC_BYTES, this.#rank, this.#size);
  }
}
