/** The largest number of each window over one plane [rows, cols, channels], and rows moved between places. */
import { add, copy } from './runs';
import {
  beforeCols,
  beforeRows,
  dilationCols,
  dilationRows,
  filterCols,
  filterRows,
  inputCols,
  inputRows,
  outputCols,
  outputRows,
  strideCols,
  strideRows,
} from './window';

/** The entries `from` to `to` of a window that starts at `start` whose inputs are inside. */
function firstInside(start: isize, dilation: isize): isize {
  return start < 0 ? (dilation - 1 - start) / dilation : 0;
}
function endInside(start: isize, filter: isize, dilation: isize, input: isize): isize {
  return start >= input ? 0 : min(filter, (input - start + dilation - 1) / dilation);
}

/** The largest of four channels at a time among the entries of a window whose first one is at `from`, `place`. */
function maximaOfFour(
  from: usize,
  place: i32,
  rows: isize,
  cols: isize,
  rowStep: isize,
  colStep: isize,
  into: usize,
): void {
  const ascending = i32x4(0, 1, 2, 3);
  let best = f32x4.splat(-Infinity);
  let places = i32x4.add(i32x4.splat(place), ascending);
  for (let k: isize = 0; k < rows; k++) {
    let at = k * rowStep;
    for (let l: isize = 0; l < cols; l++, at += colStep) {
      const value = v128.load(from + at * 4);
      const better = f32x4.gt(value, best);
      best = v128.bitselect(value, best, better);
      places = v128.bitselect(i32x4.add(i32x4.splat(place + <i32>at), ascending), places, better);
    }
  }
  v128.store(into, places);
}

/** The largest of one channel. */
function maximum(from: usize, place: i32, rows: isize, cols: isize, rowStep: isize, colStep: isize, into: usize): void {
  let best: f32 = -Infinity;
  let found = place;
  for (let k: isize = 0; k < rows; k++) {
    let at = k * rowStep;
    for (let l: isize = 0; l < cols; l++, at += colStep) {
      const value = load<f32>(from + at * 4);
      const isBetter = value > best;
      // no branches: which one is larger cannot be foreseen
      best = select<f32>(value, best, isBetter);
      found = select<i32>(place + <i32>at, found, isBetter);
    }
  }
  store<i32>(into, found);
}

/**
 * Writes for each output and channel the flat place, int32, of the largest input under its window; of equal ones the first in
 * row-major order. `place` is that of the plane's first number. A window that is outside has the first place.
 */
export function maxima(plane: usize, channels: isize, place: i32, into: usize): void {
  const rowStep = dilationRows * inputCols * channels;
  const colStep = dilationCols * channels;
  for (let r: isize = 0; r < outputRows; r++) {
    const startRow = r * strideRows - beforeRows;
    const fromRow = firstInside(startRow, dilationRows);
    const rows = max<isize>(0, endInside(startRow, filterRows, dilationRows, inputRows) - fromRow);
    for (let c: isize = 0; c < outputCols; c++) {
      const startCol = c * strideCols - beforeCols;
      const fromCol = firstInside(startCol, dilationCols);
      const cols = max<isize>(0, endInside(startCol, filterCols, dilationCols, inputCols) - fromCol);
      const first =
        rows > 0 && cols > 0
          ? ((startRow + fromRow * dilationRows) * inputCols + startCol + fromCol * dilationCols) * channels
          : 0;
      if (channels < 4) {
        for (let channel: isize = 0; channel < channels; channel++) {
          const at = first + channel;
          maximum(plane + at * 4, place + <i32>at, rows, cols, rowStep, colStep, into + channel * 4);
        }
      } else {
        // the last four channels may overlap those before
        for (let channel: isize = 0; channel < channels; channel += 4) {
          const four = min(channel, channels - 4);
          const at = first + four;
          maximaOfFour(plane + at * 4, place + <i32>at, rows, cols, rowStep, colStep, into + four * 4);
        }
      }
      into += channels * 4;
    }
  }
}

/** into [count, bytes] = the rows of `from` at `places`. */
export function takeRows(from: usize, places: usize, count: usize, bytes: usize, into: usize): void {
  if (bytes === 4) {
    for (let i: usize = 0; i < count; i++) {
      store<f32>(into + i * 4, load<f32>(from + ((<usize>load<i32>(places + i * 4)) << 2)));
    }
    return;
  }
  for (let i: usize = 0; i < count; i++) {
    copy(from + <usize>load<i32>(places + i * 4) * bytes, into, bytes);
    into += bytes;
  }
}

/** Adds the rows [count, bytes] to those of `into` at `places`. */
export function addRows(rows: usize, places: usize, count: usize, bytes: usize, into: usize): void {
  if (bytes === 4) {
    for (let i: usize = 0; i < count; i++) {
      const at = into + ((<usize>load<i32>(places + i * 4)) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(rows + i * 4));
    }
    return;
  }
  for (let i: usize = 0; i < count; i++) {
    add(rows, into + <usize>load<i32>(places + i * 4) * bytes, bytes);
    rows += bytes;
  }
}
