/** The minimum residual method: Paige & Saunders 1975. */
import type { Block } from '../../src/core/block.ts';
import { diagonalOperator, minres } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { apply, krylovBasis, orthonormalVectors, projected } from '../support/krylov.ts';
import { difference, directSolve, residualNormOf, systemWithSpectrum } from '../support/linear-systems.ts';

const indefinite = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => (i % 3 === 2 ? -1 : 1) * (i + 1) ** -0.5);

describe('minres solves', () => {
  test.each([0, -0.7, 0.05, 2])('an indefinite (A + %d I) x = b as Gaussian elimination does', async (shift) => {
    const system = await systemWithSpectrum(indefinite(60));
    const exact = directSolve(system, shift);
    const result = await minres(system.A, system.b, { shift, tol: 1e-12 });
    expect(result.status).toBe('converged');
    expect(difference(result.solution, exact) / Math.hypot(...exact)).toBeLessThan(1e-9);
    const residual = residualNormOf(system, result.solution, shift);
    expect(Math.abs(result.residualNorm - residual)).toBeLessThan(1e-13 * Math.hypot(...system.b));
  });

  test('step k has the smallest residual of the Krylov space, computed from its basis', async () => {
    const system = await systemWithSpectrum(indefinite(40));
    const b = Array.from(system.b);
    for (let k = 1; k <= 10; k++) {
      const images = orthonormalVectors(krylovBasis(system.dense, b, k).map((v) => apply(system.dense, v)));
      const smallest = difference(b, projected(b, images));
      const { residualNorm, history, iterations } = await minres(system.A, system.b, { maxIterations: k, tol: 0 });
      expect(iterations).toBe(k);
      expect(residualNorm / smallest).toBeCloseTo(1, 9);
      expect(history.at(-1)! / smallest).toBeCloseTo(1, 9);
    }
  });

  test('the residual never grows', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { A, b } = await systemWithSpectrum(indefinite(50), seed);
      const { history } = await minres(A, b, { tol: 1e-10 });
      for (let k = 1; k < history.length; k++) expect(history[k]!).toBeLessThanOrEqual(history[k - 1]! * (1 + 1e-12));
    }
  });

  test('as many steps as there are distinct eigenvalues', async () => {
    const { A, b } = await systemWithSpectrum(Array.from({ length: 40 }, (_, i) => [-3, -1, 2, 5][i % 4]!));
    expect((await minres(A, b, { tol: 1e-10 })).iterations).toBe(4);
  });

  test('float32: 1e-4, and an honest end when more is asked for', async () => {
    const { A, b } = await systemWithSpectrum(indefinite(60), 3, 'float32');
    expect((await minres(A, b)).converged).toBe(true);
    const hopeless = await minres(A, b, { tol: 1e-13 });
    expect([hopeless.converged, hopeless.status]).toEqual([false, 'stagnated']);
    expect(hopeless.residualNorm).toBeLessThan(1e-4 * Math.hypot(...b));
  });

  test('an ill-conditioned solvable system is not taken for an unsolvable one', async () => {
    // condition number 1e9
    const spectrum = Array.from({ length: 20 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (-i * (9 / 19)));
    const { A, b } = await systemWithSpectrum(spectrum, 4);
    const { status, residualNorm } = await minres(A, b, { tol: 1e-5 });
    expect([status, residualNorm < 1e-5 * Math.hypot(...b)]).toEqual(['converged', true]);
    // 1e4 in float32, through thousands of steps, which reach the residual asked for or the rounding of the products
    const slow = Array.from({ length: 100 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (-i * (4 / 99)));
    for (let seed = 1; seed <= 3; seed++) {
      const system = await systemWithSpectrum(slow, seed, 'float32');
      const { status } = await minres(system.A, system.b, { tol: 1e-3, maxIterations: 5000 });
      expect(['converged', 'stagnated']).toContain(status);
    }
  });

  test.each(['float64', 'float32'] as const)(
    'a singular system without a solution in %s: the smallest residual there is',
    async (dtype) => {
      const spectra = [
        [...indefinite(30), 0, 0],
        [...Array.from({ length: 40 }, (_, i) => 1 / (i + 1)), 0],
      ];
      for (const spectrum of spectra) {
        for (let seed = 1; seed <= 10; seed++) {
          const { A, b } = await systemWithSpectrum(spectrum, seed, dtype);
          const result = await minres(A, b, { tol: 1e-8 });
          expect([result.converged, result.status]).toEqual([false, 'leastSquares']);
          // what no x can reach: the part of b along the null vectors
          const { exactEigenvectors: Q } = A as unknown as { exactEigenvectors: Block };
          const along = (j: number): number => b.reduce((sum, value, i) => sum + value * Q.data[i * Q.cols + j]!, 0);
          const outside = Math.hypot(...spectrum.flatMap((value, j) => (value === 0 ? [along(j)] : [])));
          expect(result.residualNorm / outside).toBeGreaterThan(1 - 1e-6);
          expect(result.residualNorm / outside).toBeLessThan(1 + (dtype === 'float64' ? 1e-8 : 1e-4));
        }
      }
    },
  );

  test.each(['float64', 'float32'] as const)(
    'a singular system with a solution in %s: to rounding, which says so',
    async (dtype) => {
      const spectrum = [...indefinite(30), 0, 0];
      const { A, dense, b: any } = await systemWithSpectrum(spectrum, 6, dtype);
      const b = apply(dense, Array.from(any));
      const roundoff = dtype === 'float64' ? 2 ** -53 : 2 ** -24;
      const { status, residualNorm } = await minres(A, b, { tol: roundoff / 100 });
      expect(status).toBe('stagnated');
      expect(residualNorm / Math.hypot(...b)).toBeLessThan(100 * roundoff);
      expect((await minres(A, b)).status).toBe('converged');
    },
  );

  test('the zero operator: nothing can be done', async () => {
    const { status, residualNorm, solution } = await minres(diagonalOperator([0, 0]), [3, 4]);
    expect([status, residualNorm]).toEqual(['leastSquares', 5]);
    expect(Array.from(solution)).toEqual([0, 0]);
  });

  test('a preconditioner changes what is minimised, not what is told: norms of residuals, and no product on top', async () => {
    const { A, b } = await systemWithSpectrum(indefinite(60));
    const preconditioner = diagonalOperator(Float64Array.from(b, (_, i) => 10 ** (i / 20)));
    for (let k = 1; k <= 12; k++) {
      const { history, residualNorm } = await minres(A, b, { preconditioner, maxIterations: k, tol: 0 });
      expect(history.at(-1)! / residualNorm).toBeCloseTo(1, 9);
    }
    const { status, iterations, numMatvecs } = await minres(A, b, { preconditioner, tol: 1e-6 });
    expect([status, numMatvecs]).toEqual(['converged', iterations + 1]);
  });

  test('an exact preconditioner |A|^-1 needs two steps: its product with A has eigenvalues 1 and -1', async () => {
    const spectrum = Array.from({ length: 50 }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (-i / 12));
    const A = diagonalOperator(spectrum);
    const b = new Float64Array(50).fill(1);
    const preconditioner = diagonalOperator(spectrum.map((value) => 1 / Math.abs(value)));
    const { iterations, converged } = await minres(A, b, { preconditioner, tol: 1e-10 });
    expect([converged, iterations]).toEqual([true, 2]);
    expect((await minres(A, b, { tol: 1e-10 })).iterations).toBeGreaterThan(20);
  });
});

test('bad input is named after minres', async () => {
  const A = diagonalOperator([1, 2]);
  await expect(minres(A, [1])).rejects.toThrow('minres: b has 1 entries, the operator is 2 x 2');
  for (const diagonal of [
    [-1, -1],
    [0, 0],
    [1, 0],
  ]) {
    await expect(minres(A, [1, 2], { preconditioner: diagonalOperator(diagonal), tol: 1e-12 })).rejects.toThrow(
      'minres: the preconditioner is not positive definite',
    );
  }
});
