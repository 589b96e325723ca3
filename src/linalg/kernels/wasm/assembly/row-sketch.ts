/**
 * S Y for a sparse random S: every row of Y is added to a few rows of the sum, with signs. Rows and signs are those of
 * `row-sketch.ts` outside: a function of the row's number, so that nothing of S is stored.
 */
import { finalise } from './random';
import { shareEnd, shareStart } from './team';

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
 * all. The columns of the sum lie in tiles of `width`, row-major each and one behind the other, the last one narrower: rows of a
 * tile are added to in random order, and it stays near the processor. Called by every thread of the team, each of which does some
 * of the tiles; `isFirst`: the sum starts at zero.
 */
export function sketchRows(
  y: usize,
  rows: usize,
  k: usize,
  firstRow: u32,
  sum: usize,
  strata: u32,
  stratum: u32,
  width: usize,
  isFirst: bool,
): void {
  const all = <usize>(strata * stratum);
  const tiles = (k + width - 1) / width;
  const end = shareEnd(tiles);
  for (let tile = shareStart(tiles); tile < end; tile++) {
    const first = tile * width;
    const cols = min(width, k - first);
    const part = sum + first * all * 8;
    if (isFirst) memory.fill(part, 0, all * cols * 8);
    for (let i: usize = 0; i < rows; i++) {
      const from = y + (i * k + first) * 4;
      for (let t: u32 = 0; t < strata; t++) {
        const random = finalise((firstRow + <u32>i) * strata + t);
        const row = <usize>(t * stratum) + <usize>((<u64>random * <u64>stratum) >> 32);
        addRow(part + row * cols * 8, from, cols, random & 1 ? 1 : -1);
      }
    }
  }
}
