/** The contract of everything eigensketch can work on: an operator known through its block products. */
import type { Block } from '../core/block.ts';
import type { DType, FloatArray } from '../core/dtype.ts';

/** The part of a product that one batch of data contributes: A X = sum over batches of weight_b A_b X. */
export interface BatchProduct {
  /** 0, 1, ..., in the same order for every product. */
  index: number;
  /** Positive; how much the batch counts, usually its share of the samples. */
  weight: number;
  /** A_b X, not yet weighted. It may be reused after the visitor has returned. */
  product: Block;
}

/** Memory of an operator: blocks that lie there reach whoever multiplies them without a copy. */
export interface LentMemory {
  /** Numbers of the operator's element type, for the beginning of which a product is given X. */
  input: FloatArray;
  /** The same for its `out`. */
  product: FloatArray;
  /** Nobody may touch it from then on. */
  giveBack(): void;
}

/** Two entries of a stored matrix across its diagonal that should be equal. */
export interface Asymmetry {
  /** Row of the entry, from 0. */
  row: number;
  /** Column of the entry, from 0. */
  column: number;
  /** Entry (row, column). */
  value: number;
  /** Entry (column, row). */
  transposed: number;
}

/**
 * A linear operator A: m x n, known only through products with blocks of columns.
 *
 * `matmat` takes an n x b row-major block of `dtype` and returns the m x b block A X (either float type; it is
 * converted). It must not keep or modify its argument, whose memory the caller uses again. Products of operators of this
 * library never throw: for what is no block of n rows, and where the product fails, they return a promise that rejects,
 * also those that otherwise return their block at once. Flags say what the caller may rely on; they are verified where
 * that is cheap.
 */
export interface LinearOperator {
  /** [m, n]. */
  readonly shape: readonly [number, number];
  /** Element type of the blocks it takes. */
  readonly dtype: DType;
  /** A = A^T is declared. */
  readonly selfAdjoint?: boolean;
  /** x^T A x >= 0 for all x is declared. */
  readonly psd?: boolean;
  /** Where a stored matrix differs most from its transpose, for messages of what needs a symmetric one. */
  readonly asymmetry?: Asymmetry;
  /** Columns of one product with which it works best. */
  readonly preferredBlockSize?: number;
  /** Finds `preferredBlockSize` by trying. Drivers call it before they choose a number of columns themselves. */
  calibrate?(): Promise<void>;
  /**
   * Floating-point operations in a product with one column, for operators that know it: two for each entry of a sparse matrix. Where
   * they are few, work on the columns beside the products counts, and `eigsh` keeps fewer of them.
   */
  readonly flopsPerColumn?: number;
  /**
   * A product may be asked for before the one before it has ended, because the work is done elsewhere (on a GPU): drivers
   * then make the next columns meanwhile. At most two products are under way.
   */
  readonly overlaps?: boolean;
  /**
   * Products are made by a process or machine of its own, so that they take no time from those of other operators: `sum`
   * asks all such terms at once. Said by operators of `eigensketch/remote`, and by sums of nothing else.
   */
  readonly concurrent?: boolean;
  /** What makes its products, for people: a device, a library. Results name it, stored runs keep it beside each block. */
  readonly backend?: string;
  /**
   * A X. `out`, where a caller gives one, is an m x b block of `dtype` with any content, distinct from X, that the product
   * may be written to and returned: memory that is used again saves a large product the price of fresh one.
   */
  matmat(X: Block, out?: Block): Block | Promise<Block>;
  /**
   * Memory for a product with at most `cols` columns, one at a time; undefined where there is none. Blocks elsewhere are
   * multiplied as well, after a copy.
   */
  lend?(cols: number): Promise<LentMemory | undefined>;
  /**
   * A X for an operator that is a weighted sum over data batches; `visit` is called with each batch's part on the way and
   * awaited. Every product visits the same batches.
   */
  matmatByBatch?(X: Block, visit: (part: BatchProduct) => void | Promise<void>): Promise<Block>;
  /** A^T Y for an m x b block Y. */
  adjointMatmat?(Y: Block): Block | Promise<Block>;
}
