/** The windows of a convolution over one plane [rows, cols, channels] as the rows of a matrix, and the transpose of that. */
import { add, clear, copy } from './runs';
import {
  beforeCols,
  beforeRows,
  clip,
  dilationCols,
  dilationRows,
  end,
  filterCols,
  filterRows,
  first,
  inputCols,
  inputRows,
  outputCols,
  outputRows,
  strideCols,
  strideRows,
} from './window';

/** One row of one window with gaps between its columns, zeros outside: `line` is the row of the plane. */
function copyApart(line: isize, start: isize, bytes: isize, into: isize): void {
  for (let k: isize = 0; k < filterCols; k++) {
    const col = start + k * dilationCols;
    if (col >= 0 && col < inputCols) copy(line + col * bytes, into + k * bytes, bytes);
    else clear(into + k * bytes, bytes);
  }
}

/** Adds one row of one such window to the row of the plane that it was read from. */
function addApart(line: isize, start: isize, bytes: isize, from: isize): void {
  for (let k: isize = 0; k < filterCols; k++) {
    const col = start + k * dilationCols;
    if (col >= 0 && col < inputCols) add(from + k * bytes, line + col * bytes, bytes);
  }
}

/** Rows of windows that are inside as a whole: `count` of them, `step` bytes apart, to `stride` bytes apart. */
function copyRuns(from: usize, step: usize, bytes: usize, count: isize, into: usize, stride: usize): void {
  if (bytes < 16 || bytes > 32) {
    for (let i: isize = 0; i < count; i++) {
      copy(from, into, bytes);
      from += step;
      into += stride;
    }
    return;
  }
  // the two vectors of a short run may overlap
  const last = bytes - 16;
  for (let i: isize = 0; i < count; i++) {
    v128.store(into, v128.load(from));
    v128.store(into + last, v128.load(from + last));
    from += step;
    into += stride;
  }
}

/** One row of one window, zeros outside: `line` is the row of the plane. */
function copyClipped(line: isize, start: isize, bytes: isize, into: isize): void {
  if (dilationCols !== 1) {
    copyApart(line, start, bytes, into);
    return;
  }
  clip(start);
  clear(into, filterCols * bytes);
  copy(line + (start + first) * bytes, into + first * bytes, (end - first) * bytes);
}

/**
 * Writes for each output, row by row, the inputs under its window, [filterRows, filterCols, channels], zeros outside. The
 * windows of successive outputs are `stride` bytes apart. `plane` 0: all of it is outside.
 */
export function patches(plane: isize, channels: isize, into: isize, stride: isize): void {
  const bytes = channels * 4;
  const lineBytes = inputCols * bytes;
  const windowBytes = filterCols * bytes;
  // the outputs whose windows lie between the first and the last column
  const left =
    dilationCols === 1 ? min(outputCols, max<isize>(0, (beforeCols + strideCols - 1) / strideCols)) : outputCols;
  const reach = inputCols - filterCols + beforeCols;
  const right = reach < 0 ? left : max(left, min(outputCols, reach / strideCols + 1));
  for (let r: isize = 0; r < outputRows; r++) {
    for (let k: isize = 0; k < filterRows; k++) {
      const row = r * strideRows - beforeRows + k * dilationRows;
      let at = into + k * windowBytes;
      if (plane === 0 || row < 0 || row >= inputRows) {
        for (let c: isize = 0; c < outputCols; c++, at += stride) clear(at, windowBytes);
        continue;
      }
      const line = plane + row * lineBytes;
      for (let c: isize = 0; c < left; c++, at += stride) copyClipped(line, c * strideCols - beforeCols, bytes, at);
      const start = left * strideCols - beforeCols;
      copyRuns(line + start * bytes, strideCols * bytes, windowBytes, right - left, at, stride);
      at += (right - left) * stride;
      for (let c = right; c < outputCols; c++, at += stride) copyClipped(line, c * strideCols - beforeCols, bytes, at);
    }
    into += outputCols * stride;
  }
}

/** The transpose: adds what is in the windows to the inputs that they lie over; what is outside gets lost. */
export function addPatches(plane: isize, channels: isize, from: isize, stride: isize): void {
  const bytes = channels * 4;
  const lineBytes = inputCols * bytes;
  const windowBytes = filterCols * bytes;
  for (let r: isize = 0; r < outputRows; r++) {
    for (let c: isize = 0; c < outputCols; c++) {
      const start = c * strideCols - beforeCols;
      clip(start);
      const before = first * bytes;
      const inside = (end - first) * bytes;
      let at = from;
      for (let k: isize = 0; k < filterRows; k++) {
        const row = r * strideRows - beforeRows + k * dilationRows;
        const line = plane + row * lineBytes;
        if (row >= 0 && row < inputRows) {
          if (dilationCols !== 1) addApart(line, start, bytes, at);
          else add(at + before, line + start * bytes + before, inside);
        }
        at += windowBytes;
      }
      from += stride;
    }
  }
}
