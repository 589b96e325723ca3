/** Epperly & Tropp 2024, "Efficient error and variance estimation for randomized matrix computations": leave-one-out. */
import { diagonalOperator, seigh } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { frobenius, multiply, toDense } from '../support/matrices.ts';

describe('leave-one-out error', () => {
  test('equals doing it: the mean over j of ||(I - P_j) A w_j||^2 from k sketches of k - 1 columns', async () => {
    // columns of the sketch are functions of (seed, column): a sketch of the first k - 1 leaves out the last one
    const n = 40;
    const k = 6;
    const spectrum = Array.from({ length: n }, (_, i) => (i % 3 ? 1 : -1) / (i + 1));
    const A = operatorWithSpectrum(spectrum, { seed: 1 });
    const { leaveOneOutError, residualNorms, eigenvectors } = await seigh(A, k, { seed: 5 });
    const Y: Float64Array[] = [];
    const spy = {
      ...A,
      matmat: async (X: Parameters<typeof A.matmat>[0]) => {
        const product = await A.matmat(X);
        if (Y.length === 0) {
          for (let j = 0; j < k; j++) Y.push(Float64Array.from({ length: n }, (_, i) => product.data[i * k + j]!));
        }
        return product;
      },
    };
    await seigh(spy, k, { seed: 5 });
    let mean = 0;
    for (let j = 0; j < k; j++) {
      // modified Gram-Schmidt of the others, then what is left of column j
      const basis: Float64Array[] = [];
      for (const column of [...Y.filter((_, i) => i !== j), Y[j]!]) {
        const v = Float64Array.from(column);
        for (let sweep = 0; sweep < 2; sweep++) {
          for (const q of basis) {
            const dot = q.reduce((sum, value, i) => sum + value * v[i]!, 0);
            for (let i = 0; i < n; i++) v[i]! -= dot * q[i]!;
          }
        }
        const norm = Math.hypot(...v);
        if (basis.length === k - 1) mean += norm ** 2 / k;
        basis.push(v.map((value) => value / norm));
      }
    }
    const expected = Math.sqrt(mean + Math.hypot(...residualNorms!) ** 2);
    expect(eigenvectors.cols).toBe(k);
    expect(leaveOneOutError! / expected).toBeCloseTo(1, 10);
  });

  test.each(['gaussian', 'rademacher', 'sparseSign'] as const)(
    '%s: within 3 %% of the true error, mean over 50 draws',
    async (testMatrix) => {
      const n = 120;
      const spectrum = Array.from({ length: n }, (_, i) => (i % 4 === 3 ? -1 : 1) / (i + 1));
      // random eigenvectors: on a diagonal operator rademacher columns would have entries of one size
      const A = operatorWithSpectrum(spectrum, { seed: 1 });
      const dense = await toDense(A);
      let mean = 0;
      for (let seed = 0; seed < 50; seed++) {
        const result = await seigh(A, 25, { seed, testMatrix });
        const V = await result.eigenvectors.toBlock();
        const scaled = { ...V, data: V.data.map((value, at) => value * result.eigenvalues[at % V.cols]!) };
        const transposed = { rows: V.cols, cols: n, data: new Float64Array(V.data.length) };
        for (let i = 0; i < n; i++)
          for (let j = 0; j < V.cols; j++) transposed.data[j * n + i] = V.data[i * V.cols + j]!;
        const approximation = multiply(scaled, transposed);
        const error = frobenius({ ...dense, data: dense.data.map((value, at) => value - approximation.data[at]!) });
        mean += result.leaveOneOutError! / error / 50;
      }
      expect(Math.abs(mean - 1)).toBeLessThan(0.03);
    },
  );

  test('absent where the sketch does not know its error', async () => {
    const A = diagonalOperator(Float64Array.from({ length: 30 }, (_, i) => 1 / (i + 1)));
    expect((await seigh(A, 8)).leaveOneOutError).toBeGreaterThan(0);
    for (const options of [{ rank: 4 }, { powerIterations: 1 }, { refine: true }, { method: 'nystrom' as const }]) {
      expect((await seigh(A, 8, options)).leaveOneOutError).toBeUndefined();
    }
  });
});
