/** How many columns go into one product. */

import { bytesPerEntry } from '../core/dtype.ts';
import { integer } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';

const USUAL = 64;

/** A block and its product take at most this many bytes each, unless a single column takes more. */
const BLOCK_BYTES = 2 ** 28;

/**
 * Columns of one product: what the caller asked for, else what the operator prefers (64 if it does not say) as far as a
 * block stays below 256 MiB and `most` allows; never more than there are columns.
 * @throws ArgumentError unless `requested` is a positive integer or undefined.
 */
export function chooseBlockSize(
  op: LinearOperator,
  cols: number,
  requested?: number,
  most: number = Number.POSITIVE_INFINITY,
): number {
  if (requested !== undefined) {
    return Math.min(cols, integer(1).parse(requested, 'blockSize'));
  }
  const mostThatFit = Math.floor(BLOCK_BYTES / (Math.max(op.shape[0], op.shape[1]) * bytesPerEntry(op.dtype)));
  return Math.max(1, Math.min(cols, op.preferredBlockSize ?? USUAL, mostThatFit, most));
}

/**
 * Columns of one product for a driver: calibrates the operator where the caller does not say how many, then chooses.
 * Every driver begins its work, after its arguments are parsed, with this.
 * @param most as of {@link chooseBlockSize}
 */
export async function prepareBlocks(
  op: LinearOperator,
  cols: number,
  requested: number | undefined,
  most?: number,
): Promise<number> {
  if (requested === undefined) await op.calibrate?.();
  return chooseBlockSize(op, cols, requested, most);
}
