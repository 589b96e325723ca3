/** What orthonormalisation must do wherever its blocks live, as tests over a space factory. */
import { type Block, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import type { Kernels } from '../../src/linalg/kernels/provider.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { type Orthonormalised, orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, orthonormalityDefect, randomBlock } from '../support/matrices.ts';
import { multivectorIn, type SpaceFactory } from './multivector.ts';

/** n x k with singular values `values`, up to the conditioning of random factors. */
function withScales(n: number, values: readonly number[], seed: number, dtype: DType): Block {
  const k = values.length;
  const left = randomBlock(n, k, seed);
  for (let i = 0; i < n; i++) for (let j = 0; j < k; j++) left.data[i * k + j]! *= values[j]!;
  const product = multiply(left, randomBlock(k, k, seed + 1));
  const Y = zeros(n, k, dtype);
  Y.data.set(product.data);
  return Y;
}

const cases: [DType, number, number][] = [
  ['float64', 1e-13, 1e-13],
  ['float32', 1e-5, 1e-5],
];

export function orthonormaliseLaws(name: string, makeSpace: SpaceFactory): void {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await selectKernels();
  });
  const run = async (Y: Block, dtype: DType): Promise<Orthonormalised> =>
    orthonormalise(await multivectorIn(makeSpace, Y, dtype), makeSpace(Y.rows, dtype), { kernels });

  describe(`orthonormalisation: ${name}`, () => {
    describe.each(cases)('%s: orthonormal to %d, and Y = Q R to %d', (dtype, defect, fit) => {
      const spectra: [string, number[]][] = [
        ['well conditioned', new Array(40).fill(1)],
        ['one column', [3]],
        ['decaying by 10^-6', Array.from({ length: 25 }, (_, i) => 10 ** (-i / 4))],
        ['decaying by 10^-14', Array.from({ length: 29 }, (_, i) => 10 ** (-i / 2))],
        ['tiny', new Array(12).fill(1e-12)],
        ['huge', new Array(12).fill(1e12)],
        ['rank 6 of 20', [...new Array(6).fill(1), ...new Array(14).fill(0)]],
        ['rank 1 of 9', [1, ...new Array(8).fill(0)]],
      ];
      test.each(spectra)('%s', async (_, values) => {
        for (const seed of [1, 2, 3]) {
          const Y = withScales(150, values, 10 * seed, dtype);
          const { basis, R, dropped, defect: measured } = await run(Y, dtype);
          expect(await orthonormalityDefect(basis)).toBeLessThan(defect);
          expect(measured).toBeLessThan(defect);
          expect(basis.cols + dropped).toBe(values.length);
          expect(distance(multiply(await basis.toBlock(), await R()), Y)).toBeLessThan(fit * frobenius(Y));
        }
      });

      test('T makes the basis: Q = Y T, rows in the order of the columns of Y', async () => {
        for (const values of [
          [5, 1, 4, 2, 3, 0.5],
          [1, 1, 1, 0, 0, 0],
        ]) {
          const Y = withScales(80, values, 7, dtype);
          const { basis, T } = await run(Y, dtype);
          expect(distance(multiply(Y, await T()), await basis.toBlock())).toBeLessThan(1000 * defect);
        }
      });

      test('exact rank is found', async () => {
        for (const rank of [1, 5, 17]) {
          const values = Array.from({ length: 30 }, (_, i) => (i < rank ? 1 : 0));
          const { basis } = await run(withScales(200, values, rank, dtype), dtype);
          expect(basis.cols).toBe(rank);
        }
      });
    });

    test('a column whose squares have few digits is divided by its length', async () => {
      for (const size of [1e-156, 1e-160]) {
        const Y = randomBlock(40, 1, 3);
        for (let i = 0; i < 40; i++) Y.data[i]! *= size;
        const { basis, T, ...factor } = await run(Y, 'float64');
        const R = await factor.R();
        expect(await orthonormalityDefect(basis)).toBeLessThan(1e-14);
        expect(R.data[0]! / (frobenius(randomBlock(40, 1, 3)) * size)).toBeCloseTo(1, 12);
        expect(R.data[0]! * (await T()).data[0]!).toBeCloseTo(1, 12);
      }
    });

    test('a zero block has rank 0', async () => {
      const { basis, dropped } = await run(zeros(30, 4, 'float64'), 'float64');
      expect([basis.cols, dropped]).toEqual([0, 4]);
    });

    test('the input is left as it was, and a square block works', async () => {
      const Y = randomBlock(24, 24, 9);
      const input = await multivectorIn(makeSpace, Y, 'float64');
      const { basis } = await orthonormalise(input, makeSpace(24, 'float64'), { kernels });
      expect(distance(await input.toBlock(), Y)).toBe(0);
      expect(await orthonormalityDefect(basis)).toBeLessThan(1e-13);
    });
  });
}
