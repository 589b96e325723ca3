/** eigsh: the leading eigenpairs, what it says of its own accuracy, and what it makes of degenerate operators. */
import {
  ArgumentError,
  denseOperator,
  diagonalOperator,
  type EighResult,
  type EigshOptions,
  eigsh,
  type LinearOperator,
  NumericalError,
  ShapeError,
  seigh,
} from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { largestDifference, orthonormalityDefect, toDense, uniforms } from '../support/matrices.ts';

const range = (n: number, value: (i: number) => number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => value(i));
const byMagnitude = (values: Float64Array): Float64Array =>
  values.toSorted((a, b) => Math.abs(b) - Math.abs(a)) as Float64Array;

/** ||A v_i - w_i v_i|| from products in float64, for all pairs of a result. */
async function trueResiduals(op: LinearOperator, result: EighResult): Promise<number[]> {
  const V = await result.eigenvectors.toBlock();
  const AV = await op.matmat(V);
  return Array.from(result.eigenvalues, (value, j) => {
    let square = 0;
    for (let i = 0; i < V.rows; i++) square += (AV.data[i * V.cols + j]! - value * V.data[i * V.cols + j]!) ** 2;
    return Math.sqrt(square);
  });
}

describe('which', () => {
  const A = operatorWithSpectrum([9, -7, 5, 3, 1, 0.1, 0.01, -0.5, -4, 2], { seed: 4 });
  test.each<[EigshOptions['which'], number[]]>([
    ['LM', [9, -7, 5, -4]],
    ['LA', [9, 5, 3, 2]],
    ['SA', [-7, -4, -0.5, 0.01]],
    ['BE', [9, 5, -4, -7]],
  ])('%s', async (which, expected) => {
    const { eigenvalues } = await eigsh(A, 4, { which: which! });
    for (const [i, value] of expected.entries()) expect(eigenvalues[i]).toBeCloseTo(value, 12);
  });

  test('BE of an odd number takes one more from the upper end', async () => {
    const { eigenvalues } = await eigsh(A, 3, { which: 'BE' });
    for (const [i, value] of [9, 5, -7].entries()) expect(eigenvalues[i]).toBeCloseTo(value, 12);
  });
});

describe('the residual norms are those of the vectors returned', () => {
  test.each([1, 3])('blocks of %d, through restarts', async (blockSize) => {
    const A = operatorWithSpectrum(
      range(150, (i) => 1 / Math.sqrt(i + 1)),
      { seed: 2 },
    );
    const result = await eigsh(A, 6, { blockSize, tol: 1e-5, maxMemory: 64 * 150 * 8 });
    expect(result.restarts).toBeGreaterThan(0);
    expect(result.converged).toBe(true);
    for (const [i, residual] of (await trueResiduals(A, result)).entries()) {
      expect(residual).toBeLessThanOrEqual(result.residualNorms[i]!);
      expect(result.residualNorms[i]! - residual).toBeLessThan(1e-13);
      expect(residual).toBeLessThanOrEqual(1.001e-5 * result.eigenvalues[i]!);
    }
    // a computed inner product of unit vectors is off by at most their length times u (Higham 2002, section 3.1): once in
    // the test, and once in the rotation of the basis
    expect(await orthonormalityDefect(result.eigenvectors)).toBeLessThan((150 + result.dims) * 2 ** -53);
  });

  test.each(['js', 'wasm'] as const)(
    'a part of 1e-9 that is not symmetric is in them, by the %s kernels',
    async (kernels) => {
      const n = 60;
      const symmetric = await toDense(
        operatorWithSpectrum(
          range(n, (i) => 1 / (i + 1)),
          { seed: 8 },
        ),
      );
      const next = uniforms(9);
      const data = Float64Array.from(symmetric.data);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          const mean = (symmetric.data[i * n + j]! + symmetric.data[j * n + i]!) / 2;
          const skew = 1e-9 * next();
          data[i * n + j] = mean + skew;
          data[j * n + i] = mean - skew;
        }
      }
      const A = { ...denseOperator(data, [n, n]), selfAdjoint: true };
      for (const seed of [1, 2, 3]) {
        const result = await eigsh(A, 5, { seed, tol: 1e-12, confidence: 0, kernels });
        for (const [i, residual] of (await trueResiduals(A, result)).entries()) {
          expect(residual).toBeGreaterThan(1e-9);
          expect(result.residualNorms[i]).toBeGreaterThanOrEqual(residual);
          expect(result.residualNorms[i]).toBeLessThan(1.001 * residual);
        }
        // a skew part does not move Rayleigh quotients, so neither must it move the values
        const V = await result.eigenvectors.toBlock();
        const AV = await A.matmat(V);
        for (const [j, value] of result.eigenvalues.entries()) {
          let quotient = 0;
          for (let i = 0; i < n; i++) quotient += V.data[i * V.cols + j]! * AV.data[i * V.cols + j]!;
          expect(Math.abs(value - quotient)).toBeLessThan(1e-14);
        }
      }
    },
  );
});

test('a Hessian-like spectrum: ten leading eigenvalues to 1e-9 from at most 142 products', async () => {
  // diagonal: with a Gaussian start Krylov methods behave alike in every basis
  const values = range(7030, (i) => (i < 30 ? 50 * 0.87 ** i * (i % 5 === 4 ? -0.6 : 1) : 0.3 * (i - 28) ** -0.8));
  const result = await eigsh(diagonalOperator(values), 10, { maxProducts: 142, seed: 1 });
  const exact = byMagnitude(values);
  for (const [i, value] of result.eigenvalues.entries()) {
    expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-9 * Math.abs(exact[i]!));
  }
  expect(result.numMatvecs).toBeLessThanOrEqual(142);
});

describe('degenerate operators', () => {
  test.each([1, 4, 10, 25])('identity and zero, blocks of %d: one block, at least as wide as k', async (blockSize) => {
    for (const value of [1, 0]) {
      for (const dtype of ['float64', 'float32'] as const) {
        const A = diagonalOperator(
          dtype === 'float64' ? new Float64Array(60).fill(value) : new Float32Array(60).fill(value),
        );
        const { eigenvalues, eigenvectors, converged, numMatvecs, completeness } = await eigsh(A, 10, { blockSize });
        expect(converged).toBe(true);
        // and one product more to see that there is nothing else
        expect(completeness!.numMatvecs).toBe(1);
        expect(numMatvecs - 1).toBe(Math.max(10, blockSize));
        expect(completeness!.upperBound! - value).toBeGreaterThanOrEqual(0);
        expect(completeness!.upperBound! - value).toBeLessThan(dtype === 'float64' ? 1e-10 : 0.1);
        for (const found of eigenvalues) expect(found).toBeCloseTo(value, 6);
        expect(await orthonormalityDefect(eigenvectors)).toBeLessThan(dtype === 'float64' ? 1e-14 : 1e-6);
      }
    }
  });

  test('a basis that is invariant to rounding only proves no more than it has seen', async () => {
    // a random start has 3e-3 of the last coordinate, and a product moves it by 1e-6 of the vector: rounding in float32
    const n = 100_000;
    const values = new Float32Array(n).fill(1);
    values[n - 1] = 1 + 3e-4;
    for (const seed of [1, 2, 3]) {
      const { completeness, eigenvalues } = await eigsh(diagonalOperator(values), 1, { seed });
      expect(completeness!.confidence).toBe(0.99);
      expect(Math.max(completeness!.upperBound!, eigenvalues[0]!)).toBeGreaterThanOrEqual(values[n - 1]!);
    }
  });

  test('low rank: eigenvalues and then zeros', async () => {
    for (const blockSize of [1, 4]) {
      const A = operatorWithSpectrum(
        range(90, (i) => (i < 5 ? 5 - i : 0)),
        { seed: 1 },
      );
      const { eigenvalues, converged } = await eigsh(A, 9, { blockSize });
      expect(converged).toBe(true);
      for (const [i, value] of eigenvalues.entries()) expect(value).toBeCloseTo(i < 5 ? 5 - i : 0, 12);
    }
  });

  test('all of a small operator, also with blocks wider than it', async () => {
    for (const blockSize of [1, 2, 3, 8]) {
      const A = operatorWithSpectrum([3, -2, 1], { seed: 3 });
      const { eigenvalues, numMatvecs } = await eigsh(A, 3, { blockSize });
      for (const [i, value] of [3, -2, 1].entries()) expect(eigenvalues[i]).toBeCloseTo(value, 13);
      expect(numMatvecs).toBe(3);
    }
  });
});

describe('stopping early gives what is there', () => {
  const A = operatorWithSpectrum(
    range(200, (i) => 1 / (i + 1)),
    { seed: 5 },
  );

  test('maxProducts', async () => {
    const result = await eigsh(A, 8, { maxProducts: 12 });
    expect([result.converged, result.status, result.numMatvecs]).toEqual([false, 'maxProducts', 12]);
    expect(result.eigenvalues).toHaveLength(8);
    const residuals = await trueResiduals(A, result);
    for (const [i, residual] of residuals.entries()) expect(result.residualNorms[i]).toBeCloseTo(residual, 12);
  });

  test('a signal: the pairs so far, before the first product its reason', async () => {
    const controller = new AbortController();
    const onProgress = ({ numMatvecs }: { numMatvecs?: number }): void => {
      if (numMatvecs === 6) controller.abort();
    };
    const result = await eigsh(A, 8, { onProgress, signal: controller.signal });
    expect([result.status, result.numMatvecs, result.eigenvalues.length]).toEqual(['signal', 6, 6]);
    await expect(eigsh(A, 8, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  test('tol below the noise of the operator: said, with its size', async () => {
    const noise = 1e-8;
    const next = uniforms(7);
    // uniform numbers in (-1, 1) have variance 1/3
    const noisy: LinearOperator = {
      ...A,
      matmat: async (X) => {
        const Y = await A.matmat(X);
        return { ...Y, data: Y.data.map((y) => y + (noise / Math.sqrt(200 / 3)) * next()) };
      },
    };
    const result = await eigsh(noisy, 5, { tol: 1e-13 });
    expect([result.converged, result.status]).toEqual([false, 'noise']);
    // from the asymmetry of a 30 x 30 matrix, 435 numbers: within a factor of 2 but for one seed in 1e40
    expect(result.noiseFloor).toBeGreaterThan(noise / 2);
    expect(result.noiseFloor).toBeLessThan(noise * 2);
  });
});

test('the same seed gives the same result, another one another', async () => {
  const A = diagonalOperator(range(100, (i) => 1 / (i + 1)));
  const [first, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => eigsh(A, 4, { seed, tol: 1e-3, confidence: 0 })),
  );
  expect(first!.eigenvalues).toEqual(again!.eigenvalues);
  expect(first!.eigenvalues).not.toEqual(other!.eigenvalues);
});

describe('bad input', () => {
  const A = diagonalOperator([3, 2, 1]);
  test.each<[number, EigshOptions, string]>([
    [4, {}, 'eigsh: k must be an integer in 1..3, got 4 for n = 3'],
    [0, {}, 'eigsh: k must be an integer in 1..3, got 0 for n = 3'],
    [1, { tol: -1 }, 'eigsh: tol must be a number from 0 to below 1, got -1'],
    [1, { blockSize: 0 }, 'eigsh: blockSize must be an integer at least 1, got 0'],
    [1, { maxProducts: 0.5 }, 'eigsh: maxProducts must be an integer at least 1, got 0.5'],
    [1, { which: 'XX' as 'LM' }, "eigsh: which must be one of 'LM', 'LA', 'SA', 'BE', got 'XX'"],
    [1, { maxMemory: 10 }, 'eigsh: maxMemory must be at least 816 bytes for k = 1, blockSize = 1 and n = 3, got 10'],
    [1, { seed: -1 }, 'eigsh: seed must be an integer at least 0, got -1'],
  ])('k = %d, %p', async (k, options, message) => {
    await expect(eigsh(A, k, options)).rejects.toThrow(new ArgumentError(message));
  });

  test('an operator that is not symmetric, not square, or not finite', async () => {
    const next = uniforms(1);
    const data = range(400, () => next());
    await expect(eigsh(denseOperator(data, [20, 20]), 3)).rejects.toThrow(/eigsh: the operator is not symmetric/);
    await expect(eigsh(denseOperator(data, [40, 10]), 3)).rejects.toThrow(ShapeError);
    const broken = {
      ...diagonalOperator([1, 2, 3]),
      matmat: (X: { rows: number; cols: number }) => ({
        ...X,
        data: new Float64Array(X.rows * X.cols).fill(Number.NaN),
      }),
    };
    await expect(eigsh(broken, 1)).rejects.toThrow(NumericalError);
  });
});

describe("seigh with method 'krylov'", () => {
  const values = range(120, (i) => (i % 3 === 2 ? -1 : 1) / (i + 1));
  const A = operatorWithSpectrum(values, { seed: 6 });

  test('dims products, dims pairs, and a projection of A with the residuals stated', async () => {
    const sketch = await seigh(A, 33, { method: 'krylov', blockSize: 5, seed: 2 });
    expect([sketch.numMatvecs, sketch.rank, sketch.dims, sketch.method]).toEqual([33, 33, 33, 'krylov']);
    expect(await orthonormalityDefect(sketch.eigenvectors)).toBeLessThan(1e-13);
    const residuals = await trueResiduals(A, sketch);
    for (const [i, residual] of residuals.entries()) expect(sketch.residualNorms![i]).toBeCloseTo(residual, 12);
  });

  test('leading eigenvalues beat hmt with twice the products', async () => {
    const errors = async (method: 'krylov' | 'hmt', dims: number): Promise<number> => {
      const { eigenvalues } = await seigh(A, dims, { method, seed: 3 });
      return Math.max(
        ...byMagnitude(values)
          .slice(0, 5)
          .map((value, i) => Math.abs(eigenvalues[i]! - value)),
      );
    };
    expect(await errors('krylov', 30)).toBeLessThan(1e-3 * (await errors('hmt', 30)));
  });

  test('all columns give A itself', async () => {
    const sketch = await seigh(A, 120, { method: 'krylov', blockSize: 7 });
    const [dense, exact] = [await toDense(sketch), await toDense(A)];
    expect(largestDifference(dense.data, exact.data)).toBeLessThan(1e-12);
  });
});
