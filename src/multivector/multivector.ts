/** The contract of the tall block: everything of size n is one of these, in memory or elsewhere. */
import type { Block, Matrix } from '../core/block.ts';
import type { DType, FloatArray } from '../core/dtype.ts';

/** Columns as a product of two matrices. */
export interface Factors {
  /** n x k. */
  readonly basis: Multivector;
  /** k x r: the columns are basis rotation. */
  readonly rotation: Matrix;
}

/**
 * `rows x cols` numbers, rows >> cols. Algorithms see it from two sides: blocks of whole columns (what an operator
 * multiplies) and row panels across all columns (what dense algebra streams). Blocks that are read may share memory with
 * the multivector, and do where its space is in memory: they are written to only on the way to being written back, and are
 * used up before the next write to the same entries.
 */
export interface Multivector {
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly cols: number;
  /** Element type. */
  readonly dtype: DType;
  /** Where it lives, and where others like it are made. */
  readonly space: Space;
  /** Columns `start..end` as a `rows x (end - start)` block, which may be `into`: memory of that shape to use again. */
  readColumns(start: number, end: number, into?: Block): Promise<Block>;
  /** Replaces columns `start..start + block.cols`. */
  writeColumns(start: number, block: Block): Promise<void>;
  /** Rows `start..start + count`, all columns, as a `count x cols` block, which may be `into`. */
  readRows(start: number, count: number, into?: Block): Promise<Block>;
  /** The same at once, where rows are memory: the rows themselves. */
  readonly viewRows?: ((start: number, count: number) => Block) | undefined;
  /** The columns themselves, one in each row of a `cols x rows` block, where they lie in memory one after the other. */
  readonly transposed?: Block;
  /** What the columns are a product of, as long as they have not been formed: they are when they are first read. */
  readonly factors?: Factors | undefined;
  /** Replaces rows `start..start + panel.rows`, all columns; in memory nothing is to do for a panel that was changed in place. */
  writeRows(start: number, panel: Block): Promise<void>;
  /** The whole as one row-major `rows x cols` block of its own. */
  toBlock(): Promise<Block>;
}

/** Columns that lie in memory one after the other: products with few columns read them at full speed, and more are added as they are. */
export interface ColumnStore extends Multivector {
  /** The columns themselves, one in each row of a `cols x rows` block. */
  readonly transposed: Block;
  /** Adds so many columns of any content; false, and nothing changes, where there is no room. */
  widen(count: number): boolean;
}

/** Where new multivectors of one height and type come from. */
export interface Space {
  /** Rows of its blocks. */
  readonly rows: number;
  /** Element type of its blocks. */
  readonly dtype: DType;
  /** Row panels are views of memory: reading one costs nothing and needs none. */
  readonly inMemory: boolean;
  /** Entries of a row panel of the widest operand, so that what a verb holds at once fits where memory is limited. */
  readonly panelEntries: number;
  /** Columns of one product at most, likewise. */
  readonly blockColumns: number;
  /** A multivector with `cols` columns of any content. */
  allocate(cols: number): Promise<Multivector>;
  /**
   * In memory, that of `loan` where there is one, which is given back once they are released: no columns yet, and room for some
   * that will lie one after the other.
   */
  allocateColumns?(capacity: number, loan?: { memory: FloatArray; giveBack(): void }): Promise<ColumnStore>;
  /** Takes back one of its multivectors, which is not used any more, to use its place for another. */
  release(multivector: Multivector): Promise<void>;
  /** A space like this one whose multivectors are given back together. */
  scope(): Scope;
}

/** The multivectors of one computation. */
export interface Scope extends Space {
  /** Takes back all that were allocated here, but those to `keep`, which live on in the space around. */
  close(keep?: readonly Multivector[]): Promise<void>;
}
