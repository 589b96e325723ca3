/** Multivectors on disk under a memory cap. */
import { resolve } from 'node:path';
import { atDoor } from '../core/door.ts';
import type { DType } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import { dtype as dtypeField, integer, memory as memoryField, optional, parseOptions, text } from '../core/parse.ts';
import type { Multivector, Scope } from '../multivector/multivector.ts';
import { BlockFile } from './block-file.ts';
import { type Budget, budgetWithin } from './budget.ts';
import { DiskMultivector } from './disk-multivector.ts';
import { type BlockShape, dataBytes } from './head.ts';
import { noTraffic, type Traffic } from './io.ts';
import { type ColumnBlock, ScratchFile } from './scratch-file.ts';

/** What a space on disk is made of. */
export interface DiskSpaceOptions {
  /** Height and type of its multivectors, and the columns of the widest that there will be. */
  rows: number;
  /** Columns of the widest block, from which panels are sized. */
  cols: number;
  /** Element type of all blocks. */
  dtype: DType;
  /** Where temporary files go: a directory on a disk with room for a few multivectors. */
  directory: string;
  /** Bytes, or like `'2GB'`, for row panels and blocks of columns. */
  memory: Memory;
  /** Columns of one product, which are kept together. Default: what memory allows, at most 64. */
  blockSize?: number | undefined;
}

/** A space whose multivectors are temporary files, and counters of what went through them. */
export interface DiskSpace extends Scope {
  /** Bytes read and written so far. */
  readonly traffic: Traffic;
  /** A space in the same directory whose blocks go away together. */
  scope(): DiskSpace;
  /**
   * The multivector whose columns are those of some block files, in this order; it can be read but not written.
   * @throws StoreError for a damaged or missing file, ShapeError for one of another height or type.
   */
  open(paths: readonly string[]): Promise<Multivector>;
}

const USUAL_BLOCK = 64;

/** What a space and the scopes in it share. */
interface Settings extends Budget {
  rows: number;
  dtype: DType;
  directory: string;
  blockSize: number;
  traffic: Traffic;
}

/** Multivectors that nobody holds any more, such as a result that was dropped, give their files back. */
const dropped = new FinalizationRegistry<() => Promise<void>>((close) => {
  close().catch(() => undefined);
});

class Files implements DiskSpace {
  readonly rows: number;
  readonly dtype: DType;
  readonly inMemory = false;
  readonly panelEntries: number;
  readonly blockColumns: number;
  readonly traffic: Traffic;
  readonly #settings: Settings;
  readonly #parent: Files | undefined;
  readonly #live = new Set<Multivector>();

  constructor(settings: Settings, parent?: Files) {
    this.rows = settings.rows;
    this.dtype = settings.dtype;
    this.panelEntries = settings.panelEntries;
    this.blockColumns = settings.blockColumns;
    this.traffic = settings.traffic;
    this.#settings = settings;
    this.#parent = parent;
  }

  async allocate(cols: number): Promise<Multivector> {
    const { rows, dtype, directory, blockSize, traffic } = this.#settings;
    const shapes: BlockShape[] = [];
    for (let first = 0; first < cols; first += blockSize) {
      shapes.push({ rows, cols: Math.min(blockSize, cols - first), dtype });
    }
    const file = await ScratchFile.create(directory, dataBytes({ rows, cols, dtype }), traffic);
    let offset = 0;
    const blocks = shapes.map((shape) => {
      const block = file.block(shape, offset);
      offset += dataBytes(shape);
      return block;
    });
    return this.#own(blocks, () => file.close());
  }

  async open(paths: readonly string[]): Promise<Multivector> {
    const files: BlockFile[] = [];
    const close = async (): Promise<void> => {
      await Promise.all(files.map((file) => file.close()));
    };
    try {
      for (const path of paths) {
        const file = await BlockFile.open(path, this.traffic);
        files.push(file);
        if (file.rows !== this.rows || file.dtype !== this.dtype) {
          throw new ShapeError(
            `${path}: ${file.rows} rows of ${file.dtype}, expected ${this.rows} rows of ${this.dtype}`,
            { path },
          );
        }
      }
    } catch (error) {
      await close();
      throw error;
    }
    return this.#own(files, close);
  }

  scope(): DiskSpace {
    return new Files(this.#settings, this);
  }

  async release(multivector: Multivector): Promise<void> {
    for (let space: Files | undefined = this; space; space = space.#parent) space.#live.delete(multivector);
    dropped.unregister(multivector);
    if (multivector instanceof DiskMultivector) await multivector.close();
  }

  async close(keep: readonly Multivector[] = []): Promise<void> {
    const all = [...this.#live];
    this.#live.clear();
    for (const multivector of all) {
      if (keep.includes(multivector)) (this.#parent ?? this).#live.add(multivector);
      else await this.release(multivector);
    }
  }

  #own(blocks: readonly ColumnBlock[], close: () => Promise<void>): Multivector {
    // what outlives its scope makes others like it in the scope around it
    const multivector = new DiskMultivector(this.#parent ?? this, blocks, close);
    this.#live.add(multivector);
    dropped.register(multivector, close, multivector);
    return multivector;
  }
}

const OPTIONS = {
  rows: integer(1),
  cols: integer(1),
  dtype: dtypeField,
  directory: text,
  memory: memoryField,
  blockSize: optional(integer(1)),
};

/**
 * A space of multivectors in temporary files. Row panels and blocks of columns are sized so that a decomposition and its
 * certificate hold at most `memory` bytes of them at once, beside k x k matrices and what the operator itself needs.
 *
 * @example
 * const space = diskSpace({ rows: 10_000_000, cols: 200, dtype: 'float32', directory: '/scratch', memory: '2GB' });
 * @throws ArgumentError for options out of range, and when memory is too small for a panel of 64 rows or a product of one column, with the least.
 */
export function diskSpace(options: DiskSpaceOptions): DiskSpace {
  return atDoor('diskSpace', () => {
    const { rows, cols, dtype, directory, memory, blockSize } = parseOptions(options, OPTIONS);
    const budget = budgetWithin(memory, { rows, cols, dtype });
    const width = blockSize ?? Math.min(USUAL_BLOCK, budget.blockColumns);
    return new Files({ ...budget, rows, dtype, directory: resolve(directory), blockSize: width, traffic: noTraffic() });
  });
}
