/** One row against many. */
import { add, clear } from './runs';

/** Rows that are added up before their sum is added to the others': rounding grows with the rows of a sum. */
const TOGETHER: usize = 256;

/** into [width] = the sum of the rows of x [rows, width]; `part` is as large, for work. */
export function sumRows(x: usize, rows: usize, width: usize, into: usize, part: usize): void {
  const bytes = width * 4;
  clear(into, bytes);
  for (let i: usize = 0; i < rows; i += TOGETHER) {
    const last = min(i + TOGETHER, rows);
    clear(part, bytes);
    for (let j = i; j < last; j++) {
      add(x, part, bytes);
      x += bytes;
    }
    add(part, into, bytes);
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
