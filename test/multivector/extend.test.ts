/** Growing a basis: new directions are orthonormal and orthogonal to the old ones, and nothing of the columns is lost. */
import { type Block, type Matrix, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { type Extension, extendBasis, extendFactor, extendInverse } from '../../src/multivector/extend.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { describe, expect, test } from '../support/jest.ts';
import {
  distance,
  frobenius,
  identity,
  inverseOfUpper,
  multiply,
  orthonormalityDefect,
  randomBlock,
  transposed,
} from '../support/matrices.ts';

const n = 120;
const context = { kernels: await selectKernels() };
const u = { float64: 2 ** -53, float32: 2 ** -24 };

/** Sums and products of blocks in float64. */
const plus = (A: Block, B: Block): Block => ({
  ...A,
  data: Float64Array.from(A.data, (value, at) => value + B.data[at]!),
});
const scaled = (A: Block, factor: number): Block => ({
  ...A,
  data: Float64Array.from(A.data, (value) => factor * value),
});
const beside = (A: Block, B: Block): Block => {
  const both = zeros(A.rows, A.cols + B.cols, 'float64');
  for (let i = 0; i < A.rows; i++) {
    both.data.set(A.data.subarray(i * A.cols, (i + 1) * A.cols), i * both.cols);
    both.data.set(B.data.subarray(i * B.cols, (i + 1) * B.cols), i * both.cols + A.cols);
  }
  return both;
};

/** An orthonormal basis in two parts, and both side by side. */
async function basisOf(dtype: DType): Promise<{ Q: Multivector[]; whole: Block }> {
  const { basis } = await orthonormalise(
    await multivectorOf(randomBlock(n, 7, 1), dtype),
    hostSpace(n, dtype),
    context,
  );
  const parts = [
    await multivectorOf(await basis.readColumns(0, 4), dtype),
    await multivectorOf(await basis.readColumns(4, 7), dtype),
  ];
  return { Q: parts, whole: await basis.toBlock() };
}

async function extend(Y: Block, dtype: DType, expected?: Matrix): Promise<Extension & { whole: Block; basis: Block }> {
  const { Q, whole } = await basisOf(dtype);
  const extension = await extendBasis(Q, await multivectorOf(Y, dtype), hostSpace(n, dtype), context, expected);
  return { ...extension, whole, basis: await extension.added.basis.toBlock() };
}

describe.each(['float64', 'float32'] as const)('%s', (dtype) => {
  // columns outside of the span, in it, and of very different lengths
  const outside = randomBlock(n, 4, 2);
  const coefficients = randomBlock(7, 4, 3);
  const lengths = (sizes: number[]): Block => ({
    ...outside,
    data: outside.data.map((value, at) => value * sizes[at % 4]!),
  });
  const small = dtype === 'float64' ? 1e-9 : 1e-4;
  test.each<[string, Block, number, boolean]>([
    ['columns of one size', outside, 0, false],
    ['columns that lie mostly in the span', scaled(outside, small), 1, false],
    ['columns of different sizes', lengths([1, small, 1, small]), 1, false],
    ['two directions twice', multiply(randomBlock(n, 2, 5), randomBlock(2, 4, 6)), 1, false],
    ['columns in the span', scaled(outside, 0), 1, true],
  ])('%s', async (_, part, inSpan, exhausted) => {
    const { whole: span } = await basisOf(dtype);
    const Y = plus(part, scaled(multiply(span, coefficients), inSpan));
    for (const expected of [undefined, coefficients as Matrix]) {
      const { added, coupling, exhausted: found, whole, basis } = await extend(Y, dtype, expected);
      const size = frobenius(Y);
      const R = await added.R();
      const rebuilt = plus(multiply(whole, coupling), multiply(basis, R));
      expect(distance(rebuilt, Y)).toBeLessThan(200 * u[dtype] * size);
      expect(found).toBe(exhausted);
      if (exhausted) continue;
      expect(await orthonormalityDefect(added.basis)).toBeLessThan(200 * u[dtype]);
      expect(frobenius(multiply(transposed(whole), basis))).toBeLessThan(16 * u[dtype] * Math.sqrt(basis.cols));
      expect(distance(coupling, multiply(transposed(whole), Y))).toBeLessThan(200 * u[dtype] * size);
      expect(added.dropped).toBe(4 - basis.cols);
      // Y - Q coupling = basis R, and basis = (Y - Q coupling) T
      const T = await added.T();
      expect([R.rows, R.cols, T.rows, T.cols]).toEqual([basis.cols, 4, 4, basis.cols]);
      expect(distance(multiply(R, T), identity(basis.cols))).toBeLessThan(
        (1e4 * u[dtype]) / (part === outside ? 1 : small),
      );
    }
  });
});

test('without a basis to begin with, columns are orthonormalised', async () => {
  for (const [Y, cols] of [
    [randomBlock(n, 3, 1), 3],
    [zeros(n, 3, 'float64'), 0],
  ] as const) {
    const space = hostSpace(n, 'float64');
    const { added, coupling, exhausted } = await extendBasis([], await multivectorOf(Y, 'float64'), space, context);
    expect([added.basis.cols, exhausted, coupling.rows, coupling.cols]).toEqual([cols, cols === 0, 0, 3]);
    expect(distance(multiply(await added.basis.toBlock(), await added.R()), Y)).toBeLessThan(1e-13);
  }
});

test.each([1e-150, 1e-9, 1e9])('columns in the span exhaust it whatever their size: %d', async (size) => {
  const { whole } = await basisOf('float64');
  const inside = scaled(multiply(whole, randomBlock(7, 4, 3)), size);
  const beyond = plus(inside, scaled(randomBlock(n, 4, 2), size / 1e3));
  expect((await extend(inside, 'float64')).exhausted).toBe(true);
  expect((await extend(beyond, 'float64')).exhausted).toBe(false);
});

test('the factor of blocks and its inverse', async () => {
  const upper = (k: number, seed: number): Matrix => {
    const R = randomBlock(k, k, seed) as Matrix;
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) R.data[i * k + j] = i > j ? 0 : R.data[i * k + j]! + (i === j ? 3 : 0);
    return R;
  };
  const [R1, R2] = [upper(3, 1), upper(2, 2)];
  const coupling = randomBlock(3, 2, 3) as Matrix;
  const T = await extendInverse(inverseOfUpper(R1), coupling, inverseOfUpper(R2), context);
  const R = extendFactor(R1, coupling, R2);
  const top = beside(R1, coupling);
  const bottom = beside(zeros(2, 3, 'float64'), R2);
  expect(R).toEqual({ rows: 5, cols: 5, data: Float64Array.of(...top.data, ...bottom.data) });
  const none = zeros(0, 0, 'float64') as Matrix;
  expect(await extendInverse(none, zeros(0, 2, 'float64') as Matrix, inverseOfUpper(R2), context)).toEqual(
    inverseOfUpper(R2),
  );
  expect(distance(multiply(T, R), identity(5))).toBeLessThan(1e-14);
  expect(distance(multiply(R, T), identity(5))).toBeLessThan(1e-14);
});
