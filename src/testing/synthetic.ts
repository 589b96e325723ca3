/** Symmetric operators whose spectrum is known, for tests and for trying settings before a real run. */
import { asDType, type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { fillRandom } from '../core/random.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { scaleRows } from '../linalg/small.ts';
import { defineOperator, type Operator } from '../linops/define.ts';

/** A symmetric operator together with its exact eigendecomposition. */
export interface SyntheticOperator extends Operator {
  /** Length n, in the order given. */
  exactEigenvalues: Float64Array;
  /** n x n, column i belongs to `exactEigenvalues[i]`. */
  exactEigenvectors: Matrix;
}

/**
 * A random orthogonal matrix, Haar distributed: Gram-Schmidt, twice, on Gaussian columns (Stewart 1980). They come from a
 * stream of their own: a method that starts from random vectors of the same seed must not meet them in the operator.
 */
export function randomOrthogonal(n: number, seed: number): Matrix {
  // columns are kept as rows while they are orthogonalised
  const Q = zeroMatrix(n, n);
  fillRandom(Q, 'gaussian', { seed, purpose: 'synthetic' }, 0);
  const row = (i: number): Float64Array => Q.data.subarray(i * n, (i + 1) * n);
  for (let i = 0; i < n; i++) {
    const target = row(i);
    for (let sweep = 0; sweep < 2; sweep++) {
      for (let j = 0; j < i; j++) {
        const other = row(j);
        let dot = 0;
        for (let at = 0; at < n; at++) dot += target[at]! * other[at]!;
        for (let at = 0; at < n; at++) target[at]! -= dot * other[at]!;
      }
    }
    const norm = vectorNorm(target);
    for (let at = 0; at < n; at++) target[at]! /= norm;
  }
  return Q;
}

/** Options of `operatorWithSpectrum`. */
export interface SyntheticOptions {
  /** Seed of the random eigenvectors. Default 0. */
  seed?: number;
  /** Element type of the operator. Default float64. */
  dtype?: DType;
  /** Eigenvectors to use instead of random ones, n x n orthogonal: saves making them anew for many spectra. */
  basis?: Matrix;
}

/**
 * Q diag(eigenvalues) Q^T with a random orthogonal Q, applied factor by factor (4 n^2 operations a column).
 *
 * @param eigenvalues n numbers
 */
export function operatorWithSpectrum(
  eigenvalues: readonly number[] | Float64Array,
  options: SyntheticOptions = {},
): SyntheticOperator {
  const { dtype = 'float64', basis = randomOrthogonal(eigenvalues.length, options.seed ?? 0) } = options;
  const values = Float64Array.from(eigenvalues);
  const n = values.length;
  const matmat = async (X: Block): Promise<Block> => {
    const kernels = await selectKernels();
    const coordinates = await kernels.gemm(basis, asDType(X, 'float64') as Matrix, { transA: true });
    return asDType(await kernels.gemm(basis, scaleRows(coordinates, values)), dtype);
  };
  return defineOperator('operatorWithSpectrum', {
    ...{ shape: [n, n] as const, dtype, selfAdjoint: true as const, matmat },
    ...{ exactEigenvalues: values, exactEigenvectors: basis },
  });
}

/** Spectra that randomized methods are compared on; `n` values each, positive, descending. */
export const spectra: Record<
  'onesThenPower' | 'onesThenGeometric',
  (n: number, ones: number, rate: number) => Float64Array
> = {
  /** 1, ..., 1, then j^-rate, j = 2, 3, ... */
  onesThenPower: (n, ones, rate) =>
    Float64Array.from({ length: n }, (_, i) => (i < ones ? 1 : (i - ones + 2) ** -rate)),
  /** 1, ..., 1, then 10^(-rate j), j = 1, 2, ... */
  onesThenGeometric: (n, ones, rate) =>
    Float64Array.from({ length: n }, (_, i) => (i < ones ? 1 : 10 ** (-rate * (i - ones + 1)))),
};
