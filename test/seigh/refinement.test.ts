/** `refine`: orthonormal vectors where the sketch leaves nothing to refine, and a certificate by its own law. */
import { truthOf } from '../../bench/support/truth.ts';
import { apost, diagonalOperator, seigh } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { orthonormalityDefect } from '../support/matrices.ts';

const spectra: [string, number[]][] = [
  ['identity', new Array(20).fill(1)],
  ['signs', Array.from({ length: 20 }, (_, i) => (i % 2 ? -1 : 1))],
  ['rank 10', Array.from({ length: 20 }, (_, i) => Math.max(0, 10 - i))],
  ['rank 3 of 60', Array.from({ length: 60 }, (_, i) => Math.max(0, 3 - i))],
  ['harmonic', Array.from({ length: 20 }, (_, i) => 1 / (i + 1))],
];

describe.each([
  ['float64', Float64Array, 1e-13],
  ['float32', Float32Array, 3e-6],
] as const)('%s', (_, T, tolerance) => {
  test.each(spectra)(
    '%s: at most n orthonormal vectors, A itself where it has no more than they span',
    async (_, d) => {
      const n = d.length;
      const values = Float64Array.from(T.from(d));
      for (const dims of [8, 11, 15, 20]) {
        for (let seed = 0; seed < 5; seed++) {
          const result = await seigh(diagonalOperator(T.from(d)), dims, { refine: true, seed });
          expect(result.rank).toBeLessThanOrEqual(n);
          expect(await orthonormalityDefect(result.eigenvectors)).toBeLessThan(tolerance);
          const { errorFrob, operatorFrob } = await truthOf(values, result);
          const rank = d.filter((value) => value !== 0).length;
          if (dims >= Math.min(n, rank)) expect(errorFrob).toBeLessThan(100 * tolerance * operatorFrob);
        }
      }
    },
  );
});

test('||A||^2 = ||A_2||^2 + ||A - A_2||^2: the interval of the error gives those of the norm and of the relative error', async () => {
  const values = Float64Array.from({ length: 300 }, (_, i) => (i % 3 === 2 ? -1 : 1) / (i + 1));
  const A = diagonalOperator(values);
  for (let seed = 0; seed < 5; seed++) {
    const result = await seigh(A, 20, { refine: true, seed });
    const cert = await apost(A, result, { tests: 10, confidence: 0.95, seed });
    const { errorFrob, operatorFrob } = await truthOf(values, result);
    const captured = result.eigenvalues.reduce((sum, value) => sum + value ** 2, 0);
    expect(captured + errorFrob ** 2).toBeCloseTo(operatorFrob ** 2, 12);
    for (const end of ['lower', 'estimate', 'upper'] as const) {
      const t = cert.errorFrob[end] ** 2;
      expect(cert.operatorFrob[end]).toBeCloseTo(Math.sqrt(captured + t), 9);
      expect(cert.relativeError[end]).toBeCloseTo(Math.sqrt(t / (captured + t)), 9);
    }
    expect(cert.events.map(({ name }) => name)).toEqual(['upper', 'lower']);
  }
  // pairs that were cut off are an error that is not orthogonal in this way: sampled as any other approximation
  const cut = await seigh(A, 20, { refine: true, rank: 10, seed: 1 });
  expect(cut.orthogonalError).toBeUndefined();
  expect((await apost(A, cut, { tests: 10 })).events).toHaveLength(6);
});
