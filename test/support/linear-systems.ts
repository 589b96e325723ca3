/** Symmetric systems with known solutions. */
import { LuDecomposition, Matrix } from 'ml-matrix';
import type { Block } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import type { LinearOperator } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { toDense, uniforms } from './matrices.ts';

export interface DenseSystem {
  A: LinearOperator;
  dense: Block;
  b: Float64Array;
}

/** A system with random eigenvectors and a random right-hand side. */
export async function systemWithSpectrum(
  spectrum: readonly number[],
  seed = 1,
  dtype: DType = 'float64',
): Promise<DenseSystem> {
  const A = operatorWithSpectrum(spectrum, { seed, dtype });
  const next = uniforms(seed);
  return { A, dense: await toDense(A), b: Float64Array.from(spectrum, next) };
}

/** (A + shift I)^-1 b by Gaussian elimination of ml-matrix. */
export function directSolve({ dense, b }: DenseSystem, shift = 0): Float64Array {
  const matrix = Matrix.from1DArray(dense.rows, dense.cols, dense.data).add(
    Matrix.identity(dense.rows, dense.cols).mul(shift),
  );
  return Float64Array.from(new LuDecomposition(matrix).solve(Matrix.columnVector(b)).to1DArray());
}

/** ||b - (A + shift I) x||, spelled out. */
export function residualNormOf({ dense, b }: DenseSystem, x: Float64Array, shift = 0): number {
  let square = 0;
  for (let i = 0; i < b.length; i++) {
    let r = b[i]! - shift * x[i]!;
    for (let j = 0; j < b.length; j++) r -= dense.data[i * b.length + j]! * x[j]!;
    square += r * r;
  }
  return Math.sqrt(square);
}

export const difference = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  Math.hypot(...Array.from(x, (value, i) => value - y[i]!));
