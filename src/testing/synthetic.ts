/** Symmetric operators whose spectrum is known, for tests and for trying settings before a real run. */
import { asDType, type Block, checkBlock, type Matrix, zeroMatrix } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import type { DType } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import {
  block,
  dtype as dtypeField,
  finite,
  integer,
  numbers,
  optional,
  parseOptions,
  seed as seedField,
  withDefault,
} from '../core/parse.ts';
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
 * @throws ArgumentError for an n below 1 or a bad seed.
 */
export function randomOrthogonal(n: number, seed: number): Matrix {
  return atDoor('randomOrthogonal', () => orthogonal(integer(1).parse(n, 'n'), seedField.parse(seed, 'seed')));
}

function orthogonal(n: number, seed: number): Matrix {
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

const OPTIONS = { seed: withDefault(seedField, 0), dtype: withDefault(dtypeField, 'float64'), basis: optional(block) };

/**
 * Q diag(eigenvalues) Q^T with a random orthogonal Q, applied factor by factor (4 n^2 operations a column).
 *
 * @param eigenvalues n numbers
 * @throws ArgumentError for what are no finite numbers or options out of range, ShapeError for a basis of another size.
 */
export function operatorWithSpectrum(
  eigenvalues: readonly number[] | Float64Array,
  options: SyntheticOptions = {},
): SyntheticOperator {
  return atDoor('operatorWithSpectrum', () => {
    const values = Float64Array.from(numbers.parse(eigenvalues, 'eigenvalues'));
    if (values.length === 0 || !values.every(Number.isFinite)) {
      throw new ArgumentError('eigenvalues must be finite numbers, at least one');
    }
    const { dtype, seed, basis } = parseOptions(options, OPTIONS);
    if (basis) checkBlock('basis', basis, values.length, values.length);
    return syntheticOperator(values, (basis as Matrix | undefined) ?? orthogonal(values.length, seed), dtype);
  });
}

function syntheticOperator(values: Float64Array, basis: Matrix, dtype: DType): SyntheticOperator {
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

/** Values 1, `ones` of them, and then those of j = 1, 2, ... */
const onesThen =
  (where: string, value: (j: number, rate: number) => number) =>
  (n: number, ones: number, rate: number): Float64Array =>
    atDoor(where, () => {
      integer(1).parse(n, 'n');
      integer(0).parse(ones, 'ones');
      finite.parse(rate, 'rate');
      return Float64Array.from({ length: n }, (_, i) => (i < ones ? 1 : value(i - ones + 1, rate)));
    });

/** Spectra that randomized methods are compared on; `n` values each, positive, descending. */
export const spectra: Record<
  'onesThenPower' | 'onesThenGeometric',
  (n: number, ones: number, rate: number) => Float64Array
> = {
  /** 1, ..., 1, then j^-rate, j = 2, 3, ... */
  onesThenPower: onesThen('spectra.onesThenPower', (j, rate) => (j + 1) ** -rate),
  /** 1, ..., 1, then 10^(-rate j), j = 1, 2, ... */
  onesThenGeometric: onesThen('spectra.onesThenGeometric', (j, rate) => 10 ** (-rate * j)),
};
