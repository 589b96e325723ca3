/** What every dense kernel provider must do, as tests over a provider factory. */
import { describe, expect, test } from '@jest/globals';
import { type Block, type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import type { Kernels } from '../../src/linalg/kernels/provider.ts';
import { mirrorUpper } from '../../src/linalg/small.ts';
import { distance, frobenius, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';

const asMatrix = (block: Block): Matrix => block as Matrix;
const sizes = [
  [1, 1, 1],
  [3, 2, 5],
  [64, 4, 2],
  [65, 7, 9],
  [300, 33, 17],
  [513, 70, 41],
] as const;

function symmetric(values: ArrayLike<number>, seed: number): Matrix {
  // a product of Householder reflections: exactly known eigenvalues up to rounding
  const n = values.length;
  let A: Block = zeroMatrix(n, n);
  for (let i = 0; i < n; i++) A.data[i * n + i] = values[i]!;
  for (let h = 0; h < 3; h++) {
    const v = randomBlock(n, 1, seed + h);
    const scale = 2 / frobenius(v) ** 2;
    const H = identity(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) H.data[i * n + j]! -= scale * v.data[i]! * v.data[j]!;
    A = multiply(multiply(H, A), H);
  }
  return asMatrix(A);
}

/** The laws. `float32Sums`: products of two float32 panels are added up in float32, part by part. */
export function kernelLaws(
  name: string,
  load: () => Promise<Kernels>,
  { float32Sums = false }: { float32Sums?: boolean } = {},
): void {
  describe(`kernel provider ${name}`, () => {
    test.each(sizes)('addGram adds X^T Y in float64 (p = %i, k = %i, l = %i)', async (p, k, l) => {
      const kernels = await load();
      for (const dtype of ['float64', 'float32'] as const) {
        const X = randomBlock(p, k, 1, dtype);
        const Y = randomBlock(p, l, 2, dtype);
        const G = zeroMatrix(k, l);
        G.data.fill(0.5);
        await kernels.addGram(X, Y, G);
        const expected = multiply(transposed(X), Y);
        for (let at = 0; at < expected.data.length; at++) expected.data[at]! += 0.5;
        const bound =
          float32Sums && dtype === 'float32'
            ? 2 ** -24 * Math.sqrt(p) * frobenius(X) * frobenius(Y)
            : 1e-14 * p * frobenius(expected);
        expect(distance(expected, G)).toBeLessThanOrEqual(bound);
        const S = zeroMatrix(k, k);
        await kernels.addGram(X, X, S);
        // only the upper triangle is meant
        mirrorUpper(S);
        expect(distance(multiply(transposed(X), X), S)).toBeLessThanOrEqual(1e-14 * p * frobenius(S));
        // a sum that is known to be symmetric, although the panels are two
        const twin = { ...X, data: X.data.slice() };
        const T = zeroMatrix(k, k);
        await kernels.addGram(X, twin, T, true);
        const twinBound =
          float32Sums && dtype === 'float32' ? 2 ** -24 * Math.sqrt(p) * frobenius(X) ** 2 : 1e-14 * p * frobenius(S);
        expect(distance(S, mirrorUpper(T))).toBeLessThanOrEqual(twinBound);
      }
    });

    test.each([...sizes, [5001, 33, 1], [5001, 1, 1], [5001, 6, 3], [40, 5, 9]] as const)(
      'addOverlap adds V^T X, and subtract takes X C away (p = %i, k = %i, l = %i)',
      async (p, k, l) => {
        const kernels = await load();
        for (const [dtype, u] of [
          ['float64', 2 ** -53],
          ['float32', 2 ** -24],
        ] as const) {
          const [V, X] = [randomBlock(p, k, 1, dtype), randomBlock(p, l, 2, dtype)];
          const S = zeroMatrix(k, l);
          S.data.fill(0.5);
          await kernels.addOverlap(V, X, S);
          const expected = multiply(transposed(V), X);
          for (let at = 0; at < expected.data.length; at++) expected.data[at]! += 0.5;
          // no more than rounding every number of V once would do
          const rounding = u * (Math.sqrt(k * l) + frobenius(V) * frobenius(X) * (dtype === 'float32' ? 1 : p));
          expect(distance(expected, S)).toBeLessThanOrEqual(rounding);

          const C = asMatrix(randomBlock(k, l, 4));
          const Z = randomBlock(p, l, 5, dtype);
          const left = multiply(V, C);
          for (let at = 0; at < left.data.length; at++) left.data[at] = Z.data[at]! - left.data[at]!;
          const size = frobenius(Z) + frobenius(V) * frobenius(C);
          await kernels.subtract(V, C, Z);
          expect(distance(left, Z)).toBeLessThanOrEqual(4 * u * (k + 1) * size);
        }
      },
    );

    test('addGram of float32 data loses nothing that float64 holds', async () => {
      const kernels = await load();
      const X = zeros(4096, 2, 'float32');
      // 1 + 2^-12 squares to 1 + 2^-11 + 2^-24: exact in float64, not in float32
      X.data.fill(1 + 2 ** -12);
      const G = zeroMatrix(2, 2);
      await kernels.addGram(X, X, G);
      expect(G.data[0]).toBe(4096 * (1 + 2 ** -12) ** 2);
      expect(G.data[1]).toBe(4096 * (1 + 2 ** -12) ** 2);
    });

    test.each(sizes)('times is X C (p = %i, k = %i, l = %i)', async (p, k, l) => {
      const kernels = await load();
      for (const [dtype, u] of [
        ['float64', 2 ** -53],
        ['float32', 2 ** -24],
      ] as const) {
        const X = randomBlock(p, k, 3, dtype);
        const C = asMatrix(randomBlock(k, l, 4));
        const out = zeros(p, l, dtype);
        out.data.fill(7);
        await kernels.times(X, C, out);
        const expected = multiply(X, C);
        expect(distance(expected, out)).toBeLessThanOrEqual(4 * u * (k + 1) * frobenius(X) * frobenius(C));
      }
    });

    test('times with an upper triangular C gives the same', async () => {
      const kernels = await load();
      for (const dtype of ['float64', 'float32'] as const) {
        const X = randomBlock(90, 601, 3, dtype);
        const C = asMatrix(randomBlock(601, 601, 4));
        for (let i = 0; i < 601; i++) C.data.fill(0, i * 601, i * 601 + i);
        const out = zeros(90, 601, dtype);
        out.data.fill(7);
        await kernels.times(X, C, out, true);
        const expected = multiply(X, C);
        expect(distance(expected, out)).toBeLessThan((dtype === 'float64' ? 1e-14 : 1e-6) * frobenius(expected));
      }
    });

    test('gemm honours both transposes', async () => {
      const kernels = await load();
      const A = asMatrix(randomBlock(7, 5, 5));
      const B = asMatrix(randomBlock(5, 6, 6));
      const expected = multiply(A, B);
      const [At, Bt] = [asMatrix(transposed(A)), asMatrix(transposed(B))];
      for (const C of [
        await kernels.gemm(A, B),
        await kernels.gemm(At, B, { transA: true }),
        await kernels.gemm(A, Bt, { transB: true }),
        await kernels.gemm(At, Bt, { transA: true, transB: true }),
      ]) {
        expect(distance(expected, C)).toBeLessThan(1e-14);
      }
    });

    const spectra: [string, ArrayLike<number>][] = [
      ['one number', [3]],
      ['two equal', [2, 2]],
      ['zero', new Float64Array(6)],
      ['identity', new Float64Array(9).fill(1)],
      ['rank one', [5, ...new Array(20).fill(0)]],
      ['graded', Array.from({ length: 16 }, (_, i) => 10 ** -i)],
      ['plus-minus pairs', Array.from({ length: 40 }, (_, i) => (i % 2 ? -1 : 1) * (1 + Math.floor(i / 2)))],
      ['clusters', Array.from({ length: 60 }, (_, i) => Math.floor(i / 12) + 1e-13 * i)],
    ];
    test.each(spectra)('eigh: %s', async (_, values) => {
      const kernels = await load();
      const n = values.length;
      const A = symmetric(values, 8);
      const result = await kernels.eigh(A);
      const exact = Array.from(values).sort((a, b) => a - b);
      const size = Math.max(...exact.map(Math.abs));
      expect(result.vectors.rows).toBe(n);
      for (const [i, value] of exact.entries()) {
        expect(Math.abs(result.values[i]! - value)).toBeLessThanOrEqual(1e-14 * (n + 5) * size);
      }
      const AV = multiply(A, result.vectors);
      const VW = { ...result.vectors, data: result.vectors.data.map((v, at) => v * result.values[at % n]!) };
      expect(distance(AV, VW)).toBeLessThanOrEqual(2e-14 * (n + 5) * size);
      expect(distance(multiply(transposed(result.vectors), result.vectors), identity(n))).toBeLessThan(1e-14 * (n + 5));
    });

    test('eigh of the second difference matrix: 2 - 2 cos(j pi / (n + 1))', async () => {
      const kernels = await load();
      const n = 101;
      const A = zeroMatrix(n, n);
      for (let i = 0; i < n; i++) {
        A.data[i * n + i] = 2;
        if (i > 0) A.data[i * n + i - 1] = A.data[(i - 1) * n + i] = -1;
      }
      const { values } = await kernels.eigh(A);
      for (let j = 1; j <= n; j++) expect(values[j - 1]).toBeCloseTo(2 - 2 * Math.cos((j * Math.PI) / (n + 1)), 12);
    });

    test('eigh refuses NaN and infinity, and takes the empty matrix', async () => {
      const kernels = await load();
      const bad: Matrix = { rows: 2, cols: 2, data: Float64Array.of(1, Number.NaN, Number.NaN, 1) };
      await expect(kernels.eigh(bad)).rejects.toThrow(/non-finite/);
      bad.data.fill(Number.POSITIVE_INFINITY);
      await expect(kernels.eigh(bad)).rejects.toThrow(/non-finite/);
      expect((await kernels.eigh(zeroMatrix(0, 0))).values).toHaveLength(0);
    });
  });
}
