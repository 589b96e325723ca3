/**
 * S Y for a sparse random S: every row of Y is added to a few rows of the sum, with signs. Rows and signs are those of
 * `row-sketch.ts` outside: a function of the row's number, so that nothing of S is stored.
 */
import { finalise } from './random';
import { shareEnd, shareStart } from './team';

/** Columns that are added at a time: their part of the sum stays near the processor. */
const TILE: usize = 128;

/** sum += sign * y for `cols` columns: f32 into f64. */
function addRow(sum: usize, y: usize, cols: usize, sign: f64): void {
  const signs = f64x2.splat(sign);
  let j: usize = 0;
  for (; j + 8 <= cols; j += 8) {
    const at = sum + j * 8;
    const first = v128.load(y + j * 4);
    const second = v128.load(y + j * 4, 16);
    const low = f64x2.promote_low_f32x4(first);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(first, first, 2, 3, 0, 1));
    const nextLow = f64x2.promote_low_f32x4(second);
    const nextHigh = f64x2.promote_low_f32x4(v128.shuffle<f32>(second, second, 2, 3, 0, 1));
    v128.store(at, f64x2.add(v128.load(at), f64x2.mul(signs, low)));
    v128.store(at, f64x2.add(v128.load(at, 16), f64x2.mul(signs, high)), 16);
    v128.store(at, f64x2.add(v128.load(at, 32), f64x2.mul(signs, nextLow)), 32);
    v128.store(at, f64x2.add(v128.load(at, 48), f64x2.mul(signs, nextHigh)), 48);
  }
  for (; j < cols; j++) {
    const at = sum + j * 8;
    store<f64>(at, load<f64>(at) + sign * <f64>load<f32>(y + j * 4));
  }
}

/**
 * sum (`strata` times `stratum` rows of k f64) += S Y for `rows` rows of Y (k f32 each), the first of which is row `firstRow` of
 * all. Called by every thread of the team, each of which does some of the columns; `isFirst`: the sum starts at zero.
 */
export function sketchRows(
  y: usize,
  rows: usize,
  k: usize,
  firstRow: u32,
  sum: usize,
  strata: u32,
  stratum: u32,
  isFirst: bool,
): void {
  const end = shareEnd(k);
  for (let tile = shareStart(k); tile < end; tile += TILE) {
    const cols = min(TILE, end - tile);
    if (isFirst) {
      const all = <usize>(strata * stratum);
      for (let row: usize = 0; row < all; row++) memory.fill(sum + (row * k + tile) * 8, 0, cols * 8);
    }
    for (let i: usize = 0; i < rows; i++) {
      const from = y + (i * k + tile) * 4;
      for (let t: u32 = 0; t < strata; t++) {
        const random = finalise((firstRow + <u32>i) * strata + t);
        const row = <usize>(t * stratum) + <usize>((<u64>random * <u64>stratum) >> 32);
        addRow(sum + (row * k + tile) * 8, from, cols, random & 1 ? 1 : -1);
      }
    }
  }
}
