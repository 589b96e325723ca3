/** Diagonals and Frobenius norms from products. */
import { denseOperator, diagonal, diagonalOperator, frobeniusNorm, fromMatvec } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { frobenius, randomBlock, toDense } from '../support/matrices.ts';

const decaying = Array.from({ length: 100 }, (_, i) => (i % 4 === 3 ? -1 : 1) * (i + 1) ** -2);

describe('diagonal', () => {
  test.each(['hutchinson', 'xdiag'] as const)('%s is unbiased: the mean over 300 runs', async (method) => {
    const A = operatorWithSpectrum(decaying.slice(0, 12), { seed: 1 });
    const exact = await toDense(A);
    const runs = 300;
    const sums = new Float64Array(12);
    const squares = new Float64Array(12);
    for (let seed = 0; seed < runs; seed++) {
      const { diagonal: d } = await diagonal(A, { method, maxProducts: 8, seed });
      for (let i = 0; i < 12; i++) {
        sums[i]! += d[i]! / runs;
        squares[i]! += d[i]! ** 2 / runs;
      }
    }
    // five standard errors for each of 12 entries: fails for a correct program with probability below 1e-5
    for (let i = 0; i < 12; i++) {
      const standardError = Math.sqrt((squares[i]! - sums[i]! ** 2) / runs);
      expect(Math.abs(sums[i]! - exact.data[13 * i]!)).toBeLessThan(5 * standardError + 1e-14);
    }
  });

  test.each(['float64', 'float32'] as const)('xdiag in %s is ahead of hutchinson on fast decay', async (dtype) => {
    const A = operatorWithSpectrum(decaying, { seed: 2, dtype });
    const exact = await toDense(A);
    const error = (d: Float64Array): number => Math.hypot(...d.map((value, i) => value - exact.data[101 * i]!));
    const one = await diagonal(A, { method: 'hutchinson', maxProducts: 60 });
    const other = await diagonal(A, { maxProducts: 60 });
    expect(error(other.diagonal)).toBeLessThan(0.1 * error(one.diagonal));
    // not certified, but of the right size
    for (const { diagonal: d, standardErrors } of [one, other]) {
      const ratio = error(d) / Math.hypot(...standardErrors);
      expect(ratio).toBeGreaterThan(0.3);
      expect(ratio).toBeLessThan(3);
    }
  });

  test('xdiag is exact on low rank and with as many columns as rows', async () => {
    const A = operatorWithSpectrum(
      decaying.map((value, i) => (i < 6 ? value : 0)),
      { seed: 3 },
    );
    const exact = await toDense(A);
    const { diagonal: d, standardErrors } = await diagonal(A, { maxProducts: 24 });
    for (let i = 0; i < 100; i++) expect(d[i]!).toBeCloseTo(exact.data[101 * i]!, 12);
    expect(Math.hypot(...standardErrors)).toBeLessThan(1e-12);
    const few = decaying.slice(0, 20);
    const all = await diagonal(diagonalOperator(few), { maxProducts: 60 });
    for (const [i, value] of few.entries()) expect(all.diagonal[i]!).toBeCloseTo(value, 12);
  });

  test('xdiag of 1 x 1 is its entry, and knows it', async () => {
    const { diagonal: d, standardErrors, converged } = await diagonal(diagonalOperator([5]), { tol: 1e-9 });
    expect([Array.from(d), Array.from(standardErrors), converged]).toEqual([[5], [0], true]);
  });

  test('hutchinson is exact on a diagonal operator, with two products', async () => {
    const { diagonal: d, standardErrors } = await diagonal(diagonalOperator([3, -2, 0.5]), {
      method: 'hutchinson',
      maxProducts: 2,
    });
    expect([Array.from(d), Array.from(standardErrors)]).toEqual([
      [3, -2, 0.5],
      [0, 0, 0],
    ]);
  });

  test('with tol it stops when the error bar of the whole diagonal is within it', async () => {
    const A = operatorWithSpectrum(decaying, { seed: 2 });
    const exact = await toDense(A);
    const result = await diagonal(A, { firstProducts: 20, tol: 0.01, maxProducts: 400 });
    expect([result.converged, result.looks > 1]).toEqual([true, true]);
    const error = Math.hypot(...result.diagonal.map((value, i) => value - exact.data[101 * i]!));
    expect(error).toBeLessThan(0.01 * Math.hypot(...result.diagonal));
  });

  test.each(['hutchinson', 'xdiag'] as const)(
    '%s never spends more than maxProducts, and counts what it spends',
    async (method) => {
      const A = operatorWithSpectrum(
        Array.from({ length: 200 }, (_, i) => (i + 1) ** -1.5),
        { seed: 3 },
      );
      // the third look would double 24 to 48: it takes the 16 that are left
      for (const [maxProducts, looks, spent] of [
        [40, 3, 40],
        [36, 3, 36],
        [35, 2, 24],
      ] as const) {
        let columns = 0;
        // no other adjoint than itself
        const counting = fromMatvec({
          shape: A.shape,
          dtype: 'float64',
          selfAdjoint: true,
          matmat: (X) => {
            columns += X.cols;
            return A.matmat(X);
          },
        });
        const result = await diagonal(counting, { method, firstProducts: 12, tol: 1e-9, maxProducts });
        expect([result.looks, result.numMatvecs, columns]).toEqual([looks, spent, spent]);
      }
    },
  );

  test('an operator without adjoint must be symmetric for xdiag, not for hutchinson', async () => {
    const { data } = randomBlock(30, 30, 4);
    const oneWay = fromMatvec({
      shape: [30, 30],
      dtype: 'float64',
      matvec: (x) =>
        Array.from({ length: 30 }, (_, i) => Array.from(x).reduce((sum, v, j) => sum + data[30 * i + j]! * v, 0)),
    });
    await expect(diagonal(oneWay)).rejects.toThrow('diagonal: the operator is not symmetric');
    expect((await diagonal(oneWay, { method: 'hutchinson' })).samples).toBe(60);
  });

  test('bad input', async () => {
    const A = diagonalOperator([1, 2]);
    await expect(diagonal(A, { method: 'exact' as never })).rejects.toThrow("must be one of 'hutchinson', 'xdiag'");
    await expect(diagonal(A, { maxProducts: 1 })).rejects.toThrow(
      'diagonal: maxProducts must be an integer at least 4, got 1',
    );
    await expect(diagonal(denseOperator(randomBlock(4, 3, 1)))).rejects.toThrow(
      'diagonal: the operator must be square, got 4 x 3',
    );
  });
});

describe('frobeniusNorm', () => {
  test('its ends hold at 90 % on the worst operator, rank one, and on a rectangular one', async () => {
    const worst = diagonalOperator(Array.from({ length: 20 }, (_, i) => (i === 0 ? 2 : 0)));
    const block = randomBlock(12, 30, 5);
    for (const [A, exact] of [
      [worst, 2],
      [denseOperator(block), frobenius(block)],
    ] as const) {
      let [low, high] = [0, 0];
      for (let seed = 0; seed < 400; seed++) {
        const { lower, upper } = await frobeniusNorm(A, { tests: 8, confidence: 0.9, seed });
        if (lower > exact) low++;
        if (upper < exact) high++;
      }
      // more than 70 of 400 failures of probability 0.1 have probability below 1e-6
      expect(low).toBeLessThanOrEqual(70);
      expect(high).toBeLessThanOrEqual(70);
      // and rank one attains the law: fewer than 15 have probability below 1e-6 there
      if (A === worst) expect(Math.min(low, high)).toBeGreaterThanOrEqual(15);
    }
  });

  test('the zero operator and bad input', async () => {
    const { estimate, lower, upper, numMatvecs } = await frobeniusNorm(diagonalOperator([0, 0]), { tests: 5 });
    expect([estimate, lower, upper, numMatvecs]).toEqual([0, 0, 0, 6]);
    await expect(frobeniusNorm({ ...diagonalOperator([1]), shape: [0, 3] })).rejects.toThrow(
      'frobeniusNorm: the operator must have rows and columns, got 0 x 3',
    );
    await expect(frobeniusNorm(diagonalOperator([1]), { tests: 0 })).rejects.toThrow(
      'frobeniusNorm: tests must be an integer at least 1, got 0',
    );
  });
});
