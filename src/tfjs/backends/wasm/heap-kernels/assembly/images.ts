/**
 * Between a block [size, width], the directions of one number side by side, and its columns one after the other,
 * [width, size]. In tiles of 16 x 16: whole cache lines on both sides.
 */

const TILE: usize = 16;

/** Transposes a 4 x 4 matrix whose rows are at `from`: stores its columns `apart` bytes from one another. */
function transposeTile(from: usize, stride: usize, into: usize, apart: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride);
  const d = v128.load(from + 3 * stride);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(into, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(into + apart, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(into + 2 * apart, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
  v128.store(into + 3 * apart, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
}

/** The transpose [cols, rows] of a matrix [rows, cols]; rows begin `stride` bytes apart, those of the result `apart`. */
export function transpose(from: usize, rows: usize, cols: usize, stride: usize, into: usize, apart: usize): void {
  const wholeCols = cols & ~3;
  const wholeRows = rows & ~3;
  for (let i: usize = 0; i < wholeRows; i += TILE) {
    const lastRow = min(i + TILE, wholeRows);
    for (let j: usize = 0; j < wholeCols; j += TILE) {
      const lastCol = min(j + TILE, wholeCols);
      for (let l = j; l < lastCol; l += 4) {
        for (let k = i; k < lastRow; k += 4)
          transposeTile(from + k * stride + l * 4, stride, into + l * apart + k * 4, apart);
      }
    }
  }
  for (let i: usize = 0; i < rows; i++) {
    for (let j = i < wholeRows ? wholeCols : 0; j < cols; j++) {
      store<f32>(into + j * apart + i * 4, load<f32>(from + i * stride + j * 4));
    }
  }
}

/** Columns `first..first + count` of a block [size, width], each of them `apart` bytes after the one before. */
export function imagesOf(
  block: usize,
  size: usize,
  width: usize,
  first: usize,
  count: usize,
  into: usize,
  apart: usize,
): void {
  transpose(block + first * 4, size, count, width * 4, into, apart);
}

/** The reverse: puts them back into their columns. */
export function imagesBack(
  from: usize,
  apart: usize,
  block: usize,
  size: usize,
  width: usize,
  first: usize,
  count: usize,
): void {
  transpose(from, count, size, apart, block + first * 4, width * 4);
}
