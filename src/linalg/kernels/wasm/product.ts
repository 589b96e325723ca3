/** The program of one matrix product over operands in shared memory. */
import type { Address } from './module.ts';
import type { Thread } from './thread.ts';

/** Names of the product kernels: types of the operands and of the result. */
export type ProductKind = 'productF32' | 'productF64' | 'productF32ToF64';

/** An operand of `outer x depth` entries: the first one's address, and bytes from entry to entry in both directions. */
export interface Operand {
  at: Address;
  outer: number;
  depth: number;
}

/** C (+)= alpha A B. A: m x depth, B: n x depth (its columns), C: m x n with `rowBytes` from row to row. */
export interface Product {
  kind: ProductKind;
  A: Operand;
  B: Operand;
  C: Address;
  rowBytes: number;
  m: number;
  n: number;
  depth: number;
  alpha?: number;
  accumulate?: boolean;
  /** Room for `packedBytes(n, depth)`. */
  packed: Address;
}

/** Bytes of the packed second operand of a product; float32 ones take half of it. */
export function packedBytes(n: number, depth: number): number {
  return Math.ceil(n / 8) * 8 * depth * 8;
}

/** Called by every thread of a team. */
export function multiply(thread: Thread, product: Product, upper = false): void {
  const { kind, A, B, C, rowBytes, m, n, depth, alpha = 1, accumulate = false, packed } = product;
  const kernel = thread.kernels[kind];
  // biome-ignore format: the argument list of the kernel
  kernel(A.at, A.outer, A.depth, B.at, B.outer, B.depth, C, rowBytes, m, n, depth, alpha, accumulate, upper, packed);
}

/** A product whose result is symmetric float64, with rows end to end: one triangle is computed and mirrored. */
export function multiplySymmetric(thread: Thread, product: Product): void {
  multiply(thread, product, true);
  thread.kernels.mirrorUpper(product.C, product.n);
}

/** Columns of C computed together when the right factor is upper triangular. */
const STRIP = 256;

/** A product of which column j of the right factor is known to be zero from depth `firstColumn + j + 1` on. */
export interface TriangularProduct extends Product {
  /** The column of the whole right factor that is the first one here. */
  firstColumn: number;
}

/** Computes C strip by strip, each only as deep as its last column reaches. */
export function multiplyTriangular(thread: Thread, product: TriangularProduct): void {
  const { B, C, rowBytes, n, depth, firstColumn } = product;
  const entryBytes = rowBytes / n;
  for (let first = 0; first < n; first += STRIP) {
    const end = Math.min(first + STRIP, n);
    const strip = { B: { ...B, at: B.at + first * B.outer }, C: C + first * entryBytes, n: end - first };
    multiply(thread, { ...product, ...strip, depth: Math.min(depth, firstColumn + end) });
  }
}
