import type { Block, Matrix } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import { unitRoundoff } from '../../src/core/dtype.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { mirrorUpper } from '../../src/linalg/small.ts';
import { afterAll, describe, expect, test } from '../support/jest.ts';
import { blockOf, distance, matrixOf, randomBlock, randomMatrix, uniform } from './wasm-cases.ts';

const wasm = await loadWasmKernels();
afterAll(() => wasm.close());

const addGram: (X: Block, Y: Block, G: Matrix, symmetric?: boolean) => Promise<void> = wasm.addGram;

const DTYPES: DType[] = ['float32', 'float64'];

/** Every combination that meets a tile's edge, whole tiles, one block and the next, and the team of threads. */
const SHAPES = [
  [1, 1, 1],
  [1, 5, 3],
  [7, 1, 2],
  [3, 4, 5],
  [4, 8, 4],
  [5, 9, 17],
  [63, 31, 65],
  [64, 64, 64],
  [70, 66, 259],
  [129, 130, 257],
  [200, 3, 600],
  [3, 700, 513],
] as const;

describe.each(DTYPES)('products of %s panels', (dtype) => {
  test.each(SHAPES)('times agrees with the reference for %i x %i, depth %i', async (m, n, depth) => {
    const X = randomBlock(m, depth, dtype, 1);
    const C = randomMatrix(depth, n, 2);
    const out = blockOf(m, n, dtype, () => 7);
    const expected = blockOf(m, n, dtype, () => 7);
    await wasm.times(X, C, out);
    await jsKernels.times(X, C, expected);
    expect(distance(out.data, expected.data)).toBeLessThan(4 * depth * unitRoundoff(dtype));
  });

  test.each(SHAPES)('addGram agrees with the reference for %i x %i, depth %i', async (m, n, depth) => {
    const X = randomBlock(depth, m, dtype, 3);
    const Y = randomBlock(depth, n, dtype, 4);
    const G = randomMatrix(m, n, 5);
    const expected = { ...G, data: G.data.slice() };
    await wasm.addGram(X, Y, G);
    await jsKernels.addGram(X, Y, expected);
    expect(distance(G.data, expected.data)).toBeLessThan(4 * depth * unitRoundoff(dtype));
  });

  test.each([1, 2, 3, 5, 31, 64, 66, 129, 200])('addGram of one block, upper triangle of order %i', async (k) => {
    const X = randomBlock(300, k, dtype, 6);
    const G = matrixOf(k, k, () => 0);
    const expected = matrixOf(k, k, () => 0);
    await wasm.addGram(X, X, G);
    await jsKernels.addGram(X, X, expected, false);
    expect(distance(mirrorUpper(G).data, expected.data)).toBeLessThan(1200 * unitRoundoff(dtype));
  });

  test.each([3, 66, 200])('a sum known to be symmetric, upper triangle of order %i', async (k) => {
    const X = randomBlock(300, k, dtype, 7);
    const Y = { ...X, data: X.data.map((x) => 2 * x) };
    const G = matrixOf(k, k, () => 0);
    const expected = matrixOf(k, k, () => 0);
    await addGram(X, Y, G, true);
    await jsKernels.addGram(X, Y, expected);
    expect(distance(mirrorUpper(G).data, expected.data)).toBeLessThan(2400 * unitRoundoff(dtype));
  });

  test('the Gram matrix of integers is exact, over several panels', async () => {
    const draw = uniform(7);
    const X = blockOf(900, 90, dtype, () => Math.round((dtype === 'float32' ? 100 : 8000) * draw()));
    const G = matrixOf(90, 90, () => 0);
    await wasm.addGram(X, X, G);
    await wasm.addGram(X, X, G);
    const expected = matrixOf(90, 90, (i, j) => {
      let sum = 0;
      for (let r = 0; r < 900; r++) sum += X.data[r * 90 + i]! * X.data[r * 90 + j]!;
      return 2 * sum;
    });
    expect(mirrorUpper(G).data).toEqual(expected.data);
  });

  test('empty operands leave sums alone and give zero products', async () => {
    const G = matrixOf(2, 3, () => 1);
    await wasm.addGram(blockOf(0, 2, dtype, Number), blockOf(0, 3, dtype, Number), G);
    expect([...G.data]).toEqual([1, 1, 1, 1, 1, 1]);
    const out = blockOf(2, 3, dtype, () => 1);
    await wasm.times(blockOf(2, 0, dtype, Number), matrixOf(0, 3, Number), out);
    expect([...out.data]).toEqual([0, 0, 0, 0, 0, 0]);
    await wasm.times(blockOf(0, 2, dtype, Number), matrixOf(2, 3, Number), blockOf(0, 3, dtype, Number));
  });
});

const TRANSPOSES = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

test.each(TRANSPOSES)('gemm with transA %s and transB %s agrees with the reference', async (transA, transB) => {
  for (const [m, n, depth] of SHAPES) {
    const A = transA ? randomMatrix(depth, m, 8) : randomMatrix(m, depth, 8);
    const B = transB ? randomMatrix(n, depth, 9) : randomMatrix(depth, n, 9);
    const C = await wasm.gemm(A, B, { transA, transB });
    const expected = await jsKernels.gemm(A, B, { transA, transB });
    expect([C.rows, C.cols]).toEqual([m, n]);
    expect(distance(C.data, expected.data)).toBeLessThan(4 * depth * 2 ** -53);
  }
});

test('a result larger than one tile is put together from its parts', async () => {
  const A = randomMatrix(1100, 6, 10);
  const B = randomMatrix(6, 4500, 11);
  const C = await wasm.gemm(A, B);
  const expected = await jsKernels.gemm(A, B);
  expect(distance(C.data, expected.data)).toBeLessThan(1e-14);
  const G = matrixOf(2200, 2200, () => 1);
  const X = randomBlock(3, 2200, 'float32', 12);
  await wasm.addGram(X, X, G);
  const expectedG = matrixOf(2200, 2200, () => 1);
  await jsKernels.addGram(X, X, expectedG, false);
  const upperOf = ({ rows, data }: Matrix): Float64Array => mirrorUpper({ rows, cols: rows, data: data.slice() }).data;
  expect(distance(upperOf(G), upperOf(expectedG))).toBeLessThan(12 * unitRoundoff('float32'));
  await addGram(X, { ...X }, G, true);
  await jsKernels.addGram(X, X, expectedG, false);
  expect(distance(upperOf(G), upperOf(expectedG))).toBeLessThan(24 * unitRoundoff('float32'));
});

test('products of a matrix with itself and with its transpose are told apart', async () => {
  const A = randomMatrix(80, 80, 13);
  const expected = await jsKernels.gemm(A, A);
  expect(distance((await wasm.gemm(A, A)).data, expected.data)).toBeLessThan(1e-14);
  for (const options of [{ transA: true }, { transB: true }, { transA: true, transB: true }]) {
    const product = await wasm.gemm(A, A, options);
    expect(distance(product.data, (await jsKernels.gemm(A, A, options)).data)).toBeLessThan(1e-14);
  }
});

test('NaN and infinities go through products as in IEEE arithmetic', async () => {
  const A = matrixOf(1, 2, (_, j) => [Number.POSITIVE_INFINITY, 1][j]!);
  const B = matrixOf(2, 2, (i, j) => [1, 0, 1, 1][2 * i + j]!);
  expect([...(await wasm.gemm(A, B)).data]).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
});
