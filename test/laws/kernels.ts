/** What every dense kernel provider must do, as tests over a provider factory. */
import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import { type Kernels, SUMMED_ROWS } from '../../src/linalg/kernels/provider.ts';
import { mirrorUpper } from '../../src/linalg/small.ts';
import { describe, expect, test } from '../support/jest.ts';
import {
  distance,
  frobenius,
  identity,
  inverseOfUpper,
  multiply,
  randomBlock,
  transposed,
} from '../support/matrices.ts';

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

/** Upper triangular as pivoted Cholesky factors are: rows of falling size, entries beside the diagonal as large as it. */
function graded(k: number, decay: number): Matrix {
  const R = asMatrix(randomBlock(k, k, 9));
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) R.data[i * k + j]! *= i < j ? 0.5 * 10 ** (-decay * i) : 0;
    R.data[i * k + i] = 10 ** (-decay * i);
  }
  return R;
}

/** ||Q R - X||_F beside || |Q| |R| ||_F, in float64: what substitution keeps small. */
function relativeResidual(Q: Block, R: Matrix, X: Block): number {
  const absolute = (block: Block): Block => ({ ...block, data: block.data.map(Math.abs) });
  return distance(multiply(Q, R), X) / frobenius(multiply(absolute(Q), absolute(R)));
}

/** A triple loop in which every operation is rounded to float32. */
function float32Product(A: Block, B: Block): Block {
  const C = zeros(A.rows, B.cols, 'float32');
  for (let i = 0; i < A.rows; i++) {
    for (let d = 0; d < A.cols; d++) {
      for (let j = 0; j < B.cols; j++)
        C.data[i * B.cols + j]! += Math.fround(A.data[i * A.cols + d]! * B.data[d * B.cols + j]!);
    }
  }
  return C;
}

/** The laws. */
export function kernelLaws(name: string, load: () => Promise<Kernels>): void {
  describe(`kernel provider ${name}`, () => {
    test.each([...sizes, [5001, 33, 1], [5001, 1, 1], [5001, 6, 3], [40, 5, 9]] as const)(
      'addGram adds X^T Y, and subtract takes X C away (p = %i, k = %i, l = %i)',
      async (p, k, l) => {
        const kernels = await load();
        for (const [dtype, u] of [
          ['float64', 2 ** -53],
          ['float32', 2 ** -24],
        ] as const) {
          const [X, Y] = [randomBlock(p, k, 1, dtype), randomBlock(p, l, 2, dtype)];
          // sums of terms of either sign: their errors add up like a random walk
          const rounding = (A: Block, B: Block): number => u * Math.sqrt(p) * frobenius(A) * frobenius(B);
          const G = zeroMatrix(k, l);
          G.data.fill(0.5);
          await kernels.addGram(X, Y, G);
          const expected = multiply(transposed(X), Y);
          for (let at = 0; at < expected.data.length; at++) expected.data[at]! += 0.5;
          expect(distance(expected, G)).toBeLessThanOrEqual(rounding(X, Y));
          const S = zeroMatrix(k, k);
          await kernels.addGram(X, X, S);
          // only the upper triangle is meant
          mirrorUpper(S);
          expect(distance(multiply(transposed(X), X), S)).toBeLessThanOrEqual(rounding(X, X));
          // a sum that is known to be symmetric, although the panels are two
          const T = zeroMatrix(k, k);
          await kernels.addGram(X, { ...X, data: X.data.slice() }, T, true);
          expect(distance(S, mirrorUpper(T))).toBeLessThanOrEqual(2 * rounding(X, X));

          const C = asMatrix(randomBlock(k, l, 4));
          const Z = randomBlock(p, l, 5, dtype);
          const left = multiply(X, C);
          for (let at = 0; at < left.data.length; at++) left.data[at] = Z.data[at]! - left.data[at]!;
          const size = frobenius(Z) + frobenius(X) * frobenius(C);
          await kernels.subtract(X, C, Z);
          expect(distance(left, Z)).toBeLessThanOrEqual(4 * u * (k + 1) * size);

          // the same of columns that lie one after the other
          const V = asDType(transposed(X), dtype);
          const overlap = zeroMatrix(k, l);
          overlap.data.fill(0.5);
          await kernels.addOverlap(V, Y, overlap);
          expect(distance(expected, overlap)).toBeLessThanOrEqual(rounding(X, Y));
          const W = randomBlock(p, l, 5, dtype);
          await kernels.subtractColumns(V, C, W);
          expect(distance(left, W)).toBeLessThanOrEqual(4 * u * (k + 1) * size);
        }
      },
    );

    test.each([1, 3, 12])('float32 sums of addGram go on in float64 (%i columns)', async (cols) => {
      const kernels = await load();
      const rows = 20_001;
      const [X, Y] = [zeros(rows, cols, 'float32'), zeros(rows, cols, 'float32')];
      X.data.fill(1);
      Y.data.fill(1).fill(2 ** 25, 0, cols);
      const [G, S] = [zeroMatrix(cols, cols), zeroMatrix(cols, cols)];
      await kernels.addGram(X, Y, G);
      // X is ones, in either order
      await kernels.addOverlap({ ...X, rows: cols, cols: rows }, Y, S);
      // beside 2^25 a float32 sum cannot count: no more than the rows of one part may be lost
      for (const sum of [...G.data, ...S.data])
        expect(Math.abs(sum - (2 ** 25 + rows - 1))).toBeLessThanOrEqual(SUMMED_ROWS);
    });

    test('addGram of blocks of two element types is the float64 sum', async () => {
      const kernels = await load();
      for (const cols of [1, 12]) {
        const [X, Y] = [randomBlock(300, 3, 1, 'float32'), randomBlock(300, cols, 2, 'float64')];
        for (const [left, right] of [
          [X, Y],
          [Y, X],
        ] as const) {
          const G = zeroMatrix(left.cols, right.cols);
          await kernels.addGram(left, right, G);
          expect(distance(multiply(transposed(left), right), G)).toBeLessThan(1e-11);
        }
      }
    });

    test.each([
      [1, 1],
      [7, 5],
      [40, 33],
      [300, 70],
      [65, 200],
    ] as const)('solve is X R^-1 with the residual of a substitution (p = %i, k = %i)', async (p, k) => {
      const kernels = await load();
      for (const [dtype, u] of [
        ['float64', 2 ** -53],
        ['float32', 2 ** -24],
      ] as const) {
        for (const decay of [0, 0.04]) {
          const R = asMatrix(asDType(graded(k, decay), dtype));
          // columns of like sizes before the product, so that X is what is orthonormalised: columns that nearly depend
          const X = asDType(multiply(randomBlock(p, k, 3), R), dtype);
          const Q = { ...X, data: X.data.slice() };
          await kernels.solve(Q, { ...R, data: Float64Array.from(R.data) });
          expect(relativeResidual(Q, R, X)).toBeLessThan(4 * u);
        }
      }
    });

    test('a solution keeps the residual that a product with the inverse loses', async () => {
      const kernels = await load();
      const [p, k] = [50, 160];
      const R = asDType(graded(k, 0.04), 'float32');
      const X = asDType(multiply(randomBlock(p, k, 3), R), 'float32');
      const wide: Matrix = { ...R, data: Float64Array.from(R.data) };
      const Q = { ...X, data: X.data.slice() };
      await kernels.solve(Q, wide);
      const byInverse = float32Product(X, asDType(inverseOfUpper(wide), 'float32'));
      expect(relativeResidual(byInverse, wide, X)).toBeGreaterThan(20 * relativeResidual(Q, wide, X));
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
