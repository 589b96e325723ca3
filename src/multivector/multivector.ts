/** The contract of the tall block: everything of size n is one of these, in memory or elsewhere. */
import type { Block } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';

/**
 * `rows x cols` numbers, rows >> cols, kept as column blocks that are each row-major. Algorithms see it from two sides:
 * whole column blocks (what an operator multiplies) and row panels across all columns (what dense algebra streams).
 */
export interface Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  /** Columns `start..end` as a `rows x (end - start)` block. It may share memory with the multivector: do not write to it. */
  readColumns(start: number, end: number): Promise<Block>;
  /** Replaces columns `start..start + block.cols`. */
  writeColumns(start: number, block: Block): Promise<void>;
  /** Copies rows `start..start + panel.rows`, all columns, into `panel` (converted to the panel's own dtype). */
  readRows(start: number, panel: Block): Promise<void>;
  /** Replaces rows `start..start + panel.rows`, all columns. */
  writeRows(start: number, panel: Block): Promise<void>;
  /** The whole as one row-major `rows x cols` block. */
  toBlock(): Promise<Block>;
}

/** Where new multivectors of one height and type come from. */
export interface Space {
  readonly rows: number;
  readonly dtype: DType;
  /** A zeroed multivector with `cols` columns. */
  allocate(cols: number): Promise<Multivector>;
}
