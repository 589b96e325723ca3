/** Where the windows of a convolution or pooling lie over a plane [rows, cols, channels]. Set before a loop over them runs. */

export let inputRows: isize = 0;
export let outputRows: isize = 0;
export let filterRows: isize = 0;
export let strideRows: isize = 0;
export let dilationRows: isize = 0;
export let beforeRows: isize = 0;

export let inputCols: isize = 0;
export let outputCols: isize = 0;
export let filterCols: isize = 0;
export let strideCols: isize = 0;
export let dilationCols: isize = 0;
export let beforeCols: isize = 0;

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
export let first: isize = 0;
export let end: isize = 0;

/** Windows of adjacent columns are runs; what is outside lies at their ends. */
export function clip(start: isize): void {
  first = min(filterCols, max<isize>(0, -start));
  end = max(first, min(filterCols, inputCols - start));
}
