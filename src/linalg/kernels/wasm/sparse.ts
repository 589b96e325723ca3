/**
 * Sparse products on worker threads, and projections on columns: both stay in the shared memory from product to product, blocks
 * are copied in and out behind them.
 */
import { type Block, copyColumns, type Matrix } from '../../../core/block.ts';
import { bytesPerEntry, dtypeOf, type FloatArray, viewOf } from '../../../core/dtype.ts';
import type { CsrMatrix } from '../../csr.ts';
import { unlessUnsupported } from '../choice.ts';
import { Engine, type Job } from './engine.ts';
import { type Address, ALIGNMENT, align, compileModule } from './module.ts';
import { combinedBytes, PIECE } from './projection.ts';
import { Residents } from './residents.ts';
import { teamSize } from './team-size.ts';

/** Memory for matrices and blocks together: what 32-bit addresses reach, less the threads' own areas. */
const MOST_BYTES = 2 ** 32 - 2 ** 26;

/** A block and its product take at most this much; wider ones are multiplied some columns at a time. */
const BLOCK_BYTES = 2 ** 30;

/** Parts of a product for each thread: threads take them one by one, so one that is held up delays nobody. */
const PARTS = 16;

/** A row costs about as much as this many entries, whatever is in it. */
const ROW_COST = 2;

/** Offsets of a matrix's arrays from where it starts, and its size. */
interface Layout {
  indices: number;
  data: number;
  bounds: number;
  bytes: number;
}

function layoutOf(A: CsrMatrix, parts: number): Layout {
  const indices = align(A.indptr.byteLength);
  const data = indices + align(A.indices.byteLength);
  const bounds = data + align(A.data.byteLength);
  return { indices, data, bounds, bytes: bounds + align(4 * (parts + 1)) };
}

/** Rows at which `parts` parts of about equal work start; the last is the number of rows. */
export function balancedBounds({ rows, indptr }: CsrMatrix, parts: number): Int32Array {
  const bounds = new Int32Array(parts + 1);
  const total = indptr[rows]! + ROW_COST * rows;
  for (let part = 1, row = 0; part <= parts; part++) {
    const upTo = (total * part) / parts;
    while (row < rows && indptr[row]! + ROW_COST * row < upTo) row++;
    bounds[part] = row;
  }
  bounds[parts] = rows;
  return bounds;
}

/** Numbers that are measured of a column: its products with those of V, and with itself. */
const sumsOf = (parts: readonly Block[]): number => parts.reduce((total, { rows }) => total + rows, 1);

/** Copies small matrices to `start` and on, one after the other. */
function placeMatrices(matrices: readonly Matrix[], memory: SharedArrayBuffer, start: Address): Address[] {
  let next = start;
  return matrices.map(({ data }) => {
    const at = next;
    new Float64Array(memory, at, data.length).set(data);
    next += data.byteLength;
    return at;
  });
}

/** Columns take at most this part of the memory, so that a matrix fits beside them. */
const COLUMNS_SHARE = 1 / 2;

/** Of columns that are elsewhere so many rows are copied at a time: whole pieces. */
const COPIED_ROWS = 16 * PIECE;

/** The threads that multiply sparse matrices and project on columns, with a memory of their own. */
export class SparseEngine {
  readonly #engine: Engine;
  readonly #parts: number;
  readonly #most: number;
  readonly #residents: Residents;
  /** The memory under each of its names: it gets another one when it grows. */
  readonly #buffers = new WeakSet<ArrayBufferLike>();

  /** `most`: bytes for matrices and blocks together. */
  constructor(engine: Engine, threads: number, most: number = MOST_BYTES) {
    this.#engine = engine;
    this.#parts = PARTS * Math.max(1, threads);
    this.#most = most;
    this.#residents = new Residents(most);
  }

  /** out = A X, all of A's dtype. False when there is no memory for that: `out` may then hold anything. */
  async multiply(A: CsrMatrix, X: Block, out: Block): Promise<boolean> {
    const layout = layoutOf(A, this.#parts);
    const columnBytes = (A.rows + A.cols) * bytesPerEntry(dtypeOf(A.data));
    const room = Math.min(BLOCK_BYTES, this.#most - layout.bytes - 2 * ALIGNMENT);
    const width = Math.min(X.cols, Math.floor(room / columnBytes));
    if (width < 1) return false;
    const done = await unlessUnsupported(async () => {
      for (let first = 0; first < X.cols; first += width) {
        const cols = Math.min(width, X.cols - first);
        await this.#engine.runInTurn(() => this.#prepare(A, layout, X, out, first, cols));
      }
      return true;
    });
    return done === true;
  }

  /**
   * `length` numbers of any content that stay where they are until they are given back, or collected; undefined when there is no
   * memory.
   */
  lend(length: number): Promise<Float64Array | undefined> {
    const bytes = align(8 * length);
    return unlessUnsupported(() =>
      this.#engine.inTurn(() => {
        const at = this.#residents.gapFor(bytes);
        if (length === 0 || at + bytes > COLUMNS_SHARE * this.#most) return undefined;
        const numbers = this.#engine.numbers(at, length);
        this.#residents.add({ owner: new WeakRef(numbers), at, bytes, isFixed: true, isLoaded: true });
        this.#buffers.add(numbers.buffer);
        return numbers;
      }),
    );
  }

  /** Takes numbers back that were lent; false for others. */
  giveBack(numbers: FloatArray): boolean {
    return this.#residents.remove(numbers);
  }

  /**
   * x -= V c for columns V, one in each row of the parts, and then V^T x, the parts one below the other, and at the end x^T x;
   * nothing of that where it is not to be measured. Parts that were not lent are copied, with the same result to the bit.
   * Undefined when there is no memory for that: x is as it was.
   */
  project(
    parts: readonly Block[],
    away: readonly Matrix[],
    x: Block,
    isMeasured: boolean,
  ): Promise<Float64Array | undefined> {
    const total = new Float64Array(isMeasured ? sumsOf(parts) : 0);
    const isHere = parts.every((part) => this.#has(part));
    const step = isHere ? x.rows : COPIED_ROWS;
    const rest = (isHere ? x.data : x.data.slice()) as Float64Array;
    return unlessUnsupported(async () => {
      for (let first = 0; first < x.rows; first += step) {
        const piece = rest.subarray(first, first + step);
        await this.#engine.runInTurn(() => this.#projection(parts, away, piece, first, total));
      }
      if (!isHere) x.data.set(rest);
      return total;
    });
  }

  /**
   * out = V C for columns V and out, one in each row; `factors` are the rows of C for each part of V, transposed. False where
   * not all were lent, or there is no memory.
   */
  async combine(parts: readonly Block[], factors: readonly Matrix[], out: Block): Promise<boolean> {
    if (![...parts, out].every((part) => this.#has(part))) return false;
    const columns = parts.map(({ rows: count, data }) => ({ at: data.byteOffset, count }));
    const combination = (): Job => {
      const offsetFactors = this.#residents.top;
      const offsetPacked = offsetFactors + align(8 * factors.reduce((total, { data }) => total + data.length, 0));
      return {
        bytes: offsetPacked + combinedBytes(columns),
        work: 2 * out.data.length * sumsOf(parts),
        load(memory, base) {
          const addresses = placeMatrices(factors, memory, base + offsetFactors);
          const placed = columns.map((each, i) => ({ ...each, factors: addresses[i]! }));
          const result = { out: out.data.byteOffset, count: out.rows, packed: base + offsetPacked };
          return { program: 'combineColumns', args: { parts: placed, rows: out.cols, ...result } };
        },
        store() {},
      };
    };
    const done = await unlessUnsupported(async () => {
      await this.#engine.runInTurn(combination);
      return true;
    });
    return done === true;
  }

  /** Ends the threads once the products under way are done; a later product starts them again. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** Whether the numbers are in what was lent. */
  #has({ data }: Block): boolean {
    return this.#buffers.has(data.buffer);
  }

  /** The projection of rows `first..` of a column, whose sums are added to `total` where it has room for them. */
  #projection(
    parts: readonly Block[],
    away: readonly Matrix[],
    x: Float64Array,
    first: number,
    total: Float64Array,
  ): Job {
    const rows = x.length;
    const width = total.length;
    const offsetX = this.#residents.top;
    const offsetAway = offsetX + align(8 * rows);
    const offsetSums = offsetAway + align(8 * sumsOf(parts));
    const sumsLength = width * Math.ceil(rows / PIECE);
    let bytes = offsetSums + align(8 * sumsLength);
    const columns = parts.map((part) => {
      if (this.#has(part)) return { part, offset: undefined };
      const offset = bytes;
      bytes += align(8 * rows * part.rows);
      return { part, offset };
    });
    return {
      bytes,
      work: 4 * rows * sumsOf(parts),
      load(memory, base) {
        new Float64Array(memory, base + offsetX, rows).set(x);
        const addresses = placeMatrices(away, memory, base + offsetAway);
        const placed = columns.map(({ part, offset }, i) => {
          const place = { count: part.rows, away: addresses[i]! };
          if (offset === undefined) return { ...place, at: part.data.byteOffset + 8 * first, rowBytes: 8 * part.cols };
          const data = new Float64Array(memory, base + offset, part.rows * rows);
          copyColumns(part, first, first + rows, { rows: part.rows, cols: rows, data }, 0);
          return { ...place, at: base + offset, rowBytes: 8 * rows };
        });
        const sums = width > 0 ? base + offsetSums : undefined;
        return { program: 'projectColumn', args: { parts: placed, rows, x: base + offsetX, sums } };
      },
      store(memory, base) {
        x.set(new Float64Array(memory, base + offsetX, rows));
        const sums = new Float64Array(memory, base + offsetSums, sumsLength);
        for (let at = 0; at < sums.length; ) for (let j = 0; j < width; j++, at++) total[j]! += sums[at]!;
      },
    };
  }

  #prepare(A: CsrMatrix, layout: Layout, X: Block, out: Block, first: number, cols: number): Job {
    const dtype = dtypeOf(A.data);
    const parts = this.#parts;
    const rowBytes = cols * bytesPerEntry(dtype);
    const [bytesX, bytesY] = [align(A.cols * rowBytes), align(A.rows * rowBytes)];
    const resident = this.#residents.admit(A, layout.bytes, bytesX + bytesY);
    const offsetX = this.#residents.top;
    const offsetY = offsetX + bytesX;
    return {
      bytes: offsetY + bytesY,
      work: 2 * A.data.length * cols,
      load(memory, base) {
        const indptr = base + resident.at;
        const [indices, data, bounds] = [indptr + layout.indices, indptr + layout.data, indptr + layout.bounds];
        if (!resident.isLoaded) {
          new Int32Array(memory, indptr, A.indptr.length).set(A.indptr);
          new Int32Array(memory, indices, A.indices.length).set(A.indices);
          viewOf(dtype, memory, data, A.data.length).set(A.data);
          new Int32Array(memory, bounds, parts + 1).set(balancedBounds(A, parts));
          resident.isLoaded = true;
        }
        const block = { rows: A.cols, cols, data: viewOf(dtype, memory, base + offsetX, A.cols * cols) };
        copyColumns(X, first, first + cols, block, 0);
        const kind = dtype === 'float32' ? 'csrF32' : 'csrF64';
        const [atX, atY] = [base + offsetX, base + offsetY];
        return {
          program: 'multiplyCsr',
          args: { kind, indptr, indices, data, bounds, parts, X: atX, Y: atY, rowBytes },
        };
      },
      store(memory, base) {
        const data = viewOf(dtype, memory, base + offsetY, A.rows * cols);
        copyColumns({ rows: A.rows, cols, data }, 0, cols, out, first);
      },
    };
  }
}

let loaded: Promise<SparseEngine> | undefined;

/**
 * The one engine of this process; its threads start with the first product and do not keep the process alive.
 * @throws UnsupportedError where WebAssembly has no SIMD, no threads or no shared memory.
 */
export function loadSparseEngine(): Promise<SparseEngine> {
  loaded ??= compileModule().then((module) => new SparseEngine(new Engine(module, teamSize()), teamSize()));
  return loaded;
}
