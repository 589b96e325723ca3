/** Statements are about the vectors that are returned: what they lack in orthonormality is counted. */
import { boundsOfSeen } from '../../src/apost/deflated.ts';
import { apost, diagonalOperator } from '../../src/index.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { estimatedDefect, exactDefect } from '../../src/multivector/defect.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { expect, test } from '../support/jest.ts';
import { distance, frobenius, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';

test.each([3, 120])(
  'unit vectors of an invariant space that are not orthogonal: no residual shows it (%i pairs)',
  async (r) => {
    const [n, size, tilt] = [150, 2, 1e-4];
    const A = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i < r ? size : 0)));
    // v_j = (e_j + tilt e_1) / its length: eigenvectors of one eigenvalue, so that all residuals are 0
    const V = { rows: n, cols: r, data: new Float64Array(n * r) };
    for (let j = 0; j < r; j++) {
      const length = j === 0 ? 1 : Math.hypot(1, tilt);
      V.data[j * r + j] = 1 / length;
      if (j > 0) V.data[j] = tilt / length;
    }
    const VVt = multiply(V, transposed(V));
    const exact = identity(n);
    for (let i = r; i < n; i++) exact.data[i * n + i] = 0;
    const truth = size * distance(VVt, exact);
    const pairs = {
      shape: [n, n] as const,
      dtype: 'float64' as const,
      matmat: () => Promise.reject(new Error('not needed')),
      eigenvalues: new Float64Array(r).fill(size),
      eigenvectors: await multivectorOf(V, 'float64'),
      residualNorms: new Float64Array(r),
    };
    for (const seed of [1, 2, 3]) {
      const { errorFrob, relativeError, missedEigenvalueBound, scree } = await apost(A, pairs, { tests: 5, seed });
      const norm = size * Math.sqrt(r);
      expect(errorFrob.upper).toBeGreaterThan(truth);
      // a bound of the right size, not a resignation
      expect(errorFrob.upper).toBeLessThan(12 * truth);
      expect(errorFrob.lower).toBeLessThan(truth);
      expect(relativeError.upper).toBeGreaterThan(truth / norm);
      expect(relativeError.lower).toBeLessThan(truth / norm);
      expect(scree.at(-1)!.upper).toBe(relativeError.upper);
      expect(missedEigenvalueBound).toBeGreaterThan(truth / Math.sqrt(2 * r));
    }
  },
);

test('||V^T V - I||_F: exact for few columns, estimated for many', async () => {
  const [rows, cols] = [200, 40];
  const V = randomBlock(rows, cols, 1);
  for (let at = 0; at < V.data.length; at++) V.data[at]! /= Math.sqrt(rows);
  const D = multiply(transposed(V), V);
  for (let i = 0; i < cols; i++) D.data[i * cols + i]! -= 1;
  const meters = { exact: exactDefect(cols, jsKernels), estimated: estimatedDefect(cols, 'float64', jsKernels, 30) };
  for (const meter of Object.values(meters)) {
    for (const start of [0, 70]) {
      const end = start === 0 ? 70 : rows;
      const data = V.data.subarray(start * cols, end * cols);
      await meter.add({ rows: end - start, cols, data });
    }
  }
  for (const [at, entry] of meters.exact.matrix().data.entries()) expect(entry).toBeCloseTo(D.data[at]!, 12);
  const truth = frobenius(D);
  expect(meters.exact.value() / truth).toBeCloseTo(1, 12);
  // 30 vectors: outside of a half and two with probability below 1e-5 at the worst, rank one
  const ratio = meters.estimated.value() / truth;
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

/**
 * SciPy 1.10: `sqrt(50 / chi2.ppf(0.01 * (1 - level) / 3, 50))`, and over 3 * 2 for one of two columns: P(chi2_50 <= 50 x) is how
 * likely an estimate of a square from 50 vectors is below x times the truth, at rank one.
 */
test.each([
  [0.9, 1.4809008965534556, 1.5165793009622257],
  [0.99, 1.5984976529676098, 1.6335571859662588],
])('estimated norms become bounds for a hundredth of what may fail at %d', (level, one, ofTwo) => {
  const seen = { squares: new Float64Array(2), leading: randomBlock(3, 1, 1), defect: 2, spread: 3 };
  const estimated = { ...seen, rotated: Float64Array.of(4, 5), probes: 50 };
  const { seen: bounds, left } = boundsOfSeen(estimated, level);
  expect([bounds.defect / 2, bounds.spread / 3].map((factor) => factor / one)).toEqual([
    expect.closeTo(1, 9),
    expect.closeTo(1, 9),
  ]);
  expect(bounds.rotated![0]! / 4 / ofTwo).toBeCloseTo(1, 9);
  expect(bounds.rotated![1]! / 5 / ofTwo).toBeCloseTo(1, 9);
  // what the three take and what is left are all of it
  expect(1 - left).toBeCloseTo(0.99 * (1 - level), 12);
  // nothing is taken for norms that are exact, or bounds
  expect(boundsOfSeen(seen, level)).toEqual({ seen, left: level });
});
