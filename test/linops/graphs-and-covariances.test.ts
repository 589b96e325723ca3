/** Laplacians of graphs and covariances of data against SciPy, NumPy and closed forms. */
import type { Block } from '../../src/core/block.ts';
import {
  covarianceOperator,
  denseOperator,
  diagonalOperator,
  eigsh,
  fromMatvec,
  graphLaplacian,
  type SparseEntries,
  seigh,
  sparseOperator,
} from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, toDense, transposed } from '../support/matrices.ts';
import { scipy, withScipy } from '../support/scipy.ts';

/** The path 0 - 1 - ... - (n - 1). */
const path = (n: number): SparseEntries => ({
  format: 'coo',
  shape: [n, n],
  row: Array.from({ length: n - 1 }, (_, i) => i + 1),
  col: Array.from({ length: n - 1 }, (_, i) => i),
  data: Array.from({ length: n - 1 }, () => 1),
  symmetric: 'lower',
});

describe('graphLaplacian', () => {
  test('of a path has the eigenvalues 2 - 2 cos(pi k / n)', async () => {
    const L = graphLaplacian(path(60));
    expect([L.selfAdjoint, L.psd]).toEqual([true, true]);
    const { eigenvalues } = await eigsh(L, 4, { which: 'SA', tol: 1e-9 });
    const expected = [0, 1, 2, 3].map((k) => 2 - 2 * Math.cos((Math.PI * k) / 60));
    for (const [i, value] of eigenvalues.entries()) expect(value).toBeCloseTo(expected[i]!, 9);
  });

  test('of a star, normalised, has the eigenvalues 0, 1, ..., 1, 2', async () => {
    const n = 9;
    const leaves = Array.from({ length: n - 1 }, (_, i) => i + 1);
    const star = sparseOperator({
      format: 'coo',
      shape: [n, n],
      row: leaves,
      col: leaves.map(() => 0),
      data: leaves.map(() => 3),
      symmetric: 'lower',
    });
    // 2, then ones; 0 is no rank
    const { eigenvalues, rank } = await seigh(graphLaplacian(star, { normalised: true }), n);
    expect(rank).toBe(n - 1);
    for (const [i, value] of eigenvalues.entries()) expect(value).toBeCloseTo(i === 0 ? 2 : 1, 12);
  });

  withScipy('agrees with scipy.sparse.csgraph.laplacian: weights, loops, nodes without edges', async () => {
    const answers = scipy<{ W: number[][]; plain: number[]; normed: number[] }>(`
rng = np.random.default_rng(2)
n = 14
W = scipy.sparse.random(n, n, density=0.2, random_state=1); W = W + W.T + scipy.sparse.diags(np.arange(n) % 3 * 0.5)
keep = scipy.sparse.diags((np.arange(n) % 7 != 3).astype(float)); W = (keep @ W @ keep).tocoo()
L = lambda normed: scipy.sparse.csgraph.laplacian(W, normed=normed).toarray().ravel().tolist()
print(json.dumps(dict(W=[W.row.tolist(), W.col.tolist(), W.data.tolist()], plain=L(False), normed=L(True))))
`);
    const [row, col, data] = answers.W;
    const W: SparseEntries = { format: 'coo', shape: [14, 14], row: row!, col: col!, data: data! };
    for (const [normalised, expected] of [
      [false, answers.plain],
      [true, answers.normed],
    ] as const) {
      const L = await toDense(graphLaplacian(W, { normalised }));
      expect(distance(L, { rows: 14, cols: 14, data: Float64Array.from(expected) })).toBeLessThan(1e-14);
    }
  });

  test('is float32 for float32 weights, and claims psd only without negative ones', () => {
    const single = { shape: [2, 2] as const, indptr: [0, 1, 2], indices: [1, 0], data: Float32Array.of(2, 2) };
    expect(graphLaplacian(single).dtype).toBe('float32');
    expect(graphLaplacian(single).psd).toBe(true);
    expect(graphLaplacian({ ...single, data: [-2, -2] }).psd).toBeUndefined();
  });

  test('refuses what is no undirected graph, naming what is wrong', () => {
    const directed = { shape: [2, 2] as const, indptr: [0, 1, 1], indices: [1], data: [4] };
    expect(() => graphLaplacian(directed)).toThrow(/directed: weight \(0, 1\) is 4, \(1, 0\) is 0/);
    const wide = { shape: [1, 2] as const, indptr: [0, 1], indices: [1], data: [4] };
    expect(() => graphLaplacian(wide)).toThrow(/square, got 1 x 2/);
    expect(() => graphLaplacian(diagonalOperator([1, 2]))).toThrow(/needs the entries of the adjacency matrix/);
    const negative = { shape: [2, 2] as const, indptr: [0, 1, 2], indices: [1, 0], data: [-2, -2] };
    expect(() => graphLaplacian(negative, { normalised: true })).toThrow(/node 0 add up to -2/);
  });
});

/** The covariance matrix from its definition. */
function covariance(X: Block, centre: boolean): Block {
  const shifted = { ...X, data: Float64Array.from(X.data) };
  if (centre) {
    for (let j = 0; j < X.cols; j++) {
      let mean = 0;
      for (let i = 0; i < X.rows; i++) mean += X.data[i * X.cols + j]! / X.rows;
      for (let i = 0; i < X.rows; i++) shifted.data[i * X.cols + j]! -= mean;
    }
  }
  const C = multiply(transposed(shifted), shifted);
  return { ...C, data: C.data.map((value) => value / (centre ? X.rows - 1 : X.rows)) };
}

describe('covarianceOperator', () => {
  const X = randomBlock(30, 7, 1);
  // column j around 10 j
  for (let at = 0; at < X.data.length; at++) X.data[at]! += 10 * (at % 7);

  test.each([true, false])('is the covariance matrix by its definition (centre: %s)', async (centre) => {
    const C = covarianceOperator(X, { centre });
    expect([C.shape, C.selfAdjoint, C.psd]).toEqual([[7, 7], true, true]);
    const expected = covariance(X, centre);
    expect(distance(await toDense(C), expected)).toBeLessThan(centre ? 1e-11 : 1e-10);
    const V = randomBlock(7, 3, 2);
    expect(distance(await C.adjointMatmat!(V), multiply(expected, V))).toBeLessThan(1e-10);
  });

  test('of sparse data and of a function of two products', async () => {
    const sparse = sparseOperator({
      format: 'coo',
      shape: [4, 3],
      row: [0, 1, 3, 3],
      col: [0, 2, 0, 1],
      data: [3, -1, 5, 2],
    });
    const dense = await toDense(sparse);
    expect(distance(await toDense(covarianceOperator(sparse)), covariance(dense, true))).toBeLessThan(1e-14);
    const op = denseOperator(X);
    const counted = fromMatvec({
      shape: [30, 7],
      dtype: 'float64',
      matmat: (V) => op.matmat(V),
      adjoint: { matmat: (Y) => op.adjointMatmat!(Y) },
    });
    expect(distance(await toDense(covarianceOperator(counted)), covariance(X, true))).toBeLessThan(1e-11);
  });

  test('in float32 it is as exact as float32 data around zero allow', async () => {
    const single = randomBlock(50, 6, 3, 'float32');
    const C = covarianceOperator(single);
    expect(C.dtype).toBe('float32');
    expect(distance(await toDense(C), covariance(single, true))).toBeLessThan(1e-5);
  });

  withScipy('its leading eigenpairs are the principal components of numpy.cov', async () => {
    const expected = scipy<number[]>(
      `
X = np.array(json.loads(sys.argv[1]))
print(json.dumps(sorted(np.linalg.eigvalsh(np.cov(X, rowvar=False)).tolist(), reverse=True)))
`,
      JSON.stringify(Array.from({ length: 30 }, (_, i) => Array.from(X.data.slice(7 * i, 7 * i + 7)))),
    );
    const { eigenvalues } = await seigh(covarianceOperator(X), 7);
    for (const [i, value] of expected.entries()) expect(eigenvalues[i]).toBeCloseTo(value, 10);
  });

  test('an operator that returns its argument is left with it unchanged', async () => {
    const identity = fromMatvec({ shape: [5, 5], dtype: 'float64', selfAdjoint: true, matmat: (V) => V });
    const V = randomBlock(5, 2, 4);
    const kept = V.data.slice();
    await covarianceOperator(identity).matmat(V);
    expect(V.data).toEqual(kept);
  });

  test('refuses data without an adjoint, and one row to centre', () => {
    const forward = fromMatvec({ shape: [3, 2], dtype: 'float64', matvec: () => [0, 0, 0] });
    expect(() => covarianceOperator(forward)).toThrow(/no adjoint product/);
    expect(() => covarianceOperator(randomBlock(1, 4, 1))).toThrow(/at least 2 rows, got 1/);
  });
});
