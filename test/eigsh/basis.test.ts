/** How wide the basis of a search may become before it is restarted: by memory, and by what products of sparse matrices cost. */
import { parseSearch } from '../../src/eigsh/options.ts';
import { diagonalOperator, type EigshOptions, eigsh, type LinearOperator, sparseOperator } from '../../src/index.ts';
import { derive } from '../../src/linops/define.ts';
import { expect, test } from '../support/jest.ts';

/** A symmetric matrix whose rows all have `band` entries on either side of a rising diagonal, and around the end. */
function banded(n: number, band: number): LinearOperator {
  const entries = Array.from({ length: n * band }, (_, at) => ({ i: Math.floor(at / band), by: (at % band) + 1 }));
  const ends = entries.map(({ i, by }) => (i + by) % n);
  const points = Array.from({ length: n }, (_, i) => i);
  return sparseOperator({
    format: 'coo',
    shape: [n, n],
    row: [...points, ...entries.map(({ i }) => i), ...ends],
    col: [...points, ...ends, ...entries.map(({ i }) => i)],
    data: [...points.map((i) => 1 + (i / n) ** 3), ...entries.map(() => -0.1), ...entries.map(() => -0.1)],
  });
}

const widthOf = (op: LinearOperator, k: number, options: EigshOptions = {}): number =>
  parseSearch(op, k, options).settings.basisColumns;

test('is widest where products count, and narrowest where the basis costs more', () => {
  const n = 600;
  const [usual, widest] = [28, 114];
  const sparse = banded(n, 3);
  expect(sparse.flopsPerColumn).toBe(14 * n);
  expect(widthOf(diagonalOperator(new Float64Array(n).fill(1)), 10)).toBe(widest);
  expect(widthOf(sparse, 10)).toBe(usual);
  // half as many columns as a row has entries
  expect(widthOf(banded(n, 80), 10)).toBe(80);
  expect(widthOf(derive(sparse, { psd: true }), 10)).toBe(usual);
  // asked for, or for solves, which are many products each
  expect(widthOf(sparse, 10, { maxMemory: '1GB' })).toBe(widest);
  expect(widthOf(sparse, 10, { sigma: 0.3 })).toBe(widest);
});

test('of either width finds the same, the narrow one with a few more products', async () => {
  const A = banded(200, 3);
  const options = { which: 'LA', tol: 1e-6, seed: 1, confidence: 0 } as const;
  const narrow = await eigsh(A, 3, options);
  const wide = await eigsh(A, 3, { ...options, maxMemory: '1GB' });
  for (const [i, value] of wide.eigenvalues.entries()) expect(narrow.eigenvalues[i]).toBeCloseTo(value, 9);
  expect(narrow.restarts).toBeGreaterThan(wide.restarts);
  expect(narrow.numMatvecs / wide.numMatvecs).toBeLessThan(2);
});

test.each([Number.NaN, -1, 'few'])('an operator whose flopsPerColumn is %p is refused', async (flopsPerColumn) => {
  const A = { ...banded(40, 3), flopsPerColumn } as LinearOperator;
  await expect(eigsh(A, 3)).rejects.toThrow(/^eigsh: flopsPerColumn of the operator must be a number at least 0, got /);
});
