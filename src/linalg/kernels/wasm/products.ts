/** addGram, times, subtract and gemm on an engine: operands are copied into shared memory, at most one tile of the result at a time. */
import { type Block, type Matrix, zeroMatrix } from '../../../core/block.ts';
import { bytesPerEntry, type DType, dtypeOf, type FloatArray } from '../../../core/dtype.ts';
import type { GemmOptions } from '../provider.ts';
import type { Engine, Job } from './engine.ts';
import type { Address } from './module.ts';
import { type Operand, type ProductKind, packedBytes } from './product.ts';

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

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

function view(dtype: DType, memory: SharedArrayBuffer, at: Address, length: number): FloatArray {
  return dtype === 'float32' ? new Float32Array(memory, at, length) : new Float64Array(memory, at, length);
}

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
    view(dtype, memory, at, length).set(block.data.subarray(first * block.cols, first * block.cols + length));
    return { at, outer: block.cols * bytes, depth: bytes };
  }
  const target = view(dtype, memory, at, block.rows * count);
  if (count === block.cols) target.set(block.data);
  else {
    for (let i = 0; i < block.rows; i++) {
      const from = i * block.cols + first;
      target.set(block.data.subarray(from, from + count), i * count);
    }
  }
  return { at, outer: bytes, depth: count * bytes };
}

/** What is known of a product beforehand: that the result is symmetric, or the right factor upper triangular. */
type Structure = 'general' | 'symmetric' | 'triangular';

/**
 * The job of one tile of A B, where `B` has the columns of the right factor as outer entries. Of a tile that is known to
 * be symmetric one triangle is computed.
 */
function tileJob(kind: ProductKind, A: Source, B: Source, structure: Structure, tile: Tile, sink: Sink): Job {
  const { row, rows, col, cols } = tile;
  const depth = A.byColumns ? A.block.rows : A.block.cols;
  const operandType = kind === 'productF64' ? 'float64' : 'float32';
  const resultType = kind === 'productF32' ? 'float32' : 'float64';
  const sameOperand = structure === 'symmetric' && A.block === B.block;
  const offsetB = align(rows * depth * bytesPerEntry(operandType));
  const offsetC = sameOperand ? offsetB : offsetB + align(cols * depth * bytesPerEntry(operandType));
  const offsetPacked = offsetC + align(rows * cols * bytesPerEntry(resultType));
  return {
    bytes: offsetPacked + packedBytes(cols, depth),
    work: 2 * rows * cols * depth,
    load(memory, base) {
      const loadedA = load(A, row, rows, operandType, memory, base);
      const loadedB = sameOperand ? loadedA : load(B, col, cols, operandType, memory, base + offsetB);
      const C = base + offsetC;
      const rowBytes = cols * bytesPerEntry(resultType);
      const args = { kind, A: loadedA, B: loadedB, C, rowBytes, m: rows, n: cols, depth, packed: base + offsetPacked };
      if (structure === 'triangular') return { program: 'multiplyTriangular', args: { ...args, firstColumn: col } };
      return { program: structure === 'symmetric' ? 'multiplySymmetric' : 'multiply', args };
    },
    store(memory, base) {
      sink(view(resultType, memory, base + offsetC, rows * cols), tile);
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
      const known = structure === 'symmetric' && !whole ? 'general' : structure;
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

/** Adds `sign` times a tile. */
function addInto(target: Block, sign: 1 | -1 = 1): Sink {
  return (values, { row, rows, col, cols }) => {
    for (let i = 0, from = 0; i < rows; i++) {
      const start = (row + i) * target.cols + col;
      for (let at = start; at < start + cols; at++, from++) target.data[at]! += sign * values[from]!;
    }
  };
}

/**
 * See `Kernels.addGram`; float32 panels are converted while they are packed. With `symmetric` the sum is known to be
 * symmetric: a result of one tile (k up to 2048) is computed as a triangle, a larger one in full.
 */
export async function addGram(
  engine: Engine,
  X: Block,
  Y: Block,
  G: Matrix,
  symmetric: boolean = X === Y,
): Promise<void> {
  const kind = dtypeOf(X.data) === 'float32' ? 'productF32ToF64' : 'productF64';
  await multiply(
    engine,
    kind,
    { block: X, byColumns: true },
    { block: Y, byColumns: true },
    addInto(G),
    symmetric ? 'symmetric' : 'general',
  );
}

/** See `Kernels.times`; float32 panels are multiplied in float32. */
export async function times(engine: Engine, X: Block, C: Matrix, out: Block, upper = false): Promise<void> {
  if (X.cols === 0) out.data.fill(0);
  const kind = dtypeOf(X.data) === 'float32' ? 'productF32' : 'productF64';
  await multiply(
    engine,
    kind,
    { block: X, byColumns: false },
    { block: C, byColumns: true },
    placeInto(out),
    upper ? 'triangular' : 'general',
  );
}

/** See `Kernels.subtract`. */
export async function subtract(engine: Engine, X: Block, C: Matrix, Z: Block): Promise<void> {
  const kind = dtypeOf(X.data) === 'float32' ? 'productF32' : 'productF64';
  const [left, right] = [
    { block: X, byColumns: false },
    { block: C, byColumns: true },
  ];
  await multiply(engine, kind, left, right, addInto(Z, -1));
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
