/** addGram, times, solve, subtract and gemm on an engine: operands are copied into shared memory, at most one tile of the result at a time. */
import { type Block, type Matrix, rowsOf, zeroMatrix } from '../../../core/block.ts';
import { bytesPerEntry, type DType, dtypeOf, type FloatArray, viewOf } from '../../../core/dtype.ts';
import { invertSmall } from '../../cholesky.ts';
import { subMatrix } from '../../small.ts';
import { type GemmOptions, SUMMED_ROWS } from '../provider.ts';
import type { Engine, Job } from './engine.ts';
import { type Address, align } from './module.ts';
import { type Operand, type ProductKind, packedBytes } from './product.ts';
import { BLOCK, halfOf } from './solve.ts';

/** Entries of the result computed in one call (32 MB in float64), which bounds the memory of a product. */
const TILE_ENTRIES = 2 ** 22;
const TILE_COLS = 4096;

/** A block as an operand: its rows are the outer entries, or its columns when `byColumns`. */
interface Source {
  block: Block;
  byColumns: boolean;
}

/** A rectangle of the result. */
interface Tile {
  row: number;
  rows: number;
  col: number;
  cols: number;
}

/** What becomes of a finished tile, row-major with rows end to end. */
type Sink = (values: FloatArray, tile: Tile) => void;

const typeOf = (kind: ProductKind): DType => (kind === 'productF32' ? 'float32' : 'float64');

/** Copies `count` outer entries of a source from `first` on to `at`, rounded to `dtype`. */
function load(
  source: Source,
  first: number,
  count: number,
  dtype: DType,
  memory: SharedArrayBuffer,
  at: Address,
): Operand {
  const { block, byColumns } = source;
  const bytes = bytesPerEntry(dtype);
  if (!byColumns) {
    const length = count * block.cols;
    viewOf(dtype, memory, at, length).set(block.data.subarray(first * block.cols, first * block.cols + length));
    return { at, outer: block.cols * bytes, depth: bytes };
  }
  const target = viewOf(dtype, memory, at, block.rows * count);
  if (count === block.cols) target.set(block.data);
  else {
    for (let i = 0; i < block.rows; i++) {
      const from = i * block.cols + first;
      target.set(block.data.subarray(from, from + count), i * count);
    }
  }
  return { at, outer: bytes, depth: count * bytes };
}

/** Whether a result is known to be symmetric, and then whether its upper triangle is enough. */
type Structure = 'general' | 'symmetric' | 'upper';

/**
 * The job of one tile of A B, where `B` has the columns of the right factor as outer entries. Of a tile that is known to
 * be symmetric one triangle is computed.
 */
function tileJob(kind: ProductKind, A: Source, B: Source, structure: Structure, tile: Tile, sink: Sink): Job {
  const { row, rows, col, cols } = tile;
  const depth = A.byColumns ? A.block.rows : A.block.cols;
  const dtype = typeOf(kind);
  const bytes = bytesPerEntry(dtype);
  const sameOperand = structure !== 'general' && A.block === B.block;
  const offsetB = align(rows * depth * bytes);
  const offsetC = sameOperand ? offsetB : offsetB + align(cols * depth * bytes);
  const offsetPacked = offsetC + align(rows * cols * bytes);
  return {
    bytes: offsetPacked + packedBytes(cols, depth),
    work: 2 * rows * cols * depth,
    load(memory, base) {
      const loadedA = load(A, row, rows, dtype, memory, base);
      const loadedB = sameOperand ? loadedA : load(B, col, cols, dtype, memory, base + offsetB);
      const C = base + offsetC;
      const rowBytes = cols * bytes;
      const args = { kind, A: loadedA, B: loadedB, C, rowBytes, m: rows, n: cols, depth, packed: base + offsetPacked };
      if (structure === 'symmetric') return { program: 'multiplySymmetric', args };
      return { program: 'multiply', args: { ...args, upper: structure === 'upper' } };
    },
    store(memory, base) {
      sink(viewOf(dtype, memory, base + offsetC, rows * cols), tile);
    },
  };
}

/** Computes A B tile by tile. Nothing happens when the result or the sums are empty. */
async function multiply(
  engine: Engine,
  kind: ProductKind,
  A: Source,
  B: Source,
  sink: Sink,
  structure: Structure = 'general',
): Promise<void> {
  const m = A.byColumns ? A.block.cols : A.block.rows;
  const n = B.byColumns ? B.block.cols : B.block.rows;
  if (A.block.data.length === 0 || n === 0) return;
  const tileCols = Math.min(n, TILE_COLS);
  const tileRows = Math.max(64, Math.floor(TILE_ENTRIES / tileCols));
  for (let row = 0; row < m; row += tileRows) {
    for (let col = 0; col < n; col += tileCols) {
      const tile = { row, rows: Math.min(tileRows, m - row), col, cols: Math.min(tileCols, n - col) };
      const whole = tile.rows === m && tile.cols === n;
      const known = whole ? structure : 'general';
      await engine.run(tileJob(kind, A, B, known, tile, sink));
    }
  }
}

/** Puts a tile where it belongs in a row-major block. */
function placeInto(target: Block): Sink {
  return (values, { row, rows, col, cols }) => {
    if (cols === target.cols) return target.data.set(values, row * cols);
    for (let i = 0; i < rows; i++) {
      target.data.set(values.subarray(i * cols, (i + 1) * cols), (row + i) * target.cols + col);
    }
  };
}

/** Adds `sign` times a tile, or what it has on and above the diagonal of the whole. */
function addInto(target: Block, { sign = 1, upper = false }: { sign?: 1 | -1; upper?: boolean } = {}): Sink {
  return (values, { row, rows, col, cols }) => {
    for (let i = 0; i < rows; i++) {
      const left = upper ? Math.min(cols, Math.max(0, row + i - col)) : 0;
      const shift = (row + i) * target.cols + col - i * cols;
      for (let from = i * cols + left; from < (i + 1) * cols; from++) {
        target.data[shift + from]! += sign * values[from]!;
      }
    }
  };
}

const kindFor = (...blocks: Block[]): ProductKind =>
  blocks.every(({ data }) => dtypeOf(data) === 'float32') ? 'productF32' : 'productF64';

/**
 * See `Kernels.addGram`. With `symmetric` the sum is known to be symmetric: a result of one tile (k up to 2048) is computed
 * as a triangle, a larger one in full.
 */
export async function addGram(
  engine: Engine,
  X: Block,
  Y: Block,
  G: Matrix,
  symmetric: boolean = X === Y,
): Promise<void> {
  const kind = kindFor(X, Y);
  const step = kind === 'productF32' ? SUMMED_ROWS : Math.max(1, X.rows);
  for (let start = 0; start < X.rows; start += step) {
    const end = Math.min(start + step, X.rows);
    const x = rowsOf(X, start, end);
    const y = X === Y ? x : rowsOf(Y, start, end);
    const [left, right] = [x, y].map((block) => ({ block, byColumns: true })) as [Source, Source];
    await multiply(engine, kind, left, right, addInto(G, { upper: symmetric }), symmetric ? 'upper' : 'general');
  }
}

/** See `Kernels.times`; float32 panels are multiplied in float32. */
export async function times(engine: Engine, X: Block, C: Block, out: Block): Promise<void> {
  if (X.cols === 0) out.data.fill(0);
  const [left, right] = [
    { block: X, byColumns: false },
    { block: C, byColumns: true },
  ];
  await multiply(engine, kindFor(X), left, right, placeInto(out));
}

/** See `Kernels.subtract`. */
export async function subtract(engine: Engine, X: Block, C: Block, Z: Block): Promise<void> {
  const [left, right] = [
    { block: X, byColumns: false },
    { block: C, byColumns: true },
  ];
  await multiply(engine, kindFor(X), left, right, addInto(Z, { sign: -1 }));
}

/** See `Kernels.addOverlap`: float32 data are added up in float64. */
export async function addOverlap(engine: Engine, V: Block, X: Block, S: Matrix): Promise<void> {
  const [left, right] = [
    { block: V, byColumns: false },
    { block: X, byColumns: true },
  ];
  await multiply(engine, 'productF64', left, right, addInto(S));
}

/** See `Kernels.subtractColumns`. */
export async function subtractColumns(engine: Engine, V: Block, C: Matrix, X: Block): Promise<void> {
  const [left, right] = [
    { block: V, byColumns: true },
    { block: C, byColumns: true },
  ];
  await multiply(engine, kindFor(X), left, right, addInto(X, { sign: -1 }));
}

/** Bytes of the operands and of the result of one call of `solve`, at most, unless a single row has more. */
const SOLVE_BYTES = 2 ** 26;

/** See `Kernels.solve`. */
export async function solve(engine: Engine, X: Block, R: Matrix): Promise<void> {
  if (X.data.length === 0) return;
  const kind = kindFor(X);
  const step = Math.max(1, Math.floor(SOLVE_BYTES / (2 * X.cols * bytesPerEntry(typeOf(kind)))));
  const inverses = invertedBlocks(R);
  for (let start = 0; start < X.rows; start += step) {
    await engine.run(solveJob(kind, rowsOf(X, start, Math.min(start + step, X.rows)), R, inverses));
  }
}

/** The inverses of the diagonal blocks of R one below the other, each in the first columns of k x 32. */
function invertedBlocks(R: Matrix): Matrix {
  const k = R.rows;
  const all = zeroMatrix(k, BLOCK);
  for (let first = 0; first < k; first += BLOCK) {
    const end = Math.min(first + BLOCK, k);
    const inverse = invertSmall(subMatrix(R, first, end, first, end));
    for (let i = 0; i < end - first; i++) {
      all.data.set(inverse.data.subarray(i * inverse.cols, (i + 1) * inverse.cols), (first + i) * BLOCK);
    }
  }
  return all;
}

function solveJob(kind: ProductKind, X: Block, R: Matrix, inverses: Matrix): Job {
  const dtype = typeOf(kind);
  const [rows, k] = [X.rows, X.cols];
  const bytes = bytesPerEntry(dtype);
  const offsetQ = align(rows * k * bytes);
  const offsetR = 2 * offsetQ;
  const offsetT = offsetR + align(k * k * bytes);
  const offsetPacked = offsetT + align(inverses.data.length * bytes);
  return {
    bytes: offsetPacked + packedBytes(halfOf(k), halfOf(k)),
    work: rows * k * k,
    load(memory, base) {
      viewOf(dtype, memory, base, rows * k).set(X.data);
      viewOf(dtype, memory, base + offsetR, k * k).set(R.data);
      viewOf(dtype, memory, base + offsetT, inverses.data.length).set(inverses.data);
      const places = { B: base, Q: base + offsetQ, R: base + offsetR, inverses: base + offsetT };
      return { program: 'solve', args: { kind, rows, k, ...places, packed: base + offsetPacked } };
    },
    store(memory, base) {
      X.data.set(viewOf(dtype, memory, base + offsetQ, rows * k));
    },
  };
}

/** See `Kernels.gemm`. */
export async function gemm(engine: Engine, A: Matrix, B: Matrix, options: GemmOptions = {}): Promise<Matrix> {
  const { transA = false, transB = false } = options;
  const C = zeroMatrix(transA ? A.cols : A.rows, transB ? B.rows : B.cols);
  const [left, right] = [
    { block: A, byColumns: transA },
    { block: B, byColumns: !transB },
  ];
  const structure = A === B && transA !== transB ? 'symmetric' : 'general';
  await multiply(engine, 'productF64', left, right, placeInto(C), structure);
  return C;
}
