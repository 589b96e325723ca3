/** The provider `'native'`: a system BLAS and LAPACK, called in place on the library's own memory. */
import { type Block, checkBlock, type Matrix, zeroMatrix } from '../../../core/block.ts';
import { dtypeOf, type FloatArray } from '../../../core/dtype.ts';
import { UnsupportedError } from '../../../core/errors.ts';
import { Scratch } from '../../../core/scratch.ts';
import type { GemmOptions, Kernels } from '../provider.ts';
import { integer, LOWER, NO_TRANSPOSE, ONE_CHARACTER, scalar } from './arguments.ts';
import { eigh } from './eigh.ts';
import type { ForeignFunction } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import { addOverlap, FEW_COLUMNS, subtractArguments, subtractColumnArguments } from './overlap.ts';
import { type Product, productArguments } from './product.ts';
import { run } from './run.ts';

/** What the native provider has beyond the operations of every provider. */
export interface NativeKernels extends Kernels {
  /** The files the routines come from. */
  readonly files: readonly string[];
  sgemm(product: Product<Float32Array>): void;
}

/** Float64 entries of a converted panel: 8 MB; with fewer rows the library would mostly read and write G. */
const SCRATCH_ENTRIES = 2 ** 20;

/** Columns of a strip in a product of which only the upper triangle is wanted. */
const STRIP = 256;

class BlasKernels implements NativeKernels {
  readonly name: string;
  readonly files: readonly string[];
  readonly #library: BlasLibrary;
  readonly #wide = new Scratch((length) => new Float64Array(length));
  readonly #narrow = new Scratch((length) => new Float32Array(length));

  constructor(library: BlasLibrary, name: string) {
    this.name = name;
    this.files = library.files;
    this.#library = library;
  }

  async addGram(X: Block, Y: Block, G: Matrix, symmetric = X === Y): Promise<void> {
    checkBlock('addGram', X, X.rows, X.cols);
    checkBlock('addGram', Y, X.rows, Y.cols);
    checkBlock('addGram', G, X.cols, Y.cols);
    const inPlace = dtypeOf(X.data) === 'float64' && dtypeOf(Y.data) === 'float64';
    const step = inPlace ? X.rows : Math.max(1, Math.floor(SCRATCH_ENTRIES / Math.max(1, X.cols, Y.cols)));
    for (let start = 0; start < X.rows; start += step) {
      const end = Math.min(start + step, X.rows);
      await this.#withRows(X, start, end, (x) =>
        X === Y
          ? this.#addSquare(x, end - start, G)
          : this.#withRows(Y, start, end, (y) =>
              symmetric
                ? this.#addUpper(x, y, end - start, G)
                : this.#dgemm({ m: G.rows, n: G.cols, k: end - start, transA: true, A: x, B: y, beta: 1, C: G.data }),
            ),
      );
    }
  }

  async addOverlap(V: Block, X: Block, S: Matrix): Promise<void> {
    if (X.cols > FEW_COLUMNS || dtypeOf(V.data) !== dtypeOf(X.data)) return this.addGram(V, X, S, false);
    checkBlock('addOverlap', V, V.rows, V.cols);
    checkBlock('addOverlap', X, V.rows, X.cols);
    checkBlock('addOverlap', S, V.cols, X.cols);
    addOverlap(this.#library, V, X, S);
  }

  async times(X: Block, C: Matrix, out: Block, upper = false): Promise<void> {
    checkBlock('times', X, X.rows, C.rows);
    await this.#withFactor('times', X, C, out, (factor) => this.#strips(X, factor, C.cols, out, upper));
  }

  async subtract(X: Block, C: Matrix, Z: Block): Promise<void> {
    checkBlock('subtract', X, X.rows, C.rows);
    await this.#withFactor('subtract', X, C, Z, async (factor) => {
      const [routine, args] =
        C.cols === 1
          ? ([this.#routine('gemv', X), subtractColumnArguments(X, factor, Z)] as const)
          : ([this.#routine('gemm', X), subtractArguments(X, factor, Z)] as const);
      await run(this.#library, routine, args, 2 * X.data.length * C.cols);
    });
  }

  /** The routine of the element type of a block. */
  #routine(name: 'gemm' | 'gemv', { data }: Block): ForeignFunction {
    return this.#library[dtypeOf(data) === 'float32' ? (`s${name}` as const) : (`d${name}` as const)];
  }

  /** Calls `work` with a small factor C in the element type of X and of what becomes of X C. */
  async #withFactor(
    name: string,
    X: Block,
    C: Matrix,
    out: Block,
    work: (factor: FloatArray) => Promise<void>,
  ): Promise<void> {
    checkBlock(name, C, C.rows, C.cols);
    checkBlock(name, out, X.rows, C.cols);
    const dtype = dtypeOf(X.data);
    if (dtype !== dtypeOf(out.data)) throw new UnsupportedError(`${name}: both blocks must have one element type`, {});
    if (dtype === 'float64') return work(C.data);
    await this.#narrow.lend(C.data.length, async (rounded) => {
      rounded.set(C.data);
      await work(rounded);
    });
  }

  /** out = X C in one product, or in strips of columns that leave out the zeros below an upper triangular C. */
  async #strips(X: Block, C: FloatArray, cols: number, out: Block, upper: boolean): Promise<void> {
    const routine = this.#routine('gemm', X);
    const step = upper ? STRIP : Math.max(1, cols);
    for (let first = 0; first < cols; first += step) {
      const end = Math.min(first + step, cols);
      const shape = { m: X.rows, n: end - first, k: upper ? Math.min(end, X.cols) : X.cols };
      const strides = { strideA: X.cols, strideB: cols, strideC: cols };
      const args = productArguments({
        ...shape,
        ...strides,
        A: X.data,
        B: C.subarray(first),
        C: out.data.subarray(first),
      });
      await run(this.#library, routine, args, 2 * shape.m * shape.n * shape.k);
    }
  }

  async gemm(A: Matrix, B: Matrix, { transA = false, transB = false }: GemmOptions = {}): Promise<Matrix> {
    const [m, k] = transA ? [A.cols, A.rows] : [A.rows, A.cols];
    const n = transB ? B.rows : B.cols;
    checkBlock('gemm', B, ...((transB ? [n, k] : [k, n]) as [number, number]));
    const C = zeroMatrix(m, n);
    await this.#dgemm({ m, n, k, transA, transB, A: A.data, B: B.data, C: C.data });
    return C;
  }

  eigh(A: Matrix): ReturnType<Kernels['eigh']> {
    return eigh(this.#library, A);
  }

  sgemm(product: Product<Float32Array>): void {
    const { m, n, k } = product;
    const args = productArguments(product);
    this.#library.alone(2 * m * n * k, () => this.#library.sgemm(...args));
  }

  #dgemm(product: Product): Promise<void> {
    const { m, n, k } = product;
    return run(this.#library, this.#library.dgemm, productArguments(product), 2 * m * n * k);
  }

  /** Adds x^T x to the upper triangle of G (by rows; the lower one by columns). x: rows x G.rows. */
  #addSquare(x: Float64Array, rows: number, G: Matrix): Promise<void> {
    const k = G.rows;
    const one = scalar(1, G.data);
    const size = integer(Math.max(1, k));
    const args = [LOWER, NO_TRANSPOSE, integer(k), integer(rows), one, x, size, one, G.data, size];
    return run(this.#library, this.#library.dsyrk, [...args, ONE_CHARACTER, ONE_CHARACTER], rows * k * k);
  }

  /** Adds to G the strips of x^T y above the diagonal: half the work where the other half is known by symmetry. */
  async #addUpper(x: Float64Array, y: Float64Array, rows: number, G: Matrix): Promise<void> {
    const k = G.rows;
    const strides = { strideA: k, strideB: k, strideC: k };
    for (let first = 0; first < k; first += STRIP) {
      const end = Math.min(first + STRIP, k);
      const strip = { B: y.subarray(first), C: G.data.subarray(first), ...strides };
      await this.#dgemm({ m: end, n: end - first, k: rows, transA: true, A: x, beta: 1, ...strip });
    }
  }

  /** Rows `start..end` of a panel in float64: the panel's own memory, or converted ones that live as long as `work`. */
  #withRows(X: Block, start: number, end: number, work: (rows: Float64Array) => Promise<void>): Promise<void> {
    const [from, to] = [start * X.cols, end * X.cols];
    const rows = X.data.subarray(from, to);
    if (dtypeOf(rows) === 'float64') return work(rows as Float64Array);
    return this.#wide.lend(to - from, (buffer) => {
      buffer.set(rows);
      return work(buffer);
    });
  }
}

/** The provider on a library that was found right. `name` is recorded in every result. */
export function nativeKernels(library: BlasLibrary, name: string): NativeKernels {
  return new BlasKernels(library, name);
}
