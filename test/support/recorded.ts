/** What an operator was multiplied with, and plain vectors to evaluate formulas with. */
import type { Block } from '../../src/core/block.ts';
import type { LinearOperator } from '../../src/index.ts';

export const dot = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, i) => sum + value * y[i]!, 0);
export const norm = (x: readonly number[]): number => Math.hypot(...x);
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The columns of a block. */
export function columnsOf({ rows, cols, data }: Block): number[][] {
  return Array.from({ length: cols }, (_, j) => Array.from({ length: rows }, (_, i) => data[i * cols + j]!));
}

/** x less its part in the span of orthonormal vectors. */
export function outside(x: readonly number[], basis: readonly (readonly number[])[]): number[] {
  let left = [...x];
  for (const q of basis) {
    const part = dot(q, left);
    left = left.map((value, i) => value - part * q[i]!);
  }
  return left;
}

/** The operator, and the columns of each of its products so far. */
export function recorded(op: LinearOperator): { op: LinearOperator; products: number[][][] } {
  const products: number[][][] = [];
  const matmat: LinearOperator['matmat'] = (X, out) => {
    products.push(columnsOf(X));
    return op.matmat(X, out);
  };
  return { op: { ...op, matmat }, products };
}
