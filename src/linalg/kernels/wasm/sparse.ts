/**
 * Sparse products on worker threads: matrices stay in the shared memory from product to product, blocks are copied in and
 * out behind them.
 */
import { type Block, copyColumns } from '../../../core/block.ts';
import { bytesPerEntry, dtypeOf, viewOf } from '../../../core/dtype.ts';
import { UnsupportedError } from '../../../core/errors.ts';
import type { CsrMatrix } from '../../csr.ts';
import { Engine, type Job } from './engine.ts';
import { teamSize } from './load.ts';
import { ALIGNMENT, align, compileModule } from './module.ts';

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

/** A matrix in the shared memory. It is not kept alive by that: its place is used again when nobody has it any more. */
interface Resident {
  matrix: WeakRef<CsrMatrix>;
  /** Offset from the engine's base. */
  at: number;
  bytes: number;
  /** Its numbers have been copied there. */
  isLoaded: boolean;
}

/** Which matrices are where; the memory above them all is for the blocks of the product under way. */
class Residents {
  #all: Resident[] = [];

  get top(): number {
    const last = this.#all.at(-1);
    return last ? last.at + last.bytes : 0;
  }

  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The place of a matrix with `above` bytes free above all of them; the others have to leave when they are in the way. */
  admit(A: CsrMatrix, bytes: number, above: number): Resident {
    const place = this.#all.find(({ matrix }) => matrix.deref() === A) ?? this.#place(A, bytes);
    if (this.top + above <= this.#most) return place;
    this.#all = [];
    return this.#place(A, bytes);
  }

  /** The first gap that a matrix fits into, after those that are gone have left theirs. */
  #place(A: CsrMatrix, bytes: number): Resident {
    this.#all = this.#all.filter(({ matrix }) => matrix.deref() !== undefined);
    let at = 0;
    let index = 0;
    for (; index < this.#all.length && this.#all[index]!.at - at < bytes; index++) {
      at = this.#all[index]!.at + this.#all[index]!.bytes;
    }
    const placed = { matrix: new WeakRef(A), at, bytes, isLoaded: false };
    this.#all.splice(index, 0, placed);
    return placed;
  }
}

/** The threads that multiply sparse matrices, with a memory of their own. */
export class SparseEngine {
  readonly #engine: Engine;
  readonly #parts: number;
  readonly #most: number;
  readonly #residents: Residents;

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
    try {
      for (let first = 0; first < X.cols; first += width) {
        const cols = Math.min(width, X.cols - first);
        await this.#engine.runInTurn(() => this.#prepare(A, layout, X, out, first, cols));
      }
      return true;
    } catch (error) {
      if (error instanceof UnsupportedError) return false;
      throw error;
    }
  }

  /** Ends the threads once the products under way are done; a later product starts them again. */
  close(): Promise<void> {
    return this.#engine.close();
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
