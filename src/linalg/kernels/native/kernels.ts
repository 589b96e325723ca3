/** The provider `'native'`: a system BLAS and LAPACK, called in place on the library's own memory. */
import {
  asDType,
  type Block,
  type CopyColumns,
  checkBlock,
  type Matrix,
  rowsOf,
  zeroMatrix,
} from '../../../core/block.ts';
import { dtypeOf, type FloatArray } from '../../../core/dtype.ts';
import { ShapeError, UnsupportedError } from '../../../core/errors.ts';
import { breathe } from '../../../core/schedule.ts';
import { Scratch } from '../../../core/scratch.ts';
import { type GemmOptions, type Kernels, SUMMED_ROWS } from '../provider.ts';
import { ALL, integer, LEFT, LOWER, NO_TRANSPOSE, ONE_CHARACTER, scalar } from './arguments.ts';
import { eigh } from './eigh.ts';
import type { ForeignFunction } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import {
  addFewColumns,
  addOverlap,
  FEW_COLUMNS,
  subtractArguments,
  subtractColumnArguments,
  subtractColumns,
} from './overlap.ts';
import { type Product, productArguments } from './product.ts';
import { run } from './run.ts';

/** What the native provider has beyond the operations of every provider. */
export interface NativeKernels extends Kernels {
  /** The files the routines come from. */
  readonly files: readonly string[];
  sgemm(product: Product<Float32Array>): void;
  /** At once and on this thread, for blocks of one element type. @throws ShapeError for columns that a block does not have. */
  copyColumns: CopyColumns;
}

/** Between the kernels of another backend so much work takes less time on one of the library's threads: race `gradients`. */
const SHORT_BETWEEN_OTHERS = 2e7;

/**
 * Terms of a wide X C that are added up in float32 before their sum is added to the others. OpenBLAS takes more, by kind of
 * processor, whose rounding shows in eigenvectors; fewer would cost time.
 */
const SUMMED_TERMS = 192;

/** Rows of a strip in a product of which only the upper triangle is wanted. */
const STRIP = 256;

/** Of a factor with more columns than this, multiplying takes longer than what is read for it. */
const NARROW = 256;

/** Entries of a panel that stay in a cache while a BLAS rearranges them. */
const CACHED_ENTRIES = 2 ** 20;

/** Rows of X that are multiplied at a time by a factor of so many columns, with those of the block that they change. */
function* pieces(X: Block, columns: number, changed: Block): Generator<[Block, Block]> {
  const step = columns > NARROW ? X.rows : Math.max(64, Math.floor(CACHED_ENTRIES / Math.max(1, X.cols)));
  for (let start = 0; start < X.rows; start += step) {
    const end = Math.min(start + step, X.rows);
    yield [rowsOf(X, start, end), rowsOf(changed, start, end)];
  }
}

/** Up to so many columns X^T Y is made as Y^T X. */
const FLIPPED_COLUMNS = 64;

/** to += from, entries `start..end`. */
function addEntries(to: Float64Array, from: FloatArray, start: number, end: number): void {
  for (let at = start; at < end; at++) to[at]! += from[at]!;
}

/** G += S^T. */
function addTransposed(G: Matrix, S: FloatArray): void {
  for (let i = 0, at = 0; i < G.rows; i++) {
    for (let j = 0, from = i; j < G.cols; j++, at++, from += G.rows) G.data[at]! += S[from]!;
  }
}

class BlasKernels implements NativeKernels {
  readonly name: string;
  readonly files: readonly string[];
  readonly #library: BlasLibrary;
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
    const dtype = dtypeOf(X.data);
    if (dtype !== dtypeOf(Y.data)) {
      await this.addGram(asDType(X, 'float64'), asDType(Y, 'float64'), G, symmetric);
    } else if (Y.cols <= FEW_COLUMNS) addFewColumns(this.#library, X, Y, G);
    else if (dtype === 'float64') await this.#addProduct(X, Y, G.data, symmetric, 1);
    else await this.#addInParts(X, Y, G, symmetric);
  }

  async times(X: Block, C: Block, out: Block): Promise<void> {
    checkBlock('times', X, X.rows, C.rows);
    checkBlock('times', out, X.rows, C.cols);
    const depth = dtypeOf(X.data) === 'float32' && C.cols > NARROW ? SUMMED_TERMS : X.cols;
    await this.#withFactor('times', X, C, out, async (B) => {
      for (const [x, product] of pieces(X, C.cols, out)) {
        let first = 0;
        do {
          const terms = { A: x.data.subarray(first), B: B.subarray(first * C.cols), beta: Number(first > 0) };
          const k = Math.min(depth, x.cols - first);
          await this.#multiply({ m: x.rows, n: C.cols, k, ...terms, C: product.data, strideA: x.cols });
          first += depth;
        } while (first < x.cols);
      }
    });
  }

  async solve(X: Block, R: Matrix): Promise<void> {
    checkBlock('solve', R, X.cols, X.cols);
    await this.#withFactor('solve', X, R, X, async (factor) => {
      // to the library X and R are their transposes: R^T X_new^T = X^T, with R^T lower triangular
      const [rows, cols] = [integer(X.rows), integer(X.cols)];
      const stride = integer(Math.max(1, X.cols));
      const flags = [LEFT, LOWER, NO_TRANSPOSE, NO_TRANSPOSE];
      const lengths = flags.map(() => ONE_CHARACTER);
      const args = [...flags, cols, rows, scalar(1, X.data), factor, stride, X.data, stride, ...lengths];
      await run(this.#library, this.#routine('trsm', X.data), args, X.data.length * X.cols);
    });
  }

  async subtract(X: Block, C: Block, Z: Block): Promise<void> {
    checkBlock('subtract', X, X.rows, C.rows);
    checkBlock('subtract', Z, X.rows, C.cols);
    await this.#withFactor('subtract', X, C, Z, async (factor) => {
      const [name, argumentsOf] =
        C.cols === 1 ? (['gemv', subtractColumnArguments] as const) : (['gemm', subtractArguments] as const);
      for (const [x, z] of pieces(X, C.cols, Z)) {
        await run(this.#library, this.#routine(name, x.data), argumentsOf(x, factor, z), 2 * x.data.length * C.cols);
      }
    });
  }

  async addOverlap(V: Block, X: Block, S: Matrix): Promise<void> {
    checkBlock('addOverlap', X, V.cols, X.cols);
    checkBlock('addOverlap', S, V.rows, X.cols);
    addOverlap(this.#library, V, X, S);
    await breathe();
  }

  async subtractColumns(V: Block, C: Matrix, X: Block): Promise<void> {
    checkBlock('subtractColumns', C, V.rows, X.cols);
    checkBlock('subtractColumns', X, V.cols, X.cols);
    await this.#withFactor('subtractColumns', V, C, X, async (c) => subtractColumns(this.#library, V, c, X));
    await breathe();
  }

  /** The routine of the element type of `data`. */
  #routine(name: 'gemm' | 'gemv' | 'syrk' | 'trsm', data: FloatArray): ForeignFunction {
    return this.#library[dtypeOf(data) === 'float32' ? (`s${name}` as const) : (`d${name}` as const)];
  }

  /** Calls `work` with a small factor C in the element type of X and of what becomes of X C. */
  async #withFactor(
    name: string,
    X: Block,
    C: Block,
    out: Block,
    work: (factor: FloatArray) => Promise<void>,
  ): Promise<void> {
    checkBlock(name, C, C.rows, C.cols);
    const dtype = dtypeOf(X.data);
    if (dtype !== dtypeOf(out.data)) throw new UnsupportedError(`${name}: both blocks must have one element type`, {});
    if (dtype === dtypeOf(C.data)) return work(C.data);
    if (dtype === 'float64') return work(asDType(C, dtype).data);
    await this.#narrow.lend(C.data.length, async (rounded) => {
      rounded.set(C.data);
      await work(rounded);
    });
  }

  async gemm(A: Matrix, B: Matrix, { transA = false, transB = false }: GemmOptions = {}): Promise<Matrix> {
    const [m, k] = transA ? [A.cols, A.rows] : [A.rows, A.cols];
    const n = transB ? B.rows : B.cols;
    checkBlock('gemm', B, ...((transB ? [n, k] : [k, n]) as [number, number]));
    const C = zeroMatrix(m, n);
    await this.#multiply({ m, n, k, transA, transB, A: A.data, B: B.data, C: C.data });
    return C;
  }

  eigh(A: Matrix): ReturnType<Kernels['eigh']> {
    return eigh(this.#library, A);
  }

  sgemm(product: Product<Float32Array>): void {
    const { m, n, k } = product;
    const args = productArguments(product);
    this.#library.alone(2 * m * n * k, () => this.#library.sgemm(...args), SHORT_BETWEEN_OTHERS);
  }

  copyColumns(source: Block, first: number, end: number, target: Block, offset: number): void {
    const [rows, cols] = [source.rows, end - first];
    if (Math.min(first, cols, offset) < 0 || end > source.cols || offset + cols > target.cols) {
      throw new ShapeError(
        `copyColumns: no columns ${first}..${end} of ${source.cols} or ${offset} of ${target.cols}`,
        {},
      );
    }
    checkBlock('copyColumns', source, rows, source.cols);
    checkBlock('copyColumns', target, rows, target.cols);
    const copy = dtypeOf(source.data) === 'float32' ? this.#library.slacpy : this.#library.dlacpy;
    const [from, to] = [source.data.subarray(first), target.data.subarray(offset)];
    copy(ALL, integer(cols), integer(rows), from, integer(source.cols), to, integer(target.cols), ONE_CHARACTER);
  }

  #multiply(product: Product): Promise<void> {
    const { m, n, k } = product;
    return run(this.#library, this.#routine('gemm', product.C), productArguments(product), 2 * m * n * k);
  }

  /** G += X^T Y in float64, of float32 panels that are added up in float32 a few rows at a time. */
  async #addInParts(X: Block, Y: Block, G: Matrix, symmetric: boolean): Promise<void> {
    // with a few columns on the right, as the library sees it, a sum takes less time
    const isFlipped = !symmetric && Y.cols <= Math.min(FLIPPED_COLUMNS, X.cols);
    await this.#narrow.lend(G.data.length, async (buffer) => {
      const sum = buffer.subarray(0, G.data.length);
      for (let start = 0; start < X.rows; start += SUMMED_ROWS) {
        const part = (block: Block): Block => rowsOf(block, start, Math.min(start + SUMMED_ROWS, X.rows));
        const x = part(X);
        const y = X === Y ? x : part(Y);
        if (isFlipped) {
          await this.#addProduct(y, x, sum, false, 0);
          addTransposed(G, sum);
          continue;
        }
        await this.#addProduct(x, y, sum, symmetric, 0);
        for (let i = 0; i < G.rows; i++) addEntries(G.data, sum, i * G.cols + (symmetric ? i : 0), (i + 1) * G.cols);
      }
    });
  }

  /** sum = X^T Y + beta sum in the type of all three; where it is known to be symmetric, the upper triangle. */
  async #addProduct(X: Block, Y: Block, sum: FloatArray, symmetric: boolean, beta: number): Promise<void> {
    if (X === Y && symmetric) return this.#addSquare(X, sum, beta);
    const strides = { strideA: X.cols, strideB: Y.cols, strideC: Y.cols };
    const shared = { ...strides, k: X.rows, transA: true, beta };
    // half the work where the other half is known by symmetry
    const step = symmetric ? STRIP : X.cols;
    for (let first = 0; first < X.cols; first += step) {
      const strip = { A: X.data.subarray(first), B: Y.data.subarray(first), C: sum.subarray(first * (Y.cols + 1)) };
      await this.#multiply({ ...shared, ...strip, m: Math.min(step, X.cols - first), n: Y.cols - first });
    }
  }

  /** The upper triangle (by rows; the lower one by columns) of sum = X^T X + beta sum. */
  #addSquare(X: Block, sum: FloatArray, beta: number): Promise<void> {
    const size = integer(Math.max(1, X.cols));
    const [alpha, factor] = [scalar(1, sum), scalar(beta, sum)];
    const args = [LOWER, NO_TRANSPOSE, integer(X.cols), integer(X.rows), alpha, X.data, size, factor, sum, size];
    const all = [...args, ONE_CHARACTER, ONE_CHARACTER];
    return run(this.#library, this.#routine('syrk', sum), all, X.data.length * X.cols);
  }
}

/** The provider on a library that was found right. `name` is recorded in every result. */
export function nativeKernels(library: BlasLibrary, name: string): NativeKernels {
  return new BlasKernels(library, name);
}
