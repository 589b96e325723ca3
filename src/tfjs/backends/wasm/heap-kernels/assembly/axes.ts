/** Two axes of a tensor exchanged. */
import { transpose } from './images';
import { copy } from './runs';

/** into [count, cols, rows, width] = the numbers of [count, rows, cols, width]. */
export function swapAxes(from: usize, count: usize, rows: usize, cols: usize, width: usize, into: usize): void {
  const bytes = width * 4;
  for (let n: usize = 0; n < count; n++, from += rows * cols * bytes) {
    if (width === 1) {
      transpose(from, rows, cols, cols * 4, into, rows * 4);
      into += rows * cols * 4;
      continue;
    }
    for (let j: usize = 0; j < cols; j++) {
      for (let i: usize = 0; i < rows; i++, into += bytes) copy(from + (i * cols + j) * bytes, into, bytes);
    }
  }
}
