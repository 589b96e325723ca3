/** The program of one sparse product over operands in shared memory. */
import type { Address } from './module.ts';
import type { Thread } from './thread.ts';

/** Y = A X: A in compressed rows, X and Y row-major with `rowBytes` from row to row. */
export interface CsrProduct {
  kind: 'csrF32' | 'csrF64';
  indptr: Address;
  indices: Address;
  data: Address;
  /** Rows at which the parts of the work start, and the number of parts. */
  bounds: Address;
  parts: number;
  X: Address;
  Y: Address;
  rowBytes: number;
}

/** Called by every thread of a team. */
export function multiplyCsr(thread: Thread, product: CsrProduct): void {
  const { kind, indptr, indices, data, bounds, parts, X, Y, rowBytes } = product;
  thread.kernels[kind](indptr, indices, data, bounds, parts, X, Y, rowBytes);
}
