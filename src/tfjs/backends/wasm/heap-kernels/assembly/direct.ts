/**
 * Convolutions of a few filters without a matrix of windows. An image lies in a frame, [rows, columns, channels]: all that its
 * windows reach, zeros outside of the image. There a row of a window is a run of adjacent numbers. Columns are not dilated, and
 * there are at least four filters. Each loop keeps 4 x 8 sums in registers; the last four filters may overlap those before.
 */
import { add, clear, copy } from './runs';
import {
  beforeCols,
  beforeRows,
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

/** Numbers behind a frame that the loops touch: they read them for nothing, or add zeros. */
const SLACK: isize = 8;

function frameRows(): isize {
  return (outputRows - 1) * strideRows + (filterRows - 1) * dilationRows + 1;
}

function frameCols(): isize {
  return (outputCols - 1) * strideCols + filterCols;
}

/** How many numbers a frame takes. */
export function frameSize(channels: isize): isize {
  return frameRows() * frameCols() * channels + SLACK;
}

/** Puts an image into its frame, or, if `back`, adds up to the image what is in the frame. */
function exchange(image: isize, channels: isize, framed: isize, back: bool): void {
  const bytes = channels * 4;
  const col = max<isize>(0, -beforeCols);
  const cols = max<isize>(0, min(inputCols, frameCols() - beforeCols) - col);
  const lineBytes = frameCols() * bytes;
  for (let r: isize = 0; r < frameRows(); r++) {
    const row = r - beforeRows;
    if (row < 0 || row >= inputRows) continue;
    const inside = image + (row * inputCols + col) * bytes;
    const at = framed + r * lineBytes + (col + beforeCols) * bytes;
    if (back) add(at, inside, cols * bytes);
    else copy(inside, at, cols * bytes);
  }
}

/** Puts an image into a frame of zeros. */
export function enframe(image: isize, channels: isize, into: isize): void {
  exchange(image, channels, into, false);
}

/** The transpose: adds to an image what is in its frame. */
export function unframe(from: isize, channels: isize, image: isize): void {
  exchange(image, channels, from, true);
}

/** a + b c */
function fma(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(a, f32x4.mul(b, c));
}

/** into [outputRows, outputCols, filters] = the windows of a frame times weights [entries channels, filters]. */
export function outputs(framed: usize, channels: isize, weights: usize, filters: isize, into: usize): void {
  const lineBytes = frameCols() * channels * 4;
  const runBytes = filterCols * channels * 4;
  const stepBytes = strideCols * channels * 4;
  const filterBytes = filters * 4;
  for (let r: isize = 0; r < outputRows; r++) {
    for (let c: isize = 0; c < outputCols; c += 4) {
      // behind the last column the last one again
      const left = outputCols - 1 - c;
      const c1 = min<isize>(1, left);
      const c2 = min<isize>(2, left);
      const c3 = min<isize>(3, left);
      for (let f: isize = 0; f < filters; f += 8) {
        const low = min(f, filters - 4) * 4;
        const high = min(f + 4, filters - 4) * 4;
        let w = weights + low;
        let w2 = weights + high;
        let a0 = f32x4.splat(0);
        let a1 = a0;
        let a2 = a0;
        let a3 = a0;
        let b0 = a0;
        let b1 = a0;
        let b2 = a0;
        let b3 = a0;
        for (let k: isize = 0; k < filterRows; k++) {
          let x0 = framed + (r * strideRows + k * dilationRows) * lineBytes + c * stepBytes;
          let x1 = x0 + c1 * stepBytes;
          let x2 = x0 + c2 * stepBytes;
          let x3 = x0 + c3 * stepBytes;
          const end = x0 + runBytes;
          while (x0 < end) {
            const u = v128.load(w);
            const v = v128.load(w2);
            let s = v128.load32_splat(x0);
            a0 = fma(a0, s, u);
            b0 = fma(b0, s, v);
            s = v128.load32_splat(x1);
            a1 = fma(a1, s, u);
            b1 = fma(b1, s, v);
            s = v128.load32_splat(x2);
            a2 = fma(a2, s, u);
            b2 = fma(b2, s, v);
            s = v128.load32_splat(x3);
            a3 = fma(a3, s, u);
            b3 = fma(b3, s, v);
            w += filterBytes;
            w2 += filterBytes;
            x0 += 4;
            x1 += 4;
            x2 += 4;
            x3 += 4;
          }
        }
        const at = into + (r * outputCols + c) * filterBytes;
        v128.store(at + low, a0);
        v128.store(at + high, b0);
        v128.store(at + c1 * filterBytes + low, a1);
        v128.store(at + c1 * filterBytes + high, b1);
        v128.store(at + c2 * filterBytes + low, a2);
        v128.store(at + c2 * filterBytes + high, b2);
        v128.store(at + c3 * filterBytes + low, a3);
        v128.store(at + c3 * filterBytes + high, b3);
      }
    }
  }
}

/** Numbers of a run in the weights of `addInputs`. */
function runWidth(channels: isize): isize {
  return (filterCols * channels + 7) & ~7;
}

/** How many numbers the weights of `addInputs` take. */
export function runsSize(channels: isize, filters: isize): isize {
  return filterRows * filters * runWidth(channels);
}

/** Weights for `addInputs`, [filterRows, filters, run], with zeros at the end of each run, from [entries channels, filters]. */
export function runsOf(weights: usize, channels: isize, filters: isize, into: usize): void {
  const length = filterCols * channels;
  const width = runWidth(channels);
  for (let k: isize = 0; k < filterRows; k++) {
    for (let f: isize = 0; f < filters; f++) {
      for (let t: isize = 0; t < length; t++) {
        store<f32>(into + t * 4, load<f32>(weights + (t * filters + f) * 4));
      }
      clear(into + length * 4, (width - length) * 4);
      into += width * 4;
    }
    weights += length * filters * 4;
  }
}

function addPair(at: usize, a: v128, b: v128): void {
  v128.store(at, f32x4.add(v128.load(at), a));
  v128.store(at, f32x4.add(v128.load(at, 16), b), 16);
}

/**
 * The transpose of `outputs`: adds dy [outputRows, outputCols, filters] times the transposed weights, as `runsOf` lays them, to
 * a frame. Windows that follow each other here are in other lines: what was just written is not at once read.
 */
export function addInputs(framed: usize, channels: isize, runs: usize, filters: isize, dy: usize): void {
  const lineBytes = frameCols() * channels * 4;
  const width = runWidth(channels);
  const rowBytes = outputCols * filters * 4;
  const nextRow = strideRows * lineBytes;
  for (let k: isize = 0; k < filterRows; k++) {
    for (let c: isize = 0; c < outputCols; c++) {
      for (let t: isize = 0; t < width; t += 8) {
        for (let r: isize = 0; r < outputRows; r += 4) {
          const left = outputRows - r;
          let d0 = dy + (r * outputCols + c) * filters * 4;
          let d1 = d0 + (left > 1 ? rowBytes : 0);
          let d2 = d1 + (left > 2 ? rowBytes : 0);
          let d3 = d2 + (left > 3 ? rowBytes : 0);
          let w = runs + (k * filters * width + t) * 4;
          const end = d0 + filters * 4;
          let a0 = f32x4.splat(0);
          let a1 = a0;
          let a2 = a0;
          let a3 = a0;
          let b0 = a0;
          let b1 = a0;
          let b2 = a0;
          let b3 = a0;
          while (d0 < end) {
            const u = v128.load(w);
            const v = v128.load(w, 16);
            let s = v128.load32_splat(d0);
            a0 = fma(a0, s, u);
            b0 = fma(b0, s, v);
            s = v128.load32_splat(d1);
            a1 = fma(a1, s, u);
            b1 = fma(b1, s, v);
            s = v128.load32_splat(d2);
            a2 = fma(a2, s, u);
            b2 = fma(b2, s, v);
            s = v128.load32_splat(d3);
            a3 = fma(a3, s, u);
            b3 = fma(b3, s, v);
            w += width * 4;
            d0 += 4;
            d1 += 4;
            d2 += 4;
            d3 += 4;
          }
          const at = framed + (r * strideRows + k * dilationRows) * lineBytes + (c * strideCols * channels + t) * 4;
          addPair(at, a0, b0);
          if (left > 1) addPair(at + nextRow, a1, b1);
          if (left > 2) addPair(at + 2 * nextRow, a2, b2);
          if (left > 3) addPair(at + 3 * nextRow, a3, b3);
        }
      }
    }
  }
}

/** Sums for each entry and channel in `addWeights`: pairs of four filters. */
function sumsWidth(filters: isize): isize {
  return (filters + 7) & ~7;
}

/** How many numbers the sums of `addWeights` take. */
export function sumsSize(channels: isize, filters: isize): isize {
  return filterRows * filterCols * channels * sumsWidth(filters);
}

/** Outputs that are summed at a time: what is read for them stays in the first cache, and long sums are made of short ones. */
const SUMMED: isize = 512;

/** Adds the transposed windows of a frame times dy [outputRows, outputCols, filters] to sums. */
export function addWeights(framed: usize, channels: isize, dy: usize, filters: isize, sums: usize): void {
  const rows = max<isize>(1, SUMMED / outputCols);
  for (let first: isize = 0; first < outputRows; first += rows) {
    addWeightsOf(first, min(first + rows, outputRows), framed, channels, dy, filters, sums);
    dy += rows * outputCols * filters * 4;
  }
}

/** The same for some rows of outputs. */
function addWeightsOf(
  first: isize,
  last: isize,
  framed: usize,
  channels: isize,
  dy: usize,
  filters: isize,
  sums: usize,
): void {
  const lineBytes = frameCols() * channels * 4;
  const length = filterCols * channels;
  const stepBytes = strideCols * channels * 4;
  const filterBytes = filters * 4;
  const width = sumsWidth(filters) * 4;
  for (let k: isize = 0; k < filterRows; k++) {
    for (let t: isize = 0; t < length; t += 4) {
      for (let f: isize = 0; f < filters; f += 8) {
        let d = dy + min(f, filters - 4) * 4;
        let d2 = dy + min(f + 4, filters - 4) * 4;
        let a0 = f32x4.splat(0);
        let a1 = a0;
        let a2 = a0;
        let a3 = a0;
        let b0 = a0;
        let b1 = a0;
        let b2 = a0;
        let b3 = a0;
        for (let r = first; r < last; r++) {
          let x = framed + (r * strideRows + k * dilationRows) * lineBytes + t * 4;
          const end = x + outputCols * stepBytes;
          while (x < end) {
            const u = v128.load(d);
            const v = v128.load(d2);
            let s = v128.load32_splat(x);
            a0 = fma(a0, s, u);
            b0 = fma(b0, s, v);
            s = v128.load32_splat(x, 4);
            a1 = fma(a1, s, u);
            b1 = fma(b1, s, v);
            s = v128.load32_splat(x, 8);
            a2 = fma(a2, s, u);
            b2 = fma(b2, s, v);
            s = v128.load32_splat(x, 12);
            a3 = fma(a3, s, u);
            b3 = fma(b3, s, v);
            d += filterBytes;
            d2 += filterBytes;
            x += stepBytes;
          }
        }
        const left = length - t;
        const at = sums + (k * length + t) * width + f * 4;
        addPair(at, a0, b0);
        if (left > 1) addPair(at + width, a1, b1);
        if (left > 2) addPair(at + 2 * width, a2, b2);
        if (left > 3) addPair(at + 3 * width, a3, b3);
      }
    }
  }
}

/** Adds the sums of `addWeights` to weights [entries channels, filters]. */
export function weightsOf(sums: usize, channels: isize, filters: isize, weights: usize): void {
  const width = sumsWidth(filters) * 4;
  for (let entry: isize = 0; entry < filterRows * filterCols * channels; entry++) {
    for (let f: isize = 0; f < filters; f += 4) {
      const low = min(f, filters - 4);
      // those of the last four that overlap the ones before are in both
      for (let i = f - low; i < 4; i++) {
        const at = weights + (low + i) * 4;
        store<f32>(at, load<f32>(at) + load<f32>(sums + (f + i) * 4));
      }
    }
    weights += filters * 4;
    sums += width;
  }
}
