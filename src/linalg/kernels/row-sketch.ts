/**
 * S Y of a tall Y for a sparse random S with eight signs in every column: a subspace embedding, of which nothing is stored. It
 * runs on the embedded kernels' threads when there is enough to do, else right here, to the same bits.
 */
import { type Block, type Matrix, zeroMatrix } from '../../core/block.ts';
import { UnsupportedError } from '../../core/errors.ts';
import { defaultChoice } from './choice.ts';
import type { SketchEngine, Strata } from './wasm/row-sketch.ts';

/** Entries of a column of S, each in rows of its own: what sparse embeddings take (Tropp, Yurtsever, Udell & Cevher 2019, section 3.9). */
const STRATA = 8;

/** Up to this many additions a sketch is done here sooner than on two threads. */
const SMALL_WORK = 1e6;

/** Takes a float32 panel of Y with the number of its first row. */
export type AddPanel = (panel: Block, firstRow: number) => Promise<void>;

async function threads(work: number): Promise<SketchEngine | undefined> {
  if (work <= SMALL_WORK || defaultChoice() === 'js') return undefined;
  try {
    // help reaches this file: it needs no kernels
    const { loadSketchEngine } = await import('./wasm/row-sketch.ts');
    return await loadSketchEngine();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** A bijection of 32-bit numbers that spreads each bit over all, as in `assembly/row-sketch.ts`. */
function spread(number: number): number {
  let x = Math.imul(number ^ (number >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** S += S Y for a panel: row i of Y is added to one row of each stratum, with a sign. */
function addHere({ rows, cols, data }: Block, firstRow: number, { strata, stratum }: Strata, sum: Matrix): void {
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < strata; t++) {
      const random = spread((firstRow + i) * strata + t);
      const into = (t * stratum + Math.floor((random * stratum) / 2 ** 32)) * cols;
      const sign = random & 1 ? 1 : -1;
      for (let j = 0, from = i * cols; j < cols; j++, from++) sum.data[into + j]! += sign * data[from]!;
    }
  }
}

/**
 * S Y for a float32 Y of n rows and k columns, whose panels `feed` adds: at least 2k rows, float64, and (S Y)^T S Y is Y^T Y
 * up to a factor between about 0.1 and 3 in every direction; sqrt(8) times an isometry on average.
 */
export async function sketchRows(n: number, k: number, feed: (add: AddPanel) => Promise<void>): Promise<Matrix> {
  const shape = { strata: STRATA, stratum: Math.max(1, Math.ceil((2 * k) / STRATA)) };
  const engine = await threads(STRATA * n * k);
  if (engine) return engine.sketch(shape, k, feed);
  const sum = zeroMatrix(shape.strata * shape.stratum, k);
  await feed(async (panel, firstRow) => addHere(panel, firstRow, shape, sum));
  return sum;
}
