/** planSketch: the largest sketch within a budget, at exactly the cost that a run then has. */
import { diagonalOperator, planSketch, type SketchBudget, seigh } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';

const methods = ['hmt', 'nystrom', 'oversampled'] as const;

describe('the plan', () => {
  test.each(methods)('%s: its products are those that a run spends', async (method) => {
    const A = diagonalOperator(Float64Array.from({ length: 90 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1)));
    const plan = planSketch({ n: 90, maxProducts: 61, method });
    const result = await seigh(A, plan.dims, { method });
    expect([result.numMatvecs, result.rank]).toEqual([plan.numMatvecs, plan.rank]);
    expect(plan.numMatvecs).toBeLessThanOrEqual(61);
  });

  test('a positive semidefinite operator is not truncated by nystrom', async () => {
    const A = diagonalOperator(Float64Array.from({ length: 90 }, (_, i) => 1 / (i + 1)));
    const plan = planSketch({ n: 90, maxProducts: 20, method: 'nystrom', psd: true });
    const result = await seigh(A, plan.dims, { method: 'nystrom', psd: true });
    expect([result.numMatvecs, result.rank]).toEqual([plan.numMatvecs, plan.rank]);
  });

  test('power iterations cost a pass each', async () => {
    const A = diagonalOperator(Float64Array.from({ length: 90 }, (_, i) => 1 / (i + 1)));
    const plan = planSketch({ n: 90, maxProducts: 61, powerIterations: 1 });
    expect(plan.dims).toBe(20);
    expect((await seigh(A, 20, { powerIterations: 1 })).numMatvecs).toBe(plan.numMatvecs);
  });

  test.each(methods)('%s: one column more does not fit, in products and in memory', (method) => {
    for (const n of [1, 7, 1000, 123_457]) {
      const memory = 1e6 * n;
      const byMemory = planSketch({ n, memory, method });
      expect(byMemory.bytes).toBeLessThanOrEqual(memory);
      const perColumn = byMemory.bytes / byMemory.dims;
      if (byMemory.dims < n) expect(byMemory.bytes + 1.5 * perColumn).toBeGreaterThan(memory);
      const both = planSketch({ n, memory, maxProducts: 5, method });
      expect(both.numMatvecs).toBeLessThanOrEqual(5);
    }
  });

  test('no more columns than the operator has, however large the budget', () => {
    for (const n of [1, 5, 6, 8, 100]) {
      for (const method of methods) expect(planSketch({ n, maxProducts: 10_000, method }).dims).toBe(n);
    }
  });

  test('the documented example', () => {
    expect(planSketch({ n: 1_000_000, maxProducts: 400 })).toEqual({
      method: 'hmt',
      dims: 200,
      innerDims: 0,
      rank: 200,
      numMatvecs: 400,
      bytes: 2.4e9,
    });
    expect(planSketch({ n: 1_000_000, memory: 2.4e9, dtype: 'float64' }).dims).toBe(100);
  });
});

test.each<[object, string]>([
  [{ n: 10 }, 'planSketch: give memory, maxProducts or both'],
  [{ n: 0, maxProducts: 4 }, 'planSketch: n must be an integer at least 1, got 0'],
  [{ n: 10, maxProducts: 1 }, "planSketch: one column of 'hmt' needs 2 products and 120 bytes"],
  [{ n: 10, memory: 0 }, "planSketch: memory must be a number of bytes or like '300MB' or '2GiB', got 0"],
  [{ n: 10, maxProducts: 4, method: 'lanczos' }, "planSketch: method must be one of 'hmt', 'nystrom', 'oversampled'"],
  [
    { n: 10, maxProducts: 4, method: 'nystrom', powerIterations: 1 },
    "planSketch: powerIterations belongs to method 'hmt'",
  ],
])('bad budget %p', (budget, message) => expect(() => planSketch(budget as SketchBudget)).toThrow(message));
