/** The number of columns with which a GPU is fastest, by a short trial. */
import { type Block, zeros } from '../../core/block.ts';
import { fillColumns } from '../../linalg/kernels/random-columns.ts';

/** Widths that are tried, while each is this much faster per column than the last and takes no longer than this. */
const WIDTHS = [16, 64, 256, 1024];
const GAIN = 0.9;
const SLOW_MS = 2000;

/**
 * Tries products D x b of growing b, each twice: the first compiles. Returns the b of the least time per column.
 * @param rows D
 * @param most columns at most
 */
export async function bestBlockSize(
  rows: number,
  most: number,
  product: (X: Block) => Promise<Block>,
): Promise<number> {
  let best = { cols: 1, perColumn: Number.POSITIVE_INFINITY };
  for (const width of WIDTHS) {
    const cols = Math.max(1, Math.min(width, most));
    const X = zeros(rows, cols, 'float32');
    await fillColumns(X, 'rademacher', { seed: 0, purpose: 'probe' }, 0);
    await product(X);
    const started = performance.now();
    await product(X);
    const milliseconds = performance.now() - started;
    if (milliseconds / cols > GAIN * best.perColumn) break;
    best = { cols, perColumn: milliseconds / cols };
    if (milliseconds > SLOW_MS || cols === most) break;
  }
  return best.cols;
}
