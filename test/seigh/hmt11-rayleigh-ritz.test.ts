/** Laws of Rayleigh-Ritz recovery: interlacing, residuals, reproducibility. */
import { seigh } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { multiply, relativeDistance, toDense } from '../support/matrices.ts';

const n = 120;
const spectraWithSigns = [
  Array.from({ length: n }, (_, i) => (i % 3 ? 1 : -1) / (i + 1)),
  Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1) * 10 ** (-i / 20)),
  Array.from({ length: n }, (_, i) => (i < 5 ? -3 : 1)),
  new Array(n).fill(-1),
];

describe('interlacing (Cauchy): no Ritz value lies beyond the true one of the same order', () => {
  test.each([0, 1, 2, 3])('spectrum %i', async (index) => {
    const values = spectraWithSigns[index]!;
    const descending = values.toSorted((a, b) => b - a);
    const slack = 1e-13 * Math.max(...values.map(Math.abs));
    for (let seed = 0; seed < 20; seed++) {
      const A = operatorWithSpectrum(values, { seed });
      const { eigenvalues } = await seigh(A, 30, {
        seed,
        which: 'LA',
        testMatrix: seed % 2 ? 'gaussian' : 'rademacher',
      });
      const k = eigenvalues.length;
      for (const [i, theta] of eigenvalues.entries()) {
        expect(theta).toBeLessThanOrEqual(descending[i]! + slack);
        expect(theta).toBeGreaterThanOrEqual(descending[n - k + i]! - slack);
      }
    }
  });
});

test('residual norms are those of the eigenpairs, and contain an eigenvalue', async () => {
  const values = spectraWithSigns[1]!;
  const A = operatorWithSpectrum(values, { seed: 3 });
  for (const rank of [undefined, 7]) {
    const result = await seigh(A, 25, { seed: 4, blockSize: 6, ...(rank ? { rank } : {}) });
    const V = await result.eigenvectors.toBlock();
    const AV = await A.matmat(V);
    expect(result.eigenvalues).toHaveLength(rank ?? 25);
    for (const [j, theta] of result.eigenvalues.entries()) {
      let square = 0;
      for (let i = 0; i < n; i++) square += (AV.data[i * V.cols + j]! - theta * V.data[i * V.cols + j]!) ** 2;
      expect(result.residualNorms![j]).toBeCloseTo(Math.sqrt(square), 12);
      const nearest = Math.min(...values.map((value) => Math.abs(value - theta)));
      expect(nearest).toBeLessThanOrEqual(result.residualNorms![j]! + 1e-14);
    }
  }
});

test('refine misses exactly (I - P) A (I - P)', async () => {
  const A = operatorWithSpectrum(spectraWithSigns[0]!, { seed: 5 });
  const plain = await seigh(A, 20, { seed: 6 });
  const refined = await seigh(A, 20, { seed: 6, refine: true });
  const V = await plain.eigenvectors.toBlock();
  const dense = await toDense(A);
  const P = await toDense({
    ...plain,
    matmat: (X) =>
      multiply(
        multiply(V, {
          rows: V.cols,
          cols: n,
          data: Float64Array.from(
            { length: V.data.length },
            (_, at) => V.data[(at % n) * V.cols + Math.floor(at / n)]!,
          ),
        }),
        X,
      ),
  });
  const rest = { rows: n, cols: n, data: P.data.map((v, at) => (at % (n + 1) === 0 ? 1 : 0) - v) as Float64Array };
  const missed = multiply(multiply(rest, dense), rest);
  const approximation = await toDense(refined);
  const error = { rows: n, cols: n, data: (dense.data as Float64Array).map((v, at) => v - approximation.data[at]!) };
  expect(relativeDistance(missed, error)).toBeLessThan(1e-12);
  expect(refined.numMatvecs).toBe(plain.numMatvecs);
});

describe('the same seed gives the same result', () => {
  const A = operatorWithSpectrum(spectraWithSigns[0]!, { seed: 8 });
  test.each(['hmt', 'nystrom', 'oversampled'] as const)('%s: bit for bit on a second run', async (method) => {
    const [first, second] = [await seigh(A, 24, { method, seed: 9 }), await seigh(A, 24, { method, seed: 9 })];
    expect(Array.from(second.eigenvalues)).toEqual(Array.from(first.eigenvalues));
    expect(Array.from((await second.eigenvectors.toBlock()).data)).toEqual(
      Array.from((await first.eigenvectors.toBlock()).data),
    );
  });
  test.each(['hmt', 'nystrom', 'oversampled'] as const)('%s: to rounding for any block size', async (method) => {
    const reference = await toDense(await seigh(A, 24, { method, seed: 9, blockSize: 24 }));
    for (const blockSize of [1, 7, 64]) {
      expect(
        relativeDistance(reference, await toDense(await seigh(A, 24, { method, seed: 9, blockSize }))),
      ).toBeLessThan(1e-12);
    }
  });
  test('another seed gives another sketch', async () => {
    const [first, second] = [await seigh(A, 24, { seed: 9 }), await seigh(A, 24, { seed: 10 })];
    expect(first.eigenvalues[0]).not.toBe(second.eigenvalues[0]);
  });
});

test('which orders the result: largest magnitude, largest, smallest', async () => {
  const values = [...[-9, 8, -7, 6, 5, -4], ...new Array(20).fill(0)];
  const A = operatorWithSpectrum(values, { seed: 1 });
  const first = async (which: 'LM' | 'LA' | 'SA'): Promise<number[]> =>
    Array.from((await seigh(A, 12, { which, rank: 3 })).eigenvalues, Math.round);
  expect(await first('LM')).toEqual([-9, 8, -7]);
  expect(await first('LA')).toEqual([8, 6, 5]);
  expect(await first('SA')).toEqual([-9, -7, -4]);
});
