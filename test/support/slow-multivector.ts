/** Tall blocks outside of memory whose reads and writes take their time, or fail: what verbs may do meanwhile shows. */
import { type Block, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import type { Multivector, Scope, Space } from '../../src/multivector/multivector.ts';

/** How long, in turns of the event loop, and what fails. */
export interface Behaviour {
  readTurns?: number;
  writeTurns?: number;
  /** Called before each access to rows; what it throws is what the access ends with, after its turns. */
  onRead?: (start: number) => void;
  onWrite?: (start: number) => void;
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Row panels of 64 rows, the fewest that a pass takes. */
export class SlowSpace implements Scope {
  readonly rows: number;
  readonly dtype: DType;
  readonly inMemory = false;
  readonly panelEntries = 1;
  readonly blockColumns: number = Number.POSITIVE_INFINITY;
  readonly behaviour: Behaviour;
  /** Reads and writes that have begun and not ended. */
  pending = 0;

  constructor(rows: number, dtype: DType, behaviour: Behaviour = {}) {
    this.rows = rows;
    this.dtype = dtype;
    this.behaviour = behaviour;
  }

  async allocate(cols: number): Promise<SlowMultivector> {
    return new SlowMultivector(this, zeros(this.rows, cols, this.dtype));
  }

  async from(block: Block): Promise<SlowMultivector> {
    const out = await this.allocate(block.cols);
    out.all.data.set(block.data);
    return out;
  }

  async release(): Promise<void> {}

  scope(): Scope {
    return this;
  }

  async close(): Promise<void> {}

  /** Runs an access: the first half of the rows at once, the second after its turns, so that both orders of mistakes show. */
  async access(rows: number, wait: number, check: () => void, copy: (from: number, to: number) => void): Promise<void> {
    this.pending++;
    try {
      const middle = Math.ceil(rows / 2);
      copy(0, middle);
      await turns(wait);
      check();
      copy(middle, rows);
    } finally {
      this.pending--;
    }
  }
}

class SlowMultivector implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly all: Block;
  readonly #slow: SlowSpace;

  constructor(space: SlowSpace, all: Block) {
    this.rows = all.rows;
    this.cols = all.cols;
    this.dtype = space.dtype;
    this.space = space;
    this.all = all;
    this.#slow = space;
  }

  async readRows(start: number, count: number, into: Block = zeros(count, this.cols, this.dtype)): Promise<Block> {
    const { readTurns = 0, onRead } = this.#slow.behaviour;
    const copy = (from: number, to: number): void =>
      into.data.set(this.all.data.subarray((start + from) * this.cols, (start + to) * this.cols), from * this.cols);
    await this.#slow.access(count, readTurns, () => onRead?.(start), copy);
    return into;
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    const { writeTurns = 0, onWrite } = this.#slow.behaviour;
    const copy = (from: number, to: number): void =>
      this.all.data.set(panel.data.subarray(from * this.cols, to * this.cols), (start + from) * this.cols);
    await this.#slow.access(panel.rows, writeTurns, () => onWrite?.(start), copy);
  }

  async readColumns(): Promise<Block> {
    throw new Error('a pass over rows reads no columns');
  }

  async writeColumns(): Promise<void> {
    throw new Error('a pass over rows writes no columns');
  }

  async toBlock(): Promise<Block> {
    return { ...this.all, data: this.all.data.slice() };
  }
}
