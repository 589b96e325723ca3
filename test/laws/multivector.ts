/** What every implementation of the tall block must do, as tests over a space factory. */
import { type Block, type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import type { Multivector, Space } from '../../src/multivector/multivector.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { projectOut } from '../../src/multivector/project.ts';
import {
  columnNorms,
  concatenate,
  gram,
  leadingColumns,
  solve,
  subtractTimes,
  times,
} from '../../src/multivector/verbs.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';

/** Where multivectors of a height and type are made. */
export type SpaceFactory = (rows: number, dtype: DType) => Space;

/** A multivector in such a space with a copy of a block's values. */
export async function multivectorIn(makeSpace: SpaceFactory, block: Block, dtype: DType): Promise<Multivector> {
  const out = await makeSpace(block.rows, dtype).allocate(block.cols);
  await out.writeColumns(0, block);
  return out;
}

const X = randomBlock(90, 11, 1);
const Y = randomBlock(90, 6, 2);
const C = { ...randomBlock(11, 6, 3), data: new Float64Array(randomBlock(11, 6, 3).data) };

export function multivectorLaws(name: string, makeSpace: SpaceFactory): void {
  const multivectorOf = (block: Block, dtype: DType): Promise<Multivector> => multivectorIn(makeSpace, block, dtype);
  describe(`multivectors: ${name}`, () => {
    const context = { kernels: undefined as unknown as Awaited<ReturnType<typeof selectKernels>> };
    beforeAll(async () => {
      context.kernels = await selectKernels();
    });

    test('columns and rows go in and come out unchanged', async () => {
      const M = await multivectorOf(X, 'float64');
      expect(distance(await M.toBlock(), X)).toBe(0);
      for (const [start, end] of [
        [0, 11],
        [2, 9],
        [4, 8],
        [10, 11],
      ] as const) {
        const part = await M.readColumns(start, end);
        for (let i = 0; i < 90; i++) {
          for (let j = start; j < end; j++) expect(part.data[i * part.cols + j - start]).toBe(X.data[i * 11 + j]);
        }
      }
      expect(Array.from((await M.readRows(30, 20)).data)).toEqual(Array.from(X.data.subarray(30 * 11, 50 * 11)));
      const panel = zeros(20, 11, 'float64');
      panel.data.fill(1);
      await M.writeRows(30, panel);
      expect((await M.toBlock()).data.subarray(30 * 11, 50 * 11).every((value) => value === 1)).toBe(true);
      await M.writeColumns(3, randomBlock(90, 5, 8));
      expect((await M.readColumns(7, 8)).data[0]).toBe(randomBlock(90, 5, 8).data[4]);
    });

    test('verbs agree with a triple loop', async () => {
      const [A, B] = [await multivectorOf(X, 'float64'), await multivectorOf(Y, 'float64')];
      expect(distance(multiply(transposed(X), Y), await gram(A, B, context))).toBeLessThan(1e-13);
      expect(distance(multiply(transposed(X), X), await gram(A, A, context))).toBeLessThan(1e-13);
      const copy = await multivectorOf(X, 'float64');
      expect(distance(multiply(transposed(X), X), await gram(A, copy, context, { symmetric: true }))).toBeLessThan(
        1e-13,
      );
      const out = await makeSpace(90, 'float64').allocate(6);
      const XC = multiply(X, C);
      expect(distance(XC, await (await times(A, C, out, context)).toBlock())).toBeLessThan(1e-12);
      await subtractTimes(B, A, C, context);
      const left = await B.toBlock();
      for (let at = 0; at < left.data.length; at++) expect(left.data[at]).toBeCloseTo(Y.data[at]! - XC.data[at]!, 12);
    });

    test('solve with columns in another order, in float64 for float32 data and in place', async () => {
      const order = Int32Array.of(10, 3, 7);
      const R = { rows: 3, cols: 3, data: Float64Array.of(2, 1, -1, 0, 3, 0.5, 0, 0, 0.25) };
      const chosen = { rows: 90, cols: 3, data: new Float64Array(270) };
      for (let i = 0; i < 90; i++)
        for (const [j, from] of order.entries()) chosen.data[i * 3 + j] = X.data[i * 11 + from]!;
      for (const wide of [true, false]) {
        const out = await makeSpace(90, 'float32').allocate(3);
        await solve(await multivectorOf(X, 'float32'), R, out, context, { wide, order });
        expect(distance(multiply(await out.toBlock(), R), chosen)).toBeLessThan(1e-5);
        const before = await out.toBlock();
        await solve(out, R, out, context, { wide });
        expect(distance(multiply(await out.toBlock(), R), before)).toBeLessThan(1e-5);
      }
    });

    test('times may write onto its own operand', async () => {
      const square = { ...randomBlock(11, 11, 4), data: new Float64Array(randomBlock(11, 11, 4).data) };
      const A = await multivectorOf(X, 'float64');
      await times(A, square, A, context);
      expect(distance(multiply(X, square), await A.toBlock())).toBeLessThan(1e-12);
    });

    test('norms are those of the columns', async () => {
      const A = await multivectorOf(X, 'float64');
      const norms = await columnNorms(A, context);
      expect(Math.hypot(...norms)).toBeCloseTo(frobenius(X), 12);
    });

    test('concatenate puts blocks side by side; operands of different height are refused', async () => {
      const [A, B] = [await multivectorOf(X, 'float64'), await multivectorOf(Y, 'float64')];
      const both = await concatenate([A, B], await makeSpace(90, 'float64').allocate(17));
      expect((await both.readColumns(11, 17)).data[5]).toBe(Y.data[5]);
      const other = await multivectorOf(randomBlock(3, 2, 1), 'float64');
      await expect(gram(A, other, context)).rejects.toThrow('gram: the operands have 90 and 3 rows');
    });

    test('the leading columns come alone', async () => {
      const A = await multivectorOf(X, 'float64');
      const part = await leadingColumns(A, 4, await makeSpace(90, 'float64').allocate(4));
      expect(distance(await part.toBlock(), await A.readColumns(0, 4))).toBe(0);
    });

    test('a block of another type is converted', async () => {
      const A = await multivectorOf(randomBlock(90, 11, 1, 'float32'), 'float64');
      await A.writeColumns(2, randomBlock(90, 5, 3, 'float32'));
      expect((await A.readColumns(2, 7)).data).toEqual(new Float64Array(randomBlock(90, 5, 3, 'float32').data));
    });

    test('projectOut leaves nothing in the span, however little is left, and says what it took', async () => {
      for (const dtype of ['float64', 'float32'] as const) {
        const space = makeSpace(90, dtype);
        const { basis: V } = await orthonormalise(await multivectorOf(randomBlock(90, 7, 4), dtype), space, context);
        const parts = [await space.allocate(4), await space.allocate(3)];
        await parts[0]!.writeColumns(0, await V.readColumns(0, 4));
        await parts[1]!.writeColumns(0, await V.readColumns(4, 7));
        const coefficients = randomBlock(7, 3, 5);
        const inSpan = multiply(await V.toBlock(), coefficients);
        const u = dtype === 'float64' ? 2 ** -53 : 2 ** -24;
        const wrong = zeroMatrix(7, 3);
        wrong.data.fill(2);
        // what is expected may be right, right for some parts only, or wrong
        const guesses = [undefined, coefficients as Matrix, { ...wrong, data: wrong.data.fill(0, 0, 12) }, wrong];
        for (const [guess, expected] of guesses.entries()) {
          // as much outside the span as inside, and a millionth of that
          for (const outside of [1, 1e-6]) {
            const data = inSpan.data.map((value, at) => value + outside * randomBlock(90, 3, 6).data[at]!);
            const left = await multivectorOf({ ...inSpan, data }, dtype);
            const other = await multivectorOf(randomBlock(90, 2, 8), dtype);
            const before = [await gram(V, left, context), await gram(V, other, context)];
            const options = expected ? { expected } : {};
            const taken = await projectOut([left, other], guess % 2 ? parts : [V], context, options);
            for (const [i, overlap] of before.entries()) {
              expect(distance(overlap, taken[i]!)).toBeLessThan(64 * u * (frobenius(overlap) + frobenius(wrong)));
            }
            expect(frobenius(await gram(V, other, context))).toBeLessThan(64 * u * frobenius(await other.toBlock()));
            const remaining = frobenius(await left.toBlock());
            expect(remaining).toBeGreaterThan(0.5 * outside);
            expect(frobenius(await gram(V, left, context))).toBeLessThan(64 * u * remaining);
          }
        }
      }
    });

    test('what a space has released is gone, what was kept is not', async () => {
      const scope = makeSpace(90, 'float64').scope();
      const [lost, kept] = [await scope.allocate(3), await scope.allocate(3)];
      await kept.writeColumns(0, randomBlock(90, 3, 7));
      await scope.close([kept]);
      expect(distance(await kept.toBlock(), randomBlock(90, 3, 7))).toBe(0);
      if (!lost.space.inMemory) await expect(lost.toBlock()).rejects.toThrow();
      await kept.space.release(kept);
      await kept.space.release(kept);
    });
  });
}
