/**
 * S Y of a tall Y for a sparse random S with eight signs in every column: a subspace embedding, of which nothing is stored. It
 * runs on the embedded kernels' threads when there is enough to do, else right here, to the same bits.
 */
import { type Block, type Matrix, zeroMatrix } from '../../core/block.ts';
import { finalise } from '../../core/random.ts';
import { embedded } from './choice.ts';
import type { SketchEngine, Strata } from './wasm/row-sketch.ts';

/** Entries of a column of S, each in rows of its own: what sparse embeddings take (Tropp, Yurtsever, Udell & Cevher 2019). */
const STRATA = 8;

/** Up to this many additions a sketch is done here sooner than on two threads. */
const SMALL_WORK = 1e6;

/** Takes a float32 panel of Y with the number of its first row. */
export type AddPanel = (panel: Block, firstRow: number) => Promise<void>;

/** The threads that sketch. Help reaches this file: it needs none. */
const load = async (): Promise<SketchEngine> => (await import('./wasm/row-sketch.ts')).loadSketchEngine();

/** S += S Y for a panel: row i of Y is added to one row of each stratum, with a sign. */
function addHere({ rows, cols, data }: Block, firstRow: number, { strata, stratum }: Strata, sum: Matrix): void {
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < strata; t++) {
      const random = finalise((firstRow + i) * strata + t) >>> 0;
      const into = (t * stratum + Math.floor((random * stratum) / 2 ** 32)) * cols;
      const sign = random & 1 ? 1 : -1;
      for (let j = 0, from = i * cols; j < cols; j++, from++) sum.data[into + j]! += sign * data[from]!;
    }
  }
}

/**
 * S Y for a float32 Y of n rows and k columns, whose panels `feed` adds: at least 2k rows, float64, and (S Y)^T S Y is
 * 8 Y^T Y up to a factor between about 0.1 and 3 in every direction.
 */
export async function sketchRows(n: number, k: number, feed: (add: AddPanel) => Promise<void>): Promise<Matrix> {
  const shape = { strata: STRATA, stratum: Math.max(1, Math.ceil((2 * k) / STRATA)) };
  const engine = STRATA * n * k <= SMALL_WORK ? undefined : await embedded(load);
  if (engine) return engine.sketch(shape, k, feed);
  const sum = zeroMatrix(shape.strata * shape.stratum, k);
  await feed(async (panel, firstRow) => addHere(panel, firstRow, shape, sum));
  return sum;
}
