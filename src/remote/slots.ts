/** Where the blocks of requests lie in memory that both sides see: one slot for each request under way. */
import { createShared, type SharedName } from './shared-memory.ts';

export interface Slot {
  id: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Blocks are made in it between requests. */
  isLent: boolean;
}

/** Smaller requests are as fast through pipes. */
const LEAST_BYTES = 2 ** 16;
/** Drivers have two products under way; what more there are go through pipes. */
const MOST_SLOTS = 4;

/** How far into a slot an answer begins, after so many bytes: at a boundary of cache lines. */
export const after = (bytes: number): number => Math.ceil(bytes / 64) * 64;

export class Slots {
  /** Tells the other side of new memory; whether it sees it. */
  readonly #announce: (id: number, where: SharedName) => Promise<boolean>;
  #isWorking = true;
  #count = 0;
  readonly #free: Slot[] = [];
  /** Those that are lent and in no request. */
  readonly #lent = new Map<ArrayBufferLike, Slot>();

  constructor(announce: (id: number, where: SharedName) => Promise<boolean>) {
    this.#announce = announce;
  }

  /**
   * Until it is given back, a slot for this payload and an answer of so many bytes: the lent one that begins with the payload, if there is one.
   * Undefined where they must go through pipes.
   */
  async take(payload: Uint8Array, answerBytes: number): Promise<Slot | undefined> {
    const lent = payload.byteOffset === 0 ? this.#lent.get(payload.buffer) : undefined;
    if (!lent) return this.#takeFree(after(payload.length) + answerBytes);
    // a second request with the same block is copied, so that its answer has a place of its own
    this.#lent.delete(payload.buffer);
    return lent;
  }

  give(slot: Slot): void {
    if (slot.isLent) this.#lent.set(slot.bytes.buffer, slot);
    else this.#free.push(slot);
  }

  /** A slot of so many bytes to make blocks in, until it is given back here. */
  async lend(bytes: number): Promise<Slot | undefined> {
    const slot = await this.#takeFree(bytes);
    if (!slot) return undefined;
    slot.isLent = true;
    this.give(slot);
    return slot;
  }

  endLoan(slot: Slot): void {
    slot.isLent = false;
    if (this.#lent.delete(slot.bytes.buffer)) this.give(slot);
  }

  async #takeFree(bytes: number): Promise<Slot | undefined> {
    if (!this.#isWorking || bytes < LEAST_BYTES) return undefined;
    const fitting = this.#free.findIndex((slot) => slot.bytes.length >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0];
    const outgrown = this.#free.pop();
    if (!outgrown && this.#count === MOST_SLOTS) return undefined;
    return this.#create(outgrown?.id ?? this.#count++, bytes);
  }

  async #create(id: number, size: number): Promise<Slot | undefined> {
    const memory = await createShared(size).catch(() => undefined);
    this.#isWorking &&= memory !== undefined;
    if (!memory) return undefined;
    try {
      this.#isWorking &&= await this.#announce(id, memory.where);
    } finally {
      memory.close();
    }
    return this.#isWorking ? { id, bytes: memory.bytes, isLent: false } : undefined;
  }
}
