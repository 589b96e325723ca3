/** The program that adds the rows of a panel into a sketch of it. */
import type { Address } from './module.ts';
import type { Thread } from './thread.ts';

/** Arguments of {@link sketchRows}. */
export interface RowSketchPart {
  /** f32, rows x k. */
  Y: Address;
  rows: number;
  k: number;
  /** Number of its first row in the whole. */
  firstRow: number;
  /** f64, strata stratum x k: tiles of `width` columns, row-major each, one behind the other. */
  sum: Address;
  width: number;
  strata: number;
  stratum: number;
  /** The sum starts at zero. */
  isFirst: boolean;
}

/** Called by every thread of a team: the sum of the rows of Y that S puts into each of its own. */
export function sketchRows(thread: Thread, part: RowSketchPart): void {
  const { Y, rows, k, firstRow, sum, strata, stratum, width, isFirst } = part;
  thread.kernels.sketchRows(Y, rows, k, firstRow, sum, strata, stratum, width, isFirst);
}
