/** Exactly low-rank symmetric indefinite matrices come back whole, by every method. */
import type { Block } from '../../src/core/block.ts';
import { denseOperator, lowRankOperator, type SeighOptions, seigh, ssvd } from '../../src/index.ts';
import { randomOrthogonal } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import {
  distance,
  frobenius,
  multiply,
  orthonormalityDefect,
  relativeDistance,
  toDense,
  transposed,
} from '../support/matrices.ts';

type DType = 'float32' | 'float64';

function lowRank(n: number, rank: number, seed: number, dtype: DType, psd = false): Block {
  const Q = randomOrthogonal(n, seed);
  const scaled = { rows: n, cols: rank, data: new Float64Array(n * rank) };
  const basis = { rows: n, cols: rank, data: new Float64Array(n * rank) };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < rank; j++) {
      const value = (rank - j) * (psd || j % 2 === 0 ? 1 : -1);
      basis.data[i * rank + j] = Q.data[i * n + j]!;
      scaled.data[i * rank + j] = value * Q.data[i * n + j]!;
    }
  }
  const A = multiply(scaled, transposed(basis));
  // exactly symmetric, whatever the rounding
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) A.data[i * n + j] = A.data[j * n + i]!;
  return { rows: n, cols: n, data: dtype === 'float32' ? Float32Array.from(A.data) : A.data };
}

const methods: [string, SeighOptions][] = [
  ['hmt', {}],
  ['hmt, refined', { refine: true }],
  ['hmt, two power iterations', { powerIterations: 2 }],
  ['nystrom', { method: 'nystrom' }],
  ['oversampled', { method: 'oversampled' }],
];
const shapes = [
  { n: 30, rank: 3, dims: 10, blockSize: 4 },
  { n: 60, rank: 10, dims: 17, blockSize: 5 },
  { n: 120, rank: 25, dims: 60, blockSize: 64 },
  ...(long ? [{ n: 200, rank: 40, dims: 70, blockSize: 33 }] : []),
];
const tolerances: [DType, number, number][] = [
  ['float64', 1e-12, 1e-13],
  ['float32', 1e-4, 1e-5],
];

describe.each(tolerances)('%s: A to %d, orthonormal to %d', (dtype, fit, defect) => {
  describe.each(methods)('%s', (_, options) => {
    test.each(shapes)(
      'rank $rank of n = $n from $dims columns in blocks of $blockSize',
      async ({ n, rank, dims, blockSize }) => {
        for (const testMatrix of ['gaussian', 'rademacher', 'sparseSign'] as const) {
          for (const seed of long ? [1, 2, 3, 4, 5] : [1]) {
            const A = lowRank(n, rank, seed, dtype);
            const result = await seigh(denseOperator(A), dims, { ...options, testMatrix, seed, blockSize });
            expect(relativeDistance(A, await toDense(result))).toBeLessThan(fit);
            expect(await orthonormalityDefect(result.eigenvectors)).toBeLessThan(defect);
            for (let j = 0; j < rank; j++) {
              expect(Math.abs(result.eigenvalues[j]! - (rank - j) * (j % 2 === 0 ? 1 : -1))).toBeLessThan(fit * rank);
            }
          }
        }
      },
    );
  });

  test('nystrom with psd: a positive semidefinite matrix, and no negative eigenvalue', async () => {
    for (const seed of [1, 2, 3]) {
      const A = lowRank(80, 12, seed, dtype, true);
      const result = await seigh(denseOperator(A), 24, { method: 'nystrom', psd: true, seed });
      expect(relativeDistance(A, await toDense(result))).toBeLessThan(fit);
      expect(result.eigenvalues.every((value) => value >= 0)).toBe(true);
      expect(await orthonormalityDefect(result.eigenvectors)).toBeLessThan(defect);
    }
  });

  test('ssvd: a rectangular matrix with known singular values', async () => {
    const U = randomOrthogonal(50, 1);
    const V = randomOrthogonal(34, 2);
    const firstColumns = (Q: Block, k: number): Block => {
      const data = dtype === 'float32' ? new Float32Array(Q.rows * k) : new Float64Array(Q.rows * k);
      for (let i = 0; i < Q.rows; i++) for (let j = 0; j < k; j++) data[i * k + j] = Q.data[i * Q.cols + j]!;
      return { rows: Q.rows, cols: k, data };
    };
    const values = [9, 7, 4, 2, 1];
    const op = lowRankOperator(firstColumns(U, 5), values, firstColumns(V, 5));
    for (const powerIterations of [0, 1]) {
      const result = await ssvd(op, 11, { seed: 3, blockSize: 4, powerIterations });
      for (const [i, value] of values.entries())
        expect(Math.abs(result.singularValues[i]! - value)).toBeLessThan(fit * 9);
      expect(distance(await toDense(op), await toDense(result))).toBeLessThan(fit * frobenius(await toDense(op)));
      expect(await orthonormalityDefect(result.leftVectors)).toBeLessThan(defect);
      expect(await orthonormalityDefect(result.rightVectors)).toBeLessThan(defect);
      expect(result.numMatvecs).toBe(11 + 5 + powerIterations * 10);
    }
  });

  test('ssvd: an operator that is its own adjoint needs no other product; its singular values are magnitudes', async () => {
    const A = denseOperator(lowRank(40, 6, 5, dtype));
    const bare = { shape: A.shape, dtype, selfAdjoint: true, matmat: A.matmat };
    const { singularValues } = await ssvd(bare, 12, { seed: 2 });
    // the eigenvalues are 6, -5, 4, ...
    for (let i = 0; i < 6; i++) expect(Math.abs(singularValues[i]! - (6 - i))).toBeLessThan(fit * 6);
  });
});
