/** The program of one matrix product over operands in shared memory. */
import type { Address } from './module.ts';
import type { Thread } from './thread.ts';

/** Names of the product kernels, by the type of operands and result. */
export type ProductKind = 'productF32' | 'productF64';

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
  /** Tiles that lie wholly below the diagonal of C are left as they are. */
  upper?: boolean;
  /** Room for `packedBytes(n, depth)`. */
  packed: Address;
}

/** Bytes of the packed second operand of a product; float32 ones take half of it. */
export function packedBytes(n: number, depth: number): number {
  return Math.ceil(n / 8) * 8 * depth * 8;
}

/** Called by every thread of a team. */
export function multiply(thread: Thread, product: Product): void {
  const { kind, A, B, C, rowBytes, m, n, depth, alpha = 1, accumulate = false, upper = false, packed } = product;
  const kernel = thread.kernels[kind];
  // biome-ignore format: the argument list of the kernel
  kernel(A.at, A.outer, A.depth, B.at, B.outer, B.depth, C, rowBytes, m, n, depth, alpha, accumulate, upper, packed);
}

/** A product whose result is symmetric float64, with rows end to end: one triangle is computed and mirrored. */
export function multiplySymmetric(thread: Thread, product: Product): void {
  multiply(thread, { ...product, upper: true });
  thread.kernels.mirrorUpper(product.C, product.n);
}
