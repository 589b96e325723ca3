/** A dense rectangle of numbers: what operators take and return, and what small matrices are kept in. */
import { allocate, type DType, dtypeOf, type FloatArray, isFloatArray } from './dtype.ts';
import { ArgumentError, ShapeError } from './errors.ts';

/** Row-major `rows x cols` data: entry (i, j) is `data[i * cols + j]`. */
export interface Block {
  /** Rows. */
  rows: number;
  /** Columns. */
  cols: number;
  /** rows x cols numbers, row after row. */
  data: FloatArray;
}

/** A small float64 block: cores, Gram matrices, rotations. */
export interface Matrix extends Block {
  /** rows x cols numbers, row after row. */
  data: Float64Array;
}

/** A zeroed block. */
export function zeros(rows: number, cols: number, dtype: DType): Block {
  return { rows, cols, data: allocate(dtype, rows * cols) };
}

/**
 * Blocks in the same memory time after time: fresh memory costs a large product as much as its arithmetic, and what is thrown
 * away is collected late.
 */
export function recycled(
  rows: number,
  mostCols: number,
  dtype: DType,
  data: FloatArray = allocate(dtype, rows * mostCols),
): (cols: number) => Block {
  return (cols) => ({ rows, cols, data: data.subarray(0, rows * cols) });
}

/** Rows `start..end` of a block: a view. */
export function rowsOf({ cols, data }: Block, start: number, end: number): Block {
  return { rows: end - start, cols, data: data.subarray(start * cols, end * cols) };
}

/** The block with every sign changed. */
export function negated<T extends Block>(block: T): T {
  const data = block.data.slice();
  for (let at = 0; at < data.length; at++) data[at] = -data[at]!;
  return { ...block, data };
}

/** A zeroed small float64 matrix. */
export function zeroMatrix(rows: number, cols: number): Matrix {
  return { rows, cols, data: new Float64Array(rows * cols) };
}

/**
 * Checks that a value is a block of the stated shape.
 * @throws ArgumentError when it is no block, ShapeError when its shape or the length of its data is wrong.
 */
export function checkBlock(name: string, value: unknown, rows: number | undefined, cols: number | undefined): Block {
  const block = value as Block | null | undefined;
  if (block === null || typeof block !== 'object' || !isFloatArray(block.data)) {
    throw new ArgumentError(`${name}: expected a Block { rows, cols, data: Float32Array | Float64Array }`, {});
  }
  if (rows === undefined || cols === undefined || block.rows !== rows || block.cols !== cols) {
    throw new ShapeError(`${name}: expected a ${rows} x ${cols} block, got ${block.rows} x ${block.cols}`, {
      expected: [rows, cols],
      got: [block.rows, block.cols],
    });
  }
  if (block.data.length !== rows * cols) {
    throw new ShapeError(
      `${name}: a ${rows} x ${cols} block needs ${rows * cols} numbers, its data has ${block.data.length}`,
      { expected: rows * cols, got: block.data.length },
    );
  }
  return block;
}

/** The same block in another element type; the block itself when nothing changes. */
export function asDType(block: Block, dtype: DType): Block {
  if (dtypeOf(block.data) === dtype) return block;
  const data = allocate(dtype, block.data.length);
  data.set(block.data);
  return { rows: block.rows, cols: block.cols, data };
}

/**
 * A block of pairs of float32 numbers, each pair as one number of 64 bits: to be moved, not to be read. Undefined where columns
 * from `first` on do not begin with a whole pair in memory.
 */
function pairsOf({ rows, cols, data }: Block, first: number): Block | undefined {
  if (dtypeOf(data) !== 'float32' || (cols | first) % 2 !== 0 || data.byteOffset % 8 !== 0) return undefined;
  return { rows, cols: cols / 2, data: new Float64Array(data.buffer, data.byteOffset, data.length / 2) };
}

/** Copies columns `first..end` of `source` into columns starting at `offset` of `target`; rows must agree. */
export type CopyColumns = (source: Block, first: number, end: number, target: Block, offset: number) => void;

/** Numbers from which on a call of foreign code costs little beside a copy. */
const LARGE_COPY = 2 ** 16;

let copyLarge: CopyColumns | undefined;

/**
 * Says who copies columns of large blocks of one element type, undefined for nobody else. Their rows lie on pages far apart, which a processor waits for
 * one after the other where a loop has many instructions.
 */
export function copyLargeWith(copy: CopyColumns | undefined): void {
  copyLarge = copy;
}

/** See {@link CopyColumns}. */
export function copyColumns(source: Block, first: number, end: number, target: Block, offset: number): void {
  const width = end - first;
  // the rows would be gone through all the same
  if (width === 0) return;
  const [from, to] = [source.data, target.data];
  if (width === source.cols && width === target.cols) {
    to.set(from);
    return;
  }
  if (copyLarge && width >= 8 && source.rows * width >= LARGE_COPY && dtypeOf(from) === dtypeOf(to)) {
    copyLarge(source, first, end, target, offset);
    return;
  }
  // a loop converts each number of float32 to float64 and back, but not a pair of them
  const fromPairs = width % 2 === 0 ? pairsOf(source, first) : undefined;
  const toPairs = fromPairs && pairsOf(target, offset);
  if (toPairs) copyColumns(fromPairs, first / 2, end / 2, toPairs, offset / 2);
  else if (width === 1) {
    for (let i = 0, start = first, at = offset; i < source.rows; i++, start += source.cols, at += target.cols) {
      to[at] = from[start]!;
    }
  } else {
    for (let i = 0; i < source.rows; i++) {
      const start = i * source.cols + first;
      const at = i * target.cols + offset;
      // a native copy of a row pays for its call from a hundred entries on
      if (width >= 96) to.set(from.subarray(start, start + width), at);
      else for (let j = 0; j < width; j++) to[at + j] = from[start + j]!;
    }
  }
}

/** [parts] of equal height in `out`. */
export function placeSideBySide(parts: readonly Block[], out: Block): void {
  let column = 0;
  for (const part of parts) {
    copyColumns(part, 0, part.cols, out, column);
    column += part.cols;
  }
}
