/** What stays in the shared memory of a team from call to call, and where. */

/** A matrix or columns in the shared memory. They are not kept alive by that: their place is used again when nobody has them any more. */
interface Resident {
  owner: WeakRef<object>;
  /** Offset from the engine's base. */
  at: number;
  bytes: number;
  /** It exists nowhere else. */
  isFixed: boolean;
  /** Its numbers have been copied there. */
  isLoaded: boolean;
}

/** Which of them are where; the memory above them all is for the operands of the call under way. */
export class Residents {
  #all: Resident[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get top(): number {
    const last = this.#all.at(-1);
    return last ? last.at + last.bytes : 0;
  }

  /** The place of a matrix with `above` bytes free above all; other matrices have to leave when they are in the way. */
  admit(matrix: object, bytes: number, above: number): Resident {
    const place = this.#all.find(({ owner }) => owner.deref() === matrix) ?? this.#place(matrix, bytes);
    if (this.top + above <= this.#most) return place;
    this.#all = this.#all.filter(({ isFixed }) => isFixed);
    return this.#place(matrix, bytes);
  }

  /** Where the first gap of so many bytes is, after those that are gone have left theirs. */
  gapFor(bytes: number): number {
    this.#all = this.#all.filter(({ owner }) => owner.deref() !== undefined);
    let at = 0;
    for (const each of this.#all) {
      if (each.at - at >= bytes) break;
      at = each.at + each.bytes;
    }
    return at;
  }

  /** Adds one that lies in a gap. */
  add(resident: Resident): Resident {
    this.#all.push(resident);
    this.#all.sort((a, b) => a.at - b.at);
    return resident;
  }

  /** Whether there was such a one to remove. */
  remove(object: object): boolean {
    const before = this.#all.length;
    this.#all = this.#all.filter(({ owner }) => owner.deref() !== object);
    return this.#all.length < before;
  }

  #place(matrix: object, bytes: number): Resident {
    return this.add({ owner: new WeakRef(matrix), at: this.gapFor(bytes), bytes, isFixed: false, isLoaded: false });
  }
}
