/** Matrices and measures shared by the tests of the wasm kernels. */
import type { Block, Matrix } from '../../src/core/block.ts';
import { allocate, type DType } from '../../src/core/dtype.ts';

/** Uniform numbers in (-1/2, 1/2), the same in every run (Park & Miller 1988). */
export function uniform(seed: number): () => number {
  let state = seed % 2147483647 || 1;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
}

/** A block filled entry by entry. */
export function blockOf(rows: number, cols: number, dtype: DType, entry: (i: number, j: number) => number): Block {
  const data = allocate(dtype, rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[i * cols + j] = entry(i, j);
  return { rows, cols, data };
}

/** A float64 matrix filled entry by entry. */
export function matrixOf(rows: number, cols: number, entry: (i: number, j: number) => number): Matrix {
  return blockOf(rows, cols, 'float64', entry) as Matrix;
}

/** A block of uniform numbers. */
export function randomBlock(rows: number, cols: number, dtype: DType, seed: number): Block {
  return blockOf(rows, cols, dtype, uniform(seed));
}

export function randomMatrix(rows: number, cols: number, seed: number): Matrix {
  return matrixOf(rows, cols, uniform(seed));
}

/** Largest absolute difference of two arrays. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
