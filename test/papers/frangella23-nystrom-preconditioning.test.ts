/** Frangella, Tropp & Udell 2023, "Randomized Nystrom preconditioning". */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { cg, diagonalOperator, minres, nystromPreconditioner, seigh } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { largestDifference, randomBlock, toDense } from '../support/matrices.ts';

/** Condition number of M^(1/2) (A + s I) M^(1/2), from the eigenvalues of M (A + s I). */
function conditionNumber(M: Matrix, A: Matrix, shift: number): number {
  const shifted = A.clone().add(Matrix.identity(A.rows).mul(shift));
  const values = new EigenvalueDecomposition(M.mmul(shifted)).realEigenvalues;
  return Math.max(...values) / Math.min(...values);
}

const toMl = async (op: Parameters<typeof toDense>[0]): Promise<Matrix> => {
  const { rows, cols, data } = await toDense(op);
  return Matrix.from1DArray(rows, cols, Float64Array.from(data));
};

describe('Nystrom preconditioner', () => {
  const n = 60;
  const shift = 1e-3;
  const spectrum = Array.from({ length: n }, (_, i) => (i + 1) ** -4);
  const A = operatorWithSpectrum(spectrum, { seed: 1 });
  const effectiveDimension = spectrum.reduce((sum, value) => sum + value / (value + shift), 0);

  test('theorem 1.1: with 2 ceil(1.5 d_eff) + 1 columns the condition number is below 28 on average', async () => {
    const rank = 2 * Math.ceil(1.5 * effectiveDimension) + 1;
    expect(rank).toBeLessThan(n / 2);
    const dense = await toMl(A);
    let mean = 0;
    for (let seed = 0; seed < 10; seed++) {
      const sketch = await seigh(A, rank, { method: 'nystrom', psd: true, seed });
      const M = nystromPreconditioner(sketch, { shift });
      mean += conditionNumber(await toMl(M), dense, shift) / 10;
    }
    expect(mean).toBeLessThan(28);
    expect(conditionNumber(Matrix.identity(n), dense, shift)).toBeGreaterThan(900);
  });

  test('is the formula of the paper, entry by entry', async () => {
    const sketch = await seigh(A, 10, { method: 'nystrom', psd: true });
    const U = await sketch.eigenvectors.toBlock();
    const M = await toDense(nystromPreconditioner(sketch, { shift }));
    const last = sketch.eigenvalues.at(-1)!;
    const expected = Array.from(M.data, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let entry = i === j ? 1 : 0;
      for (let l = 0; l < sketch.rank; l++) {
        const factor = (last + shift) / (sketch.eigenvalues[l]! + shift) - 1;
        entry += U.data[i * sketch.rank + l]! * factor * U.data[j * sketch.rank + l]!;
      }
      return entry;
    });
    expect(largestDifference(M.data, expected)).toBeLessThan(0.5e-12);
  });

  test('cg takes a quarter of the steps', async () => {
    const slow = Array.from({ length: 400 }, (_, i) => (i + 1) ** -2);
    const operator = operatorWithSpectrum(slow, { seed: 2 });
    const { data: b } = randomBlock(400, 1, 3);
    const sketch = await seigh(operator, 60, { method: 'nystrom', psd: true });
    const preconditioner = nystromPreconditioner(sketch, { shift: 1e-5 });
    const plain = await cg(operator, b, { shift: 1e-5, tol: 1e-8 });
    const fast = await cg(operator, b, { shift: 1e-5, tol: 1e-8, preconditioner });
    expect([plain.converged, fast.converged]).toEqual([true, true]);
    expect(fast.iterations).toBeLessThan(plain.iterations / 4);
  });

  test('of an indefinite operator it is still positive definite, and helps minres', async () => {
    // forty eigenvalues of either sign, which the sketch finds, above others between 1/2 and 1
    const size = (i: number): number => (i < 40 ? 2 * 1000 ** (1 - i / 40) : 1 - i / 400);
    const mixed = Array.from({ length: 200 }, (_, i) => (i % 3 === 1 ? -1 : 1) * size(i));
    const operator = operatorWithSpectrum(mixed, { seed: 3 });
    const preconditioner = nystromPreconditioner(await seigh(operator, 60, { rank: 40 }), { shift: 0 });
    const values = new EigenvalueDecomposition(await toMl(preconditioner)).realEigenvalues;
    expect(Math.min(...values)).toBeGreaterThan(0);
    const { data: b } = randomBlock(200, 1, 4);
    const plain = await minres(operator, b, { tol: 1e-6 });
    const fast = await minres(operator, b, { tol: 1e-6, preconditioner });
    expect([plain.converged, fast.converged]).toEqual([true, true]);
    expect(fast.iterations).toBeLessThan(plain.iterations / 4);
  });

  test('bad input', async () => {
    const zero = await seigh(diagonalOperator([0, 0, 0]), 2);
    expect(() => nystromPreconditioner(zero, { shift: -1 })).toThrow(
      'nystromPreconditioner: shift must be a finite number of at least 0, got -1',
    );
    const singular = { eigenvalues: Float64Array.of(1, 0), eigenvectors: zero.eigenvectors };
    expect(() => nystromPreconditioner(singular)).toThrow('shift must be positive for a sketch with a zero eigenvalue');
    // nothing known of A: the preconditioner is the identity
    const identity = await toDense(nystromPreconditioner(zero, { shift: 0.1 }));
    expect(Array.from(identity.data)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});
