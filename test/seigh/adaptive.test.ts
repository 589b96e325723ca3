/** seigh(A, { tol }): a sketch grows until a wanted error is certified, and its certificate holds although there may be several. */
import { type AdaptiveOptions, diagonalOperator, seigh } from '../../src/index.ts';
import { levelAtLook } from '../../src/stats/sequential.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long, longTitle } from '../support/long.ts';
import { orthonormalityDefect } from '../support/matrices.ts';

const n = 400;
const values = Float64Array.from({ length: n }, (_, i) => (i % 5 === 4 ? -1 : 1) / (i + 1));
const A = diagonalOperator(values);
const total = Math.hypot(...values);

/** ||A - V diag(w) V^T||_F / ||A||_F for the diagonal A, entry by entry. */
async function trueRelativeError(result: Awaited<ReturnType<typeof seigh>>): Promise<number> {
  const { data, cols } = await result.eigenvectors.toBlock();
  let square = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let entry = i === j ? values[i]! : 0;
      for (let c = 0; c < cols; c++) entry -= data[i * cols + c]! * result.eigenvalues[c]! * data[j * cols + c]!;
      square += entry ** 2;
    }
  }
  return Math.sqrt(square) / total;
}

const low = [9, -7, 5, 3, -1, ...new Array(115).fill(0)];

const METHODS = ['krylov', 'hmt'] as const;

describe.each(METHODS)('reaching an accuracy by %s', (method) => {
  test.each([0.3, 0.1])('tol %d: certified, true, and not with far more columns than needed', async (tol) => {
    const result = await seigh(A, { tol, method, confidence: 0.99, blockSize: method === 'hmt' ? 16 : 4, seed: 3 });
    expect([result.converged, result.method]).toEqual([true, method]);
    expect(result.certificate.relativeError.upper).toBeLessThanOrEqual(tol);
    const error = await trueRelativeError(result);
    expect(error).toBeLessThanOrEqual(tol);
    // not wasteful: a fifth of the columns does not reach the tolerance
    const fifth = await seigh(A, Math.ceil(result.dims / 5), { method, seed: 3 });
    expect(await trueRelativeError(fifth)).toBeGreaterThan(tol);
  });

  test('counts every product: sketch, basis and each look', async () => {
    let columns = 0;
    const matmat = (X: Parameters<typeof A.matmat>[0]) => {
      columns += X.cols;
      return A.matmat(X);
    };
    const counting = { ...A, matmat };
    const result = await seigh(counting, 10, { tol: 0.1, method, seed: 1 });
    expect(result.numMatvecs).toBe(columns);
    const passes = method === 'hmt' ? 2 : 1;
    expect(result.numMatvecs).toBeGreaterThanOrEqual(passes * result.dims + result.certificate.numMatvecs);
  });

  test('an operator of low rank is recognised: the search ends at rounding', async () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const B = operatorWithSpectrum(low, { seed: 1, dtype });
      const result = await seigh(B, { tol: 1e-3, method, blockSize: 8, seed: 1 });
      // a Krylov basis begins with the random columns themselves
      expect([result.converged, result.dims]).toEqual([true, method === 'hmt' ? 8 : 16]);
    }
  });

  test('a tolerance below rounding ends with the best result and says so', async () => {
    const B = operatorWithSpectrum(low, { seed: 1, dtype: 'float32' });
    const result = await seigh(B, { tol: 1e-12, method, blockSize: 8, seed: 1 });
    expect(result.converged).toBe(false);
    expect(result.certificate.relativeError.upper).toBeLessThan(1e-4);
    expect(result.dims).toBeLessThan(60);
  });

  test('maxDims reached: converged false, the best result and its certificate', async () => {
    const result = await seigh(A, { tol: 0.01, method, maxDims: 40, blockSize: 16, seed: 1 });
    expect([result.converged, result.dims, result.rank]).toEqual([false, 40, 40]);
    expect(result.certificate.relativeError.upper).toBeGreaterThan(0.01);
    expect(result.certificate.relativeError.upper).toBeGreaterThan(await trueRelativeError(result));
  });

  test('the zero operator', async () => {
    const result = await seigh(diagonalOperator(new Float64Array(50)), { tol: 0.1, method });
    expect([result.converged, result.certificate.relativeError.upper]).toEqual([true, 0]);
    for (const value of result.eigenvalues) expect(Math.abs(value)).toBe(0);
  });

  test('maxDims = n always ends', async () => {
    const flat = diagonalOperator(new Float64Array(60).fill(1));
    const result = await seigh(flat, { tol: 1e-6, method, blockSize: 7, seed: 1 });
    expect([result.converged, result.dims]).toEqual([true, 60]);
  });
});

describe('a growing sketch', () => {
  test.each(['float64', 'float32'] as const)('%s: block by block or at once, the same sketch', async (dtype) => {
    const B = dtype === 'float64' ? A : diagonalOperator(Float32Array.from(values));
    const digits = dtype === 'float64' ? 8 : 4;
    const grown = await seigh(B, { tol: 0.1, method: 'hmt', blockSize: 8, seed: 3 });
    const atOnce = await seigh(B, grown.dims, { seed: 3 });
    expect(grown.rank).toBe(atOnce.rank);
    for (let i = 0; i < grown.rank; i++) expect(grown.eigenvalues[i]).toBeCloseTo(atOnce.eigenvalues[i]!, digits);
    expect(grown.leaveOneOutError! / atOnce.leaveOneOutError!).toBeCloseTo(1, digits);
    expect(await orthonormalityDefect(grown.eigenvectors)).toBeLessThan(dtype === 'float64' ? 1e-13 : 1e-5);
  });

  test('grows by blockSize whatever the first sketch was, and by the calibrated width where none is given', async () => {
    const watched = () => {
      const widths: number[] = [];
      let preferredBlockSize = 8;
      const op = {
        ...A,
        matmat: (X: Parameters<typeof A.matmat>[0]) => {
          widths.push(X.cols);
          return A.matmat(X);
        },
        get preferredBlockSize() {
          return preferredBlockSize;
        },
        calibrate: async () => {
          preferredBlockSize = 100;
        },
      };
      return { op, widths };
    };
    const asked = watched();
    const first = await seigh(asked.op, 4, { tol: 1e-3, method: 'hmt', blockSize: 64, maxDims: 68, seed: 1 });
    expect([first.blockSize, asked.widths.slice(0, 4)]).toEqual([64, [4, 4, 64, 64]]);
    const free = watched();
    const second = await seigh(free.op, { tol: 1e-3, method: 'hmt', maxDims: 200, seed: 1 });
    expect([second.blockSize, free.widths.slice(0, 4)]).toEqual([100, [100, 100, 100, 100]]);
  });
});

describe('the confidence under repeated looking', () => {
  test('the shares of all looks add up to what may fail', () => {
    let failure = 0;
    for (let look = 1; look <= 100_000; look++) failure += 1 - levelAtLook(0.9, look);
    expect(failure).toBeLessThan(0.1);
    expect(failure).toBeGreaterThan(0.0999);
  });

  test.each(METHODS)('%s: each look has test vectors of its own', async (method) => {
    const small = diagonalOperator(values.subarray(0, 100));
    const seen: string[] = [];
    const watching = {
      ...small,
      matmat: (X: Parameters<typeof A.matmat>[0]) => {
        seen.push(Array.from(X.data.subarray(0, X.cols), String).join());
        return small.matmat(X);
      },
    };
    const options = { tol: 0.15, method, tests: 3, blockSize: 4, seed: 2, confidence: 0.9 };
    const { certificate } = await seigh(watching, 4, options);
    expect(certificate.looks).toBeGreaterThanOrEqual(1);
    expect(new Set(seen).size).toBe(seen.length);
  });

  (long ? test : test.skip).each(METHODS)(
    longTitle('%s: over many searches at 80 %% the final statement fails no more often than it may'),
    async (method) => {
      const small = diagonalOperator(values.subarray(0, 60));
      const norm = Math.hypot(...values.subarray(0, 60));
      const searches = 300;
      let failed = 0;
      let most = 0;
      for (let seed = 0; seed < searches; seed++) {
        const result = await seigh(small, 4, { tol: 0.35, method, tests: 2, blockSize: 2, seed, confidence: 0.8 });
        const { data, cols } = await result.eigenvectors.toBlock();
        let cross = 0;
        for (let at = 0; at < data.length; at++) {
          cross += result.eigenvalues[at % cols]! * data[at]! ** 2 * values[Math.floor(at / cols)]!;
        }
        const error = Math.sqrt(norm ** 2 - 2 * cross + Math.hypot(...result.eigenvalues) ** 2);
        if (error / norm > result.certificate.relativeError.upper) failed++;
        most = Math.max(most, result.certificate.looks);
      }
      // 3.72 standard errors above what may be expected: a correct program fails with probability below 1e-4
      expect(failed).toBeLessThanOrEqual(0.2 * searches + 3.72 * Math.sqrt(searches * 0.2 * 0.8));
      expect(most).toBeGreaterThan(1);
    },
    120_000,
  );
});

describe('bad goals', () => {
  test.each<[object, string]>([
    [{ tol: 0 }, 'seigh: tol must be a number between 0 and 1, got 0'],
    [{ tol: 0.1, confidence: 1 }, 'seigh: confidence must be a number between 0 and 1, got 1'],
    [{ tol: 0.1, maxDims: 401 }, 'seigh: maxDims must be an integer in 1..400, got 401 for n = 400'],
    [{ tol: 0.1, tests: 0 }, 'seigh: tests must be an integer at least 1, got 0'],
    [{ tol: 0.1, method: 'nystrom' }, "seigh: method cannot be combined with tol, got 'nystrom'"],
    [{ tol: 0.1, rank: 3 }, 'seigh: rank cannot be combined with tol, got 3'],
  ])('%p', async (options, message) => {
    await expect(seigh(A, options as AdaptiveOptions)).rejects.toThrow(message);
  });
});
