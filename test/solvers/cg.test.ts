/** Conjugate gradients: Hestenes & Stiefel 1952. */
import fc from 'fast-check';
import { cg, diagonalOperator, fromMatvec, type LinearOperator } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { apply, krylovBasis } from '../support/krylov.ts';
import { difference, directSolve, residualNormOf, systemWithSpectrum } from '../support/linear-systems.ts';

const decaying = (n: number, rate: number): number[] => Array.from({ length: n }, (_, i) => (i + 1) ** -rate);

describe('cg solves', () => {
  test.each([0, 0.1, 3])('(A + %d I) x = b as Gaussian elimination does', async (shift) => {
    const system = await systemWithSpectrum(decaying(60, 1));
    const exact = directSolve(system, shift);
    const result = await cg(system.A, system.b, { shift, tol: 1e-12 });
    expect([result.converged, result.status]).toEqual([true, 'converged']);
    expect(difference(result.solution, exact) / Math.hypot(...exact)).toBeLessThan(1e-10);
    expect(result.negativeCurvature).toBeUndefined();
  });

  test('float32 to 1e-5, and says so when more is asked for than float32 products give', async () => {
    const system = await systemWithSpectrum(decaying(60, 1), 2, 'float32');
    const result = await cg(system.A, system.b, { tol: 1e-5 });
    expect(result.converged).toBe(true);
    const hopeless = await cg(system.A, system.b, { tol: 1e-12 });
    expect([hopeless.converged, hopeless.status]).toEqual([false, 'stagnated']);
    expect(hopeless.residualNorm).toBeLessThan(1e-4 * Math.hypot(...system.b));
    expect(hopeless.residualNorm).toBeGreaterThan(1e-12 * Math.hypot(...system.b));
  });

  test('the residual reported is the true one, and every product is counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 30 }),
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 1000 }),
        async (n, maxIterations, shift, seed) => {
          const system = await systemWithSpectrum(decaying(n, 1.5), seed);
          let products = 0;
          const counted = {
            ...system.A,
            matmat: (X: Parameters<typeof system.A.matmat>[0]) => {
              products += X.cols;
              return system.A.matmat(X);
            },
          };
          const { solution, residualNorm, numMatvecs, iterations, converged } = await cg(counted, system.b, {
            shift,
            maxIterations,
            tol: 1e-9,
          });
          const size = Math.hypot(...system.b);
          expect(Math.abs(residualNorm - residualNormOf(system, solution, shift))).toBeLessThan(1e-12 * size);
          expect(converged).toBe(residualNorm <= 1e-9 * size);
          expect(numMatvecs).toBe(products);
          expect(iterations).toBeLessThanOrEqual(maxIterations);
        },
      ),
      { seed: 1, numRuns: 40 },
    );
  });

  test('as many steps as there are distinct eigenvalues', async () => {
    const spectrum = Array.from({ length: 50 }, (_, i) => [1, 4, 9, 16, 25][i % 5]!);
    const { A, b } = await systemWithSpectrum(spectrum);
    expect((await cg(A, b, { tol: 1e-10 })).iterations).toBe(5);
  });

  test('step k is the best of the Krylov space in the norm of A, computed from its basis', async () => {
    const system = await systemWithSpectrum(decaying(40, 1));
    const exact = Array.from(directSolve(system));
    const b = Array.from(system.b);
    let last = Number.POSITIVE_INFINITY;
    for (let k = 1; k <= 8; k++) {
      // the A-orthogonal projection of the solution: V (V^T A V)^-1 V^T b, with V made A-orthonormal
      const best = b.map(() => 0);
      const directions: number[][] = [];
      for (const v of krylovBasis(system.dense, b, k)) {
        let d = v;
        for (const other of directions) {
          const overlap = dot(apply(system.dense, other), d);
          d = d.map((value, i) => value - overlap * other[i]!);
        }
        const length = Math.sqrt(dot(d, apply(system.dense, d)));
        directions.push(d.map((value) => value / length));
      }
      for (const d of directions) {
        const coefficient = dot(d, b);
        for (let i = 0; i < best.length; i++) best[i]! += coefficient * d[i]!;
      }
      const { solution } = await cg(system.A, system.b, { maxIterations: k, tol: 0 });
      expect(difference(solution, best)).toBeLessThan(1e-10 * Math.hypot(...best));
      const error = exact.map((value, i) => value - solution[i]!);
      const errorNorm = Math.sqrt(dot(error, apply(system.dense, error)));
      expect(errorNorm).toBeLessThan(last);
      last = errorNorm;
    }
  });

  test('a start at the solution takes one product and no iteration; b = 0 takes none', async () => {
    const A = diagonalOperator([1, 2, 4]);
    const at = await cg(A, [1, 2, 4], { x0: [1, 1, 1] });
    expect([at.iterations, at.numMatvecs, at.converged]).toEqual([0, 1, true]);
    const zero = await cg(A, [0, 0, 0]);
    expect([zero.iterations, zero.numMatvecs, zero.residualNorm, zero.converged]).toEqual([0, 0, 0, true]);
    const from = await cg(A, [1, 2, 4], { x0: [5, -3, 0], tol: 1e-12 });
    expect(difference(from.solution, [1, 1, 1])).toBeLessThan(1e-11);
  });

  test('an operator and a preconditioner that return what they were given', async () => {
    const identity: LinearOperator = { shape: [3, 3], dtype: 'float64', selfAdjoint: true, matmat: (X) => X };
    const shifted = await cg(identity, [3, 6, 9], { shift: 2 });
    expect(difference(shifted.solution, [1, 2, 3])).toBeLessThan(1e-15);
    const A = diagonalOperator([1, 2, 4]);
    const { solution } = await cg(A, [1, 2, 4], { preconditioner: identity, tol: 1e-12 });
    expect(difference(solution, [1, 1, 1])).toBeLessThan(1e-12);
  });

  test('an exact preconditioner needs one step, a diagonal one fewer than none', async () => {
    const spectrum = Array.from({ length: 80 }, (_, i) => 10 ** (-i / 16));
    const A = diagonalOperator(spectrum);
    const b = new Float64Array(80).fill(1);
    const inverse = diagonalOperator(spectrum.map((value) => 1 / value));
    expect((await cg(A, b, { preconditioner: inverse, tol: 1e-10 })).iterations).toBe(1);
    const rough = diagonalOperator(spectrum.map((value, i) => (1 + (i % 3)) / value));
    const without = await cg(A, b, { tol: 1e-8 });
    const withRough = await cg(A, b, { tol: 1e-8, preconditioner: rough });
    expect(withRough.converged).toBe(true);
    expect(withRough.iterations).toBeLessThanOrEqual(3); // three distinct eigenvalues of M A
    expect(without.iterations).toBeGreaterThan(10);
  });
});

function dot(x: readonly number[], y: readonly number[]): number {
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0);
}

describe('an operator that is not positive definite', () => {
  test('the direction returned has length one and the curvature reported, which is negative', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const spectrum = Array.from({ length: 30 }, (_, i) => (i < 3 ? -0.2 * (i + 1) : 1 / i));
      const { A, dense, b } = await systemWithSpectrum(spectrum, seed);
      const { converged, status, negativeCurvature, solution } = await cg(A, b);
      expect([converged, status]).toEqual([false, 'negativeCurvature']);
      const direction = Array.from(negativeCurvature!.direction);
      expect(Math.hypot(...direction)).toBeCloseTo(1, 12);
      expect(dot(direction, apply(dense, direction))).toBeCloseTo(negativeCurvature!.curvature, 12);
      expect(negativeCurvature!.curvature).toBeLessThan(0);
      // what was reached before decreases x^T A x / 2 - b^T x
      const x = Array.from(solution);
      expect(dot(x, apply(dense, x)) / 2 - dot(x, Array.from(b))).toBeLessThanOrEqual(0);
    }
  });

  test('a shift beyond the most negative eigenvalue makes it solvable', async () => {
    const system = await systemWithSpectrum(Array.from({ length: 30 }, (_, i) => (i < 3 ? -0.2 * (i + 1) : 1 / i)));
    const { converged, solution } = await cg(system.A, system.b, { shift: 0.7, tol: 1e-10 });
    expect(converged).toBe(true);
    expect(difference(solution, directSolve(system, 0.7))).toBeLessThan(1e-8);
  });

  test('the zero operator and minus the identity: found by the first product', async () => {
    const zero = await cg(diagonalOperator([0, 0, 0]), [1, 2, 2]);
    expect(zero.negativeCurvature!.curvature).toBe(0);
    expect(Array.from(zero.negativeCurvature!.direction, (value) => 3 * value)).toEqual([1, 2, 2]);
    const minus = await cg(diagonalOperator([-1, -1]), [3, 4]);
    expect(minus.negativeCurvature!.curvature).toBeCloseTo(-1, 15);
    expect([minus.iterations, minus.numMatvecs]).toEqual([0, 2]);
  });
});

describe('bad input', () => {
  const A = diagonalOperator([1, 2, 3]);
  test.each<[string, () => Promise<unknown>, string]>([
    ['b too long', () => cg(A, [1, 2, 3, 4]), 'cg: b has 4 entries, the operator is 3 x 3'],
    [
      'b not numbers',
      () => cg(A, 'b' as never),
      "cg: b must be a Float32Array, a Float64Array or an array of numbers, got 'b'",
    ],
    ['b of integers', () => cg(A, Int32Array.of(1, 2, 3) as never), 'or an array of numbers, got an Int32Array'],
    [
      'preconditioner that is a function',
      () => cg(A, [1, 2, 3], { preconditioner: ((x: number[]) => x) as never }),
      'cg: preconditioner: expected a LinearOperator { shape, dtype, matmat }, got function',
    ],
    ['NaN in b', () => cg(A, [1, Number.NaN, 2]), 'cg: entry 1 of b is NaN'],
    ['x0 too short', () => cg(A, [1, 2, 3], { x0: [1] }), 'cg: x0 has 1 entries, the operator is 3 x 3'],
    ['negative tol', () => cg(A, [1, 2, 3], { tol: -1 }), 'cg: tol must be finite and at least 0, got -1'],
    ['infinite shift', () => cg(A, [1, 2, 3], { shift: Number.POSITIVE_INFINITY }), 'cg: shift must be finite'],
    [
      'fractional iterations',
      () => cg(A, [1, 2, 3], { maxIterations: 1.5 }),
      'cg: maxIterations must be an integer at least 0, got 1.5',
    ],
    [
      'preconditioner of another size',
      () => cg(A, [1, 2, 3], { preconditioner: diagonalOperator([1]) }),
      'cg: the operator is 3 x 3, the preconditioner 1 x 1',
    ],
    [
      'preconditioner that is not positive definite',
      () => cg(A, [1, 2, 3], { preconditioner: diagonalOperator([-1, -1, -1]) }),
      'cg: the preconditioner is not positive definite: r^T M r = -14',
    ],
    [
      'operator that returns NaN',
      () => cg({ ...A, matmat: (X) => ({ ...X, data: X.data.map(() => Number.NaN) }) }, [1, 2, 3]),
      'cg: the operator returned NaN in row 0 of column 0',
    ],
  ])('%s', async (_, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });

  test('an operator that is not symmetric', async () => {
    const skew = fromMatvec({ shape: [2, 2], dtype: 'float64', matvec: (x) => [x[0]! + x[1]!, x[1]! - x[0]!] });
    await expect(cg(skew, [1, 1])).rejects.toThrow('cg: the operator is not symmetric');
  });

  test('aborting stops it, progress counts iterations', async () => {
    const { A: slow, b } = await systemWithSpectrum(decaying(60, 2));
    const controller = new AbortController();
    const done: number[] = [];
    const run = cg(slow, b, {
      tol: 1e-12,
      signal: controller.signal,
      onProgress: (progress) => {
        done.push(progress.done);
        if (progress.done === 3) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(done).toEqual([1, 2, 3]);
  });
});
