/** The range of a sketch that grows: whatever the blocks, Q R = A Omega, Z = A Q and Q is orthonormal. */
import { asDType, type Block } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import type { Kernels } from '../../src/linalg/kernels/provider.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { GrownRange } from '../../src/sketch/grown-range.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import {
  distance,
  frobenius,
  identity,
  multiply,
  orthonormalityDefect,
  randomBlock,
  transposed,
} from '../support/matrices.ts';

const n = 80;
const Omega = randomBlock(n, 40, 1);
let kernels: Kernels;
beforeAll(async () => {
  kernels = await selectKernels();
});

/** Columns `first..first + count`. */
function columnsOf(X: Block, first: number, count: number): Block {
  const data = new Float64Array(X.rows * count);
  for (let i = 0; i < X.rows; i++) {
    for (let j = 0; j < count; j++) data[i * count + j] = X.data[i * X.cols + first + j]!;
  }
  return { rows: X.rows, cols: count, data };
}

/** U diag(1 / j^power) U^T up to the conditioning of a random U, of the given rank. */
function symmetric(rank: number, power: number): Block {
  const U = randomBlock(n, rank, 2);
  const scaled = { ...U, data: U.data.map((value, at) => value / ((at % rank) + 1) ** power) as Float64Array };
  return multiply(scaled, transposed(U));
}

/** A range of A Omega whose products are triple loops, rounded to `dtype`. */
function rangeOf(A: Block, dtype: DType): GrownRange {
  const space = hostSpace(n, dtype);
  const rounded = (X: Block) => multivectorOf(asDType(X, dtype), dtype);
  return new GrownRange({
    kernels,
    space,
    sketch: (done, count) => rounded(multiply(A, columnsOf(Omega, done, count))),
    multiply: async (Q) => rounded(multiply(A, await Q.toBlock())),
  });
}

describe.each([
  ['float64', 1e-12],
  ['float32', 2e-5],
] as const)('%s', (dtype, tolerance) => {
  const growths: [string, number[]][] = [
    ['at once', [36]],
    ['in three blocks', [12, 12, 12]],
    ['in blocks of all widths', [6, 1, 5, 3, 4, 1, 2, 7, 1, 3, 3]],
  ];
  test.each(growths)('%s: an orthonormal basis, its factors and its products', async (_, widths) => {
    const A = symmetric(n, 1);
    const range = rangeOf(A, dtype);
    for (const width of widths) {
      const before = range.Q.cols;
      const added = await range.grow(width);
      expect(added.Q.cols).toBe(range.Q.cols - before);
    }
    const [Q, Z] = [await range.Q.all.toBlock(), await range.Z.all.toBlock()];
    const Y = multiply(A, columnsOf(Omega, 0, 36));
    expect([range.dims, range.dropped, range.numMatvecs, range.isExhausted]).toEqual([36, 0, 72, false]);
    expect(await orthonormalityDefect(range.Q.all)).toBeLessThan(tolerance);
    expect(distance(multiply(Q, range.R), Y)).toBeLessThan(tolerance * frobenius(Y));
    expect(distance(Z, multiply(A, Q))).toBeLessThan(tolerance * frobenius(A));
    // R and T are float64, and inverses of each other to the rounding of R's condition
    const condition = frobenius(range.R) * frobenius(range.T);
    expect(distance(multiply(range.R, range.T), identity(36))).toBeLessThan(1e-13 * condition);
  });

  test('directions that are rounding are dropped, and a block of nothing else ends it', async () => {
    const A = symmetric(7, 0);
    const range = rangeOf(A, dtype);
    await range.grow(4);
    expect([range.Q.cols, range.isExhausted]).toEqual([4, false]);
    await range.grow(8);
    expect([range.Q.cols, range.dropped, range.numMatvecs]).toEqual([7, 5, 19]);
    await range.grow(3);
    expect(range.isExhausted).toBe(true);
    const Y = multiply(A, columnsOf(Omega, 0, range.dims));
    expect(distance(multiply(await range.Q.all.toBlock(), range.R), Y)).toBeLessThan(tolerance * frobenius(Y));
    expect(await orthonormalityDefect(range.Q.all)).toBeLessThan(tolerance);
  });
});

test('columns that are there are kept where they are when others come', async () => {
  const range = rangeOf(symmetric(n, 1), 'float64');
  const added = [];
  for (let i = 0; i < 5; i++) added.push(await range.grow(3));
  expect(range.Q.parts).toEqual(added.map(({ Q }) => Q));
  for (const [i, { Q, Z }] of added.entries()) {
    expect(range.Q.parts[i]).toBe(Q);
    expect(range.Z.parts[i]).toBe(Z);
  }
});

test('seconds are those of the products A Omega, of all blocks; nothing is exhausted before it grows', async () => {
  const A = symmetric(20, 1);
  const { now } = performance;
  let clock = 500;
  performance.now = () => clock;
  try {
    const rounded = (X: Block) => multivectorOf(X, 'float64');
    const range = new GrownRange({
      kernels,
      space: hostSpace(n, 'float64'),
      async sketch(done, count) {
        clock += 2000;
        return rounded(multiply(A, columnsOf(Omega, done, count)));
      },
      async multiply(Q) {
        clock += 700;
        return rounded(multiply(A, await Q.toBlock()));
      },
    });
    expect([range.isExhausted, range.sketchSeconds]).toEqual([false, 0]);
    for (const seconds of [2, 4]) {
      await range.grow(3);
      expect(range.sketchSeconds).toBe(seconds);
    }
  } finally {
    performance.now = now;
  }
});
