/** Where the blocks of requests lie in memory that both sides see: one slot for each request under way. */
import { createShared, type Mapping, type SharedName } from './shared-memory.ts';

export interface Slot {
  id: number;
  bytes: Uint8Array;
}

/** Smaller requests are as fast through pipes. */
const LEAST_BYTES = 2 ** 16;
/** Drivers have two products under way; what more there are go through pipes. */
const MOST_SLOTS = 4;

export class Slots {
  /** Tells the other side of new memory; whether it sees it. */
  readonly #announce: (id: number, where: SharedName) => Promise<boolean>;
  #isWorking = true;
  #count = 0;
  #free: (Slot & Mapping)[] = [];
  readonly #mapped = new Set<Mapping>();

  constructor(announce: (id: number, where: SharedName) => Promise<boolean>) {
    this.#announce = announce;
  }

  /** A slot of at least so many bytes, until it is given back; undefined where the numbers must go through pipes. */
  async take(bytes: number): Promise<Slot | undefined> {
    if (!this.#isWorking || bytes < LEAST_BYTES) return undefined;
    const fitting = this.#free.findIndex((slot) => slot.bytes.length >= bytes);
    if (fitting >= 0) return this.#free.splice(fitting, 1)[0];
    const outgrown = this.#free.pop();
    if (outgrown) this.#unmap(outgrown);
    else if (this.#count === MOST_SLOTS) return undefined;
    return this.#create(outgrown?.id ?? this.#count++, bytes);
  }

  async #create(id: number, size: number): Promise<Slot | undefined> {
    const memory = await createShared(size).catch(() => undefined);
    this.#isWorking &&= memory !== undefined;
    if (!memory) return undefined;
    const { bytes, unmap, where, close } = memory;
    const slot = { id, bytes, unmap };
    this.#mapped.add(slot);
    try {
      this.#isWorking &&= await this.#announce(id, where);
    } finally {
      close();
    }
    if (this.#isWorking) return slot;
    this.#unmap(slot);
    return undefined;
  }

  #unmap(slot: Mapping): void {
    if (this.#mapped.delete(slot)) slot.unmap();
  }

  give(slot: Slot): void {
    if (this.#isWorking) this.#free.push(slot as Slot & Mapping);
  }

  /** Gives all memory back: nobody may touch a slot from then on. */
  close(): void {
    this.#isWorking = false;
    for (const slot of this.#mapped) this.#unmap(slot);
  }
}
