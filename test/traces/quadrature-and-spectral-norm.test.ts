/** Traces of functions and spectral norms from Lanczos runs. */
import type { Block } from '../../src/core/block.ts';
import {
  denseOperator,
  diagonalOperator,
  type LinearOperator,
  logdet,
  spectralNorm,
  traceFunction,
} from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { multiply, randomBlock, transposed, uniforms } from '../support/matrices.ts';

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const spectrum = Array.from({ length: 60 }, (_, i) => 0.2 + 3 * (i / 59) ** 2);
const A = operatorWithSpectrum(spectrum, { seed: 1 });

describe('traceFunction and logdet', () => {
  test.each<[string, (x: number) => number]>([
    ['exp(-x)', (x) => Math.exp(-x)],
    ['log', Math.log],
    ['1 / x', (x) => 1 / x],
    ['x^3', (x) => x ** 3],
  ])('tr %s: unbiased, the mean over 12 seeds', async (_, f) => {
    const exact = total(spectrum.map(f));
    const estimates: number[] = [];
    for (let seed = 0; seed < 12; seed++) {
      estimates.push((await traceFunction(A, f, { order: 18, runs: 4, seed })).estimate);
    }
    const mean = total(estimates) / 12;
    const deviation = Math.hypot(...estimates.map((estimate) => estimate - mean)) / Math.sqrt(11);
    // five standard errors, and the quadrature error of order 18 on a condition number of 16 (0.6^36, 1e-8)
    expect(Math.abs(mean - exact)).toBeLessThan((5 * deviation) / Math.sqrt(12) + 1e-7 * exact);
  });

  test('the likely interval: Student’s t over start vectors, and the quadrature error beside it', async () => {
    const hard = operatorWithSpectrum(
      Array.from({ length: 60 }, (_, i) => 10 ** (-i / 10)),
      { seed: 2 },
    );
    const options = { runs: 4, seed: 5, confidence: 0.95 };
    const f = Math.log;
    const { estimate, lower, upper, standardError, quadratureError } = await traceFunction(hard, f, {
      ...options,
      order: 12,
    });
    // the same start vectors with half of the steps
    const fewer = await traceFunction(hard, f, { ...options, order: 6 });
    expect(quadratureError).toBeCloseTo(Math.abs(estimate - fewer.estimate), 8);
    expect(quadratureError).toBeGreaterThan(standardError);
    // scipy 1.10.1: t.ppf(0.95, 3)
    const reach = 2.3533634348018264 * standardError + quadratureError;
    expect((upper - estimate) / reach).toBeCloseTo(1, 7);
    expect((estimate - lower) / reach).toBeCloseTo(1, 7);
  });

  test('logdet at condition 1e8: the two rules enclose the quadratic forms, and the likely interval the truth', async () => {
    const n = 300;
    const values = Float64Array.from({ length: n }, (_, i) => 10 ** ((-8 * i) / (n - 1)));
    const exact = total(Array.from(values, Math.log));
    const converged = await logdet(diagonalOperator(values), { order: n, runs: 5 });
    expect(converged.quadratureError).toBe(0);
    for (const order of [10, 30, 100]) {
      // the same start vectors: what differs is the quadrature
      const { estimate, quadratureError } = await logdet(diagonalOperator(values), { order, runs: 5 });
      expect(estimate).toBeGreaterThan(converged.estimate);
      expect(estimate - quadratureError).toBeLessThan(converged.estimate);
      for (let seed = 0; seed < (long ? 8 : 2); seed++) {
        const { lower, upper } = await logdet(diagonalOperator(values), { order, runs: 10, seed });
        expect(lower).toBeLessThanOrEqual(exact);
        expect(upper).toBeGreaterThanOrEqual(exact);
      }
    }
  });

  test('an order that is too low does not mislead the likely interval, although all start vectors agree', async () => {
    const values = Array.from({ length: 60 }, (_, i) => 10 ** (-i / 10));
    const exact = total(values.map(Math.log));
    const { lower, upper, quadratureError } = await logdet(diagonalOperator(values), {
      order: 16,
      runs: 60,
      confidence: 0.95,
    });
    expect(lower).toBeLessThanOrEqual(exact);
    expect(upper).toBeGreaterThanOrEqual(exact);
    // it would without the quadrature error
    expect(upper - quadratureError < exact || lower + quadratureError > exact).toBe(true);
  });

  test('the quadrature error shows where the order is too low, and covers what it costs', async () => {
    const hard = operatorWithSpectrum(
      Array.from({ length: 60 }, (_, i) => 10 ** (-i / 10)),
      { seed: 2 },
    );
    const converged = await logdet(hard, { order: 60, runs: 4 });
    expect(converged.quadratureError).toBe(0);
    for (const order of [24, 32, 40]) {
      const { estimate, quadratureError } = await logdet(hard, { order, runs: 4 });
      // the same start vectors: what differs is the quadrature
      expect(quadratureError).toBeGreaterThan(Math.abs(estimate - converged.estimate) / 1.5);
    }
    expect((await logdet(A, { order: 40, runs: 4 })).quadratureError).toBeLessThan(1e-6);
  });

  test('logdet refuses an indefinite operator and names the eigenvalue it found', async () => {
    const indefinite = diagonalOperator([5, 4, 3, -2, 1, 0.5]);
    await expect(logdet(indefinite)).rejects.toThrow(
      'logdet: the operator is not positive definite: it has an eigenvalue of at most -2.000e+0',
    );
    await expect(logdet(indefinite)).rejects.toMatchObject({ code: 'NUMERICAL' });
  });

  test('logdet of an operator that is singular, or no more than its rounding from it, says that', async () => {
    await expect(logdet(diagonalOperator([0, 0, 0]))).rejects.toThrow('it has an eigenvalue near 0.000e+0');
    // positive definite with a condition number of 1e12, of which float32 products see 1e7
    const values = Array.from({ length: 60 }, (_, i) => 10 ** (-i / 5));
    await expect(logdet(operatorWithSpectrum(values, { seed: 2, dtype: 'float32' }))).rejects.toThrow(
      'logdet: the operator is singular to the rounding of float32, 4.8e-7: it has an eigenvalue near',
    );
  });

  test('products are counted, fewer where a Krylov space is invariant', async () => {
    expect((await traceFunction(A, Math.exp, { order: 9, runs: 3 })).numMatvecs).toBe(27);
    const identity = await traceFunction(diagonalOperator(new Float64Array(30).fill(2)), (x) => x ** 2, { runs: 3 });
    expect([identity.numMatvecs, identity.standardError, identity.quadratureError]).toEqual([3, 0, 0]);
    expect(identity.estimate).toBeCloseTo(120, 10);
  });

  test('bad input', async () => {
    await expect(traceFunction(A, 'log' as never)).rejects.toThrow("traceFunction: f must be a function, got 'log'");
    await expect(traceFunction(A, (x) => Math.log(x - 2))).rejects.toThrow('traceFunction: f is NaN at');
    await expect(logdet(A, { order: 61 })).rejects.toThrow(
      'logdet: order must be an integer in 1..60, got 61 for n = 60',
    );
    await expect(logdet(A, { runs: 1 })).rejects.toThrow('logdet: runs must be an integer at least 2, got 1');
    await expect(logdet(denseOperator(randomBlock(4, 3, 1)))).rejects.toThrow('logdet: the operator must be square');
    await expect(
      traceFunction({ ...denseOperator(randomBlock(40, 40, 1)), selfAdjoint: true }, Math.exp),
    ).rejects.toThrow('the operator is not symmetric');
  });
});

describe('spectralNorm', () => {
  const cases: [string, number[]][] = [
    ['a flat spectrum', new Array(50).fill(2)],
    ['one large eigenvalue, negative', Array.from({ length: 50 }, (_, i) => (i === 0 ? -7 : 1 / (i + 1)))],
    ['a cluster at the top', Array.from({ length: 50 }, (_, i) => 3 - 0.001 * i)],
    ['slow decay of both signs', Array.from({ length: 50 }, (_, i) => (i % 2 ? -1 : 1) * (i + 1) ** -0.3)],
  ];

  // the formula of the upper end, and how often it fails where that is attained, are in certified.test.ts
  test.each(cases)('the estimate is never above, the upper end never below for %s', async (_, values) => {
    const exact = Math.max(...values.map(Math.abs));
    const op = diagonalOperator(values);
    for (let seed = 0; seed < 10; seed++) {
      // one end of 40 at 1 - 1e-6 / 2
      const { lower, estimate, upper } = await spectralNorm(op, { order: 4, confidence: 1 - 1e-6, seed });
      expect(lower).toBeLessThanOrEqual(estimate);
      expect(estimate).toBeLessThanOrEqual(exact * (1 + 1e-13));
      expect(upper).toBeGreaterThanOrEqual(exact * (1 - 1e-13));
    }
  });

  test('30 products give six digits of a norm that stands apart, and an upper end within 1 %', async () => {
    const values = Array.from({ length: 400 }, (_, i) => 5 / (i + 1));
    for (const dtype of ['float64', 'float32'] as const) {
      const { estimate, upper, numMatvecs } = await spectralNorm(operatorWithSpectrum(values, { dtype }));
      expect(Math.abs(estimate / 5 - 1)).toBeLessThan(1e-6);
      expect(upper / 5).toBeGreaterThan(1 - 1e-6);
      expect(upper / 5).toBeLessThan(1.01);
      expect(numMatvecs).toBe(30);
    }
  });

  test('a rectangular operator: the root of the largest eigenvalue of A^T A', async () => {
    const block = randomBlock(30, 12, 3);
    const gram = multiply(transposed(block), block);
    // power iteration, spelled out
    let v: number[] = new Array(12).fill(1);
    let norm = 0;
    for (let step = 0; step < 5000; step++) {
      const product = multiply(gram, { rows: 12, cols: 1, data: Float64Array.from(v) }).data;
      norm = Math.hypot(...product);
      v = Array.from(product, (value) => value / norm);
    }
    const { estimate, lower, upper, numMatvecs } = await spectralNorm(denseOperator(block), { order: 12 });
    expect(estimate).toBeCloseTo(Math.sqrt(norm), 10);
    expect(lower).toBeLessThanOrEqual(estimate);
    expect(upper).toBeCloseTo(Math.sqrt(norm), 8);
    expect(numMatvecs).toBe(24);
  });

  test('an operator of 200,000 rows', async () => {
    const A = diagonalOperator(Float32Array.from({ length: 200_000 }, (_, i) => (i === 7 ? -3 : Math.cos(i))));
    const { estimate, upper } = await spectralNorm(A, { order: 20 });
    expect(Math.abs(estimate - 3)).toBeLessThan(1e-5);
    expect(upper).toBeGreaterThan(3 - 1e-6);
    expect(upper).toBeLessThan(3.1);
  });

  test('an eigenvalue that drowns in the rounding of an invariant Krylov space is within the bound', async () => {
    for (const [dtype, n, excesses] of [
      ['float32', 20_000, [1e-5, 1e-4, 1e-3]],
      ['float64', 2_000, [1e-14, 1e-13, 1e-12]],
    ] as const) {
      for (const excess of excesses) {
        const values = dtype === 'float32' ? new Float32Array(n).fill(1) : new Float64Array(n).fill(1);
        values[5] = 1 + excess;
        for (let seed = 0; seed < 3; seed++) {
          // 18 ends at 0.99 in all; where the eigenvalue does not show, its share of the start must be below 0.01 to fail
          const { upper } = await spectralNorm(diagonalOperator(values), { order: 8, seed });
          expect(upper).toBeGreaterThanOrEqual(values[5]!);
          expect(upper).toBeLessThan(dtype === 'float32' ? 1.1 : 1 + 1e-9);
        }
      }
    }
  });

  test('noise of the products is in both ends: that of one step for each root of their number', async () => {
    const [n, order, noise] = [500, 30, 1e-8];
    const exact = diagonalOperator(Array.from({ length: n }, (_, i) => 1 / (i + 1)));
    // of a length that is known, in a direction that is random: what it does to the symmetry of V^T A V is measured on 435 pairs,
    // with a standard deviation of 3.4 per cent, and fails this with probability below 1e-8
    const next = uniforms(3);
    const noisy: LinearOperator = {
      ...exact,
      matmat: async (X: Block) => {
        const Y = await exact.matmat(X);
        const direction = Array.from({ length: n }, () => next() + next() + next());
        const length = Math.hypot(...direction);
        return { ...Y, data: Y.data.map((value, i) => value + (noise / length) * direction[i]!) };
      },
    };
    const { estimate, lower, upper } = await spectralNorm(noisy, { order, seed: 1 });
    expect(estimate - lower).toBeGreaterThan(0.8 * noise * Math.sqrt(order));
    expect(estimate - lower).toBeLessThan(1.2 * noise * Math.sqrt(order));
    expect(upper - estimate).toBeGreaterThan(0.8 * noise * Math.sqrt(order));
  });

  test('errors have its name', async () => {
    const broken = {
      ...diagonalOperator([1, 2]),
      matmat: () => ({ rows: 2, cols: 1, data: new Float64Array(2).fill(Number.NaN) }),
    };
    await expect(spectralNorm(broken)).rejects.toThrow('spectralNorm: the operator returned NaN');
    const liar = { ...denseOperator(randomBlock(40, 40, 1)), selfAdjoint: true };
    await expect(spectralNorm(liar)).rejects.toThrow('spectralNorm: the operator is not symmetric');
  });

  test('the zero operator; an operator without adjoint', async () => {
    const { estimate, lower, upper } = await spectralNorm(diagonalOperator([0, 0, 0]));
    expect([estimate, lower, upper]).toEqual([0, 0, 0]);
    const { adjointMatmat: _, ...oneWay } = denseOperator(randomBlock(4, 3, 1));
    await expect(spectralNorm(oneWay)).rejects.toThrow(
      'spectralNorm: an operator that does not declare selfAdjoint needs',
    );
  });
});
