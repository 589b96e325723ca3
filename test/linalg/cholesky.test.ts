import type { Matrix } from '../../src/core/block.ts';
import { cholesky, invertUpper, pivotedCholesky } from '../../src/linalg/cholesky.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { expect, test } from '../support/jest.ts';
import { distance, frobenius, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';

const kernels = await selectKernels();

function semidefinite(k: number, rank: number, seed: number): Matrix {
  const X = randomBlock(rank, k, seed);
  return multiply(transposed(X), X) as Matrix;
}

/** Entries below the diagonal that are not zero. */
const nonzerosBelow = ({ cols, data }: Matrix): number =>
  data.filter((value, at) => at % cols < Math.floor(at / cols) && value !== 0).length;

test.each([
  [1, 1],
  [5, 5],
  [63, 63],
  [64, 20],
  [65, 65],
  [200, 130],
  [200, 1],
  [150, 128],
])(
  'R^T R is the matrix, its rank is found, and R is triangular in the order of pivots (k = %i, rank %i)',
  async (k, rank) => {
    const A = semidefinite(k, rank, k);
    const { R, pivots } = await pivotedCholesky(A, 1e-12 * frobenius(A), kernels);
    expect([R.rows, R.cols, pivots.length]).toEqual([rank, k, rank]);
    expect(distance(A, multiply(transposed(R), R))).toBeLessThan(1e-13 * frobenius(A));
    for (let i = 0; i < rank; i++) {
      const row = R.data.subarray(i * k, (i + 1) * k);
      for (let earlier = 0; earlier < i; earlier++) expect(row[pivots[earlier]!]).toBe(0);
      // pivoting: the diagonal does not grow
      if (i > 0) expect(row[pivots[i]!]!).toBeLessThanOrEqual(R.data[(i - 1) * k + pivots[i - 1]!]! * (1 + 1e-12));
    }
  },
);

test('the zero matrix has rank 0, and the input is left as it was', async () => {
  const zero = { rows: 4, cols: 4, data: new Float64Array(16) };
  expect((await pivotedCholesky(zero, 0, kernels)).R.rows).toBe(0);
  const A = semidefinite(70, 70, 3);
  const copy = A.data.slice();
  await pivotedCholesky(A, 0, kernels);
  expect(A.data).toEqual(copy);
});

test.each([1, 2, 63, 64, 65, 200])('invertUpper: R R^-1 = I (k = %i)', async (k) => {
  const R = (await cholesky(semidefinite(k, k + 5, 9), kernels))!;
  const inverse = await invertUpper(R, kernels);
  expect(distance(multiply(R, inverse), identity(k))).toBeLessThan(1e-10);
  expect(nonzerosBelow(inverse)).toBe(0);
});

test.each([1, 2, 63, 64, 65, 200])('cholesky: R^T R = A, upper triangular, without pivots (k = %i)', async (k) => {
  const A = semidefinite(k, k + 5, k);
  // what lies below the diagonal is not read
  const upper = { ...A, data: A.data.map((entry, at) => (at % k < Math.floor(at / k) ? Number.NaN : entry)) };
  const R = (await cholesky(upper, kernels))!;
  expect(distance(A, multiply(transposed(R), R))).toBeLessThan(1e-13 * frobenius(A));
  for (let i = 0; i < k; i++) {
    expect(R.data[i * k + i]).toBeGreaterThan(0);
    for (let j = 0; j < i; j++) expect(R.data[i * k + j]).toBe(0);
  }
});

test.each([3, 64, 65, 130])('cholesky: an indefinite matrix has none (k = %i)', async (k) => {
  for (const negative of [0, k - 1]) {
    const A = semidefinite(k, k + 5, k);
    A.data[negative * k + negative] = -1;
    expect(await cholesky(A, kernels)).toBeUndefined();
  }
});
