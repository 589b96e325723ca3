/** The windows of a convolution over one plane [rows, cols, channels] as the rows of a matrix, and the transpose of that. */
import { add, clear, copy } from './runs';

let inputRows: isize = 0;
let outputRows: isize = 0;
let filterRows: isize = 0;
let strideRows: isize = 0;
let dilationRows: isize = 0;
let beforeRows: isize = 0;

let inputCols: isize = 0;
let outputCols: isize = 0;
let filterCols: isize = 0;
let strideCols: isize = 0;
let dilationCols: isize = 0;
let beforeCols: isize = 0;

/** Where the windows lie along the rows; see `Axis` in `rules/convolution/window.ts`. */
export function setRows(
  input: isize,
  output: isize,
  filter: isize,
  stride: isize,
  dilation: isize,
  before: isize,
): void {
  inputRows = input;
  outputRows = output;
  filterRows = filter;
  strideRows = stride;
  dilationRows = dilation;
  beforeRows = before;
}

/** Where the windows lie along the columns. */
export function setColumns(
  input: isize,
  output: isize,
  filter: isize,
  stride: isize,
  dilation: isize,
  before: isize,
): void {
  inputCols = input;
  outputCols = output;
  filterCols = filter;
  strideCols = stride;
  dilationCols = dilation;
  beforeCols = before;
}

/** Of the window that starts at input `start`: its first entry inside, and the first one behind the inside after that. */
let first: isize = 0;
let end: isize = 0;

/** Windows of adjacent columns are runs; what is outside lies at their ends. */
function clip(start: isize): void {
  first = min(filterCols, max<isize>(0, -start));
  end = max(first, min(filterCols, inputCols - start));
}

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

/**
 * Writes for each output, row by row, the inputs under its window, [filterRows, filterCols, channels], zeros outside. The
 * windows of successive outputs are `stride` bytes apart. `plane` 0: all of it is outside.
 */
export function patches(plane: isize, channels: isize, into: isize, stride: isize): void {
  const bytes = channels * 4;
  const lineBytes = inputCols * bytes;
  const windowBytes = filterCols * bytes;
  for (let r: isize = 0; r < outputRows; r++) {
    for (let c: isize = 0; c < outputCols; c++) {
      const start = c * strideCols - beforeCols;
      clip(start);
      const before = first * bytes;
      const inside = (end - first) * bytes;
      let at = into;
      for (let k: isize = 0; k < filterRows; k++) {
        const row = r * strideRows - beforeRows + k * dilationRows;
        const line = plane + row * lineBytes;
        if (plane === 0 || row < 0 || row >= inputRows) clear(at, windowBytes);
        else if (dilationCols !== 1) copyApart(line, start, bytes, at);
        else {
          if (inside !== windowBytes) clear(at, windowBytes);
          copy(line + start * bytes + before, at + before, inside);
        }
        at += windowBytes;
      }
      into += stride;
    }
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
