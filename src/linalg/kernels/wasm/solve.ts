/** The program of X <- X R^-1 for an upper triangular R: products, but for small diagonal blocks, whose inverses are given. */
import type { Address } from './module.ts';
import { multiply, type ProductKind } from './product.ts';
import type { Thread } from './thread.ts';

/** Columns of a diagonal block: see `Kernels.solve`. */
export const BLOCK = 32;

/** Arguments of {@link solve}. All matrices are row-major, rows end to end. */
export interface Solve {
  kind: ProductKind;
  rows: number;
  k: number;
  /** X, rows x k; used up. */
  B: Address;
  /** The result, rows x k. */
  Q: Address;
  /** k x k. */
  R: Address;
  /** The inverses of the diagonal blocks one below the other, k x 32. */
  inverses: Address;
  /** Room for `packedBytes(half, half)` with half = {@link halfOf}(k). */
  packed: Address;
}

/** The columns that come first when k of them are halved. */
export const halfOf = (k: number): number => BLOCK * Math.ceil(k / (2 * BLOCK));

/** Called by every thread of a team. */
export function solve(thread: Thread, { kind, rows, k, B, Q, R, inverses, packed }: Solve): void {
  const bytes = kind === 'productF32' ? 4 : 8;
  const rowBytes = k * bytes;
  const columns = (matrix: Address, first: number) => ({ at: matrix + first * bytes, outer: rowBytes, depth: bytes });
  const shared = { kind, rowBytes, m: rows, packed };
  const halve = (first: number, end: number): void => {
    const n = end - first;
    if (n <= BLOCK) {
      const inverse = { at: inverses + first * BLOCK * bytes, outer: bytes, depth: BLOCK * bytes };
      multiply(thread, { ...shared, A: columns(B, first), B: inverse, C: Q + first * bytes, n, depth: n });
      return;
    }
    const middle = first + halfOf(n);
    halve(first, middle);
    const corner = { at: R + first * rowBytes + middle * bytes, outer: bytes, depth: rowBytes };
    const update = { A: columns(Q, first), B: corner, C: B + middle * bytes, n: end - middle, depth: middle - first };
    multiply(thread, { ...shared, ...update, alpha: -1, accumulate: true });
    halve(middle, end);
  };
  halve(0, k);
}
