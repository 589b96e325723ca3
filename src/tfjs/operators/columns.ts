/** Cutting a block into columns that fit in memory. */
import { type Block, copyColumns, zeros } from '../../core/block.ts';

/** Some columns of a block. */
export interface Columns {
  /** The first of them in the whole block. */
  readonly first: number;
  readonly block: Block;
}

/** As many columns at a time as `bytes` allow, at least one and at most `most`; parts of nearly equal width. */
export function splitColumns(
  X: Block,
  bytesPerColumn: number,
  bytes: number,
  most: number = Number.POSITIVE_INFINITY,
): Columns[] {
  const width = Math.max(1, Math.min(most, Math.floor(bytes / bytesPerColumn)));
  if (width >= X.cols) return [{ first: 0, block: X }];
  const parts = Math.ceil(X.cols / width);
  return Array.from({ length: parts }, (_, i) => {
    const [first, end] = [Math.floor((i * X.cols) / parts), Math.floor(((i + 1) * X.cols) / parts)];
    const block = zeros(X.rows, end - first, 'float32');
    copyColumns(X, first, end, block, 0);
    return { first, block };
  });
}
