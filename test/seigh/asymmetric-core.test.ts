/** Cores are symmetrised: a small part of an operator that is not symmetric moves no eigenvalue to first order. */
import { denseOperator, type SeighOptions, seigh } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { jacobi } from '../support/eigenvalues.ts';
import { expect, test } from '../support/jest.ts';
import { orthonormalVectors } from '../support/krylov.ts';
import { randomBlock, toDense, uniforms } from '../support/matrices.ts';

const n = 12;
const SKEW = 1e-8;

/** A symmetric matrix of rank 5 and, on the same range, a skew part of size 1e-8. */
function matrices(seed: number) {
  const vectors = orthonormalVectors(
    Array.from({ length: 5 }, (_, j) => Array.from(randomBlock(n, 1, 10 * seed + j).data)),
  );
  const next = uniforms(seed);
  const core = [3, -2, 1.5, -1, 0.5].map((value, i, all) => all.map((_, j) => (i === j ? value : 0)));
  const symmetric = core.map((row) => [...row]);
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < i; j++) {
      const skew = SKEW * next();
      core[i]![j]! += skew;
      core[j]![i]! -= skew;
    }
  }
  const expand = (C: number[][]): Float64Array =>
    Float64Array.from({ length: n * n }, (_, at) => {
      const [row, col] = [Math.floor(at / n), at % n];
      let sum = 0;
      for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) sum += vectors[i]![row]! * C[i]![j]! * vectors[j]![col]!;
      return sum;
    });
  return { symmetric: expand(symmetric), asymmetric: expand(core) };
}

test.each<[string, SeighOptions]>([
  ['nystrom', { method: 'nystrom' }],
  ['oversampled', { method: 'oversampled' }],
  ['krylov', { method: 'krylov' }],
])('%s, by the kernels js and wasm', async (_, options) => {
  for (const kernels of ['js', 'wasm'] as const) {
    for (const seed of [1, 2, 3]) {
      const { symmetric, asymmetric } = matrices(seed);
      const A = { ...denseOperator(asymmetric, [n, n]), selfAdjoint: true };
      // all that the sketch sees lies in its range: (S + K) S^-1 (S + K)^T = S - K S^-1 K for a skew K, and sym(S + K) = S
      const result = await seigh(A, options.method === 'krylov' ? 10 : 5, { ...options, kernels, seed, rank: 5 });
      const exact = jacobi({ rows: n, cols: n, data: symmetric }).values.filter((value) => Math.abs(value) > 1e-3);
      for (const [i, value] of Array.from(result.eigenvalues)
        .sort((a, b) => a - b)
        .entries()) {
        expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-3 * SKEW);
      }
      const dense = await toDense(result);
      for (const [at, value] of dense.data.entries())
        expect(Math.abs(value - symmetric[at]!)).toBeLessThan(1e-3 * SKEW);
    }
  }
});

test('hmt: the values are those of a symmetric core, and the asymmetry is reported', async () => {
  for (const kernels of ['js', 'wasm'] as const) {
    const { symmetric, asymmetric } = matrices(4);
    const A = { ...denseOperator(asymmetric, [n, n]), selfAdjoint: true };
    const result = await seigh(A, 8, { kernels, seed: 1, rank: 5 });
    const exact = jacobi({ rows: n, cols: n, data: symmetric }).values.filter((value) => Math.abs(value) > 1e-3);
    // half of the core is measured and stands for both: the skew part comes in once, and no more
    for (const [i, value] of Array.from(result.eigenvalues)
      .sort((a, b) => a - b)
      .entries()) {
      expect(Math.abs(value - exact[i]!)).toBeLessThan(10 * SKEW);
    }
    let square = 0;
    let difference = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        square += asymmetric[i * n + j]! ** 2;
        difference += (asymmetric[i * n + j]! - asymmetric[j * n + i]!) ** 2;
      }
    }
    // on a basis that holds the whole range, the core has the norms of A itself
    expect(result.coreAsymmetry! / Math.sqrt(difference / square)).toBeCloseTo(1, 6);
  }
});

test.each(['js', 'wasm'] as const)(
  'hmt: the half of a core of 80 columns that is not computed, by the %s kernels',
  async (kernels) => {
    const values = Float64Array.from({ length: 80 }, (_, i) => (i % 3 === 1 ? -1 : 1) / (i + 1));
    const { eigenvalues } = await seigh(operatorWithSpectrum(values, { seed: 1 }), 80, { kernels, seed: 2 });
    for (const [i, value] of eigenvalues.entries()) expect(Math.abs(value - values[i]!)).toBeLessThan(1e-13);
  },
);
