/** One row against many. */
import { add, clear, copy } from './runs';

/** Rows whose sum is made in float32 before it is added to the others' in float64. */
const TOGETHER: usize = 16;

/** totals [width] of float64 += part [width] of float32. */
function addTo(totals: usize, part: usize, width: usize): void {
  let j: usize = 0;
  for (; j + 2 <= width; j += 2) {
    const at = totals + 8 * j;
    v128.store(at, f64x2.add(v128.load(at), f64x2.promote_low_f32x4(v128.load64_zero(part + 4 * j))));
  }
  if (j < width) store<f64>(totals + 8 * j, load<f64>(totals + 8 * j) + <f64>load<f32>(part + 4 * j));
}

/** Columns that are summed at once, in what stays in the cache. */
const PANEL: usize = 1024;

/** into [width] = the sums of `rows` rows that are `apart` bytes from each other, for at most PANEL columns. */
function sumPanel(x: usize, rows: usize, width: usize, apart: usize, into: usize, work: usize): void {
  const bytes = width * 4;
  const totals = work + bytes;
  clear(totals, 2 * bytes);
  for (let i: usize = 0; i < rows; i += TOGETHER) {
    const last = min(i + TOGETHER, rows);
    copy(x, work, bytes);
    x += apart;
    for (let j = i + 1; j < last; j++) {
      add(x, work, bytes);
      x += apart;
    }
    addTo(totals, work, width);
  }
  for (let j: usize = 0; j < width; j++) store<f32>(into + 4 * j, <f32>load<f64>(totals + 8 * j));
}

/** into [width] = the sum of the rows of x [rows, width]. */
function sumRows(x: usize, rows: usize, width: usize, into: usize, work: usize): void {
  for (let j: usize = 0; j < width; j += PANEL) {
    sumPanel(x + 4 * j, rows, min(PANEL, width - j), 4 * width, into + 4 * j, work);
  }
}

/** The sum of `length` numbers, in float64. */
function sumOf(x: usize, length: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) {
    const four = v128.load(x + 4 * i);
    low = f64x2.add(low, f64x2.promote_low_f32x4(four));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f64>(four, four, 1, 0)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < length; i++) sum += <f64>load<f32>(x + 4 * i);
  return sum;
}

/** into [count, width] = the sums over the middle axis of x [count, rows, width]; `work` has room for 3 PANEL numbers. */
export function sums(x: usize, count: usize, rows: usize, width: usize, into: usize, work: usize): void {
  for (let i: usize = 0; i < count; i++) {
    if (width === 1) store<f32>(into, <f32>sumOf(x, rows));
    else sumRows(x, rows, width, into, work);
    x += 4 * rows * width;
    into += 4 * width;
  }
}

/** into [rows, width] = x [rows, width] with `row` [width] added to every row; `into` may be `x`. */
export function addRow(row: usize, x: usize, into: usize, rows: usize, width: usize): void {
  const bytes = width * 4;
  const whole = bytes & ~15;
  for (let i: usize = 0; i < rows; i++) {
    let j: usize = 0;
    for (; j < whole; j += 16) v128.store(into + j, f32x4.add(v128.load(x + j), v128.load(row + j)));
    for (; j < bytes; j += 4) store<f32>(into + j, load<f32>(x + j) + load<f32>(row + j));
    x += bytes;
    into += bytes;
  }
}
