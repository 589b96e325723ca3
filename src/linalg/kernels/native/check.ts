/** Small problems with known answers: a library that gets them wrong is not used. */

import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../../../core/block.ts';
import type { DType } from '../../../core/dtype.ts';
import { mirrorUpper } from '../../small.ts';
import type { Kernels } from '../provider.ts';
import type { NativeKernels } from './kernels.ts';

/** Large enough for a library to use its threads and this one its calls off the event loop. */
const ROWS = 150;
const DEPTH = 310;
const COLS = 220;

/** Whole numbers in -5..5, so that all sums are exact in any order and in either precision. */
function wholeNumbers(rows: number, cols: number, dtype: DType): Block {
  const block = zeros(rows, cols, dtype);
  for (let at = 0; at < block.data.length; at++) block.data[at] = ((at * 7 + Math.floor(at / cols) * 3) % 11) - 5;
  return block;
}

function plainProduct(A: Block, B: Block): Matrix {
  const C = zeroMatrix(A.rows, B.cols);
  for (let i = 0; i < A.rows; i++) {
    for (let d = 0; d < A.cols; d++) {
      const a = A.data[i * A.cols + d]!;
      for (let j = 0; j < B.cols; j++) C.data[i * B.cols + j]! += a * B.data[d * B.cols + j]!;
    }
  }
  return C;
}

/** What a projection needs, for one column and for a few, in both element types. */
async function projectionsAreRight(kernels: Kernels): Promise<boolean> {
  for (const dtype of ['float32', 'float64'] as const) {
    for (const [rows, cols, few] of [
      [ROWS * 10, 32, 1],
      [ROWS * 10, 1, 1],
      [ROWS, 5, 3],
    ] as const) {
      const [V, X] = [wholeNumbers(rows, cols, dtype), wholeNumbers(rows, few, dtype)];
      const S = zeroMatrix(cols, few);
      await kernels.addGram(V, X, S);
      if (!equal(S, await kernels.gemm(widened(V), widened(X), { transA: true }))) return false;
      const C = wholeNumbers(cols, few, 'float64') as Matrix;
      const expected = plainProduct(V, C).data.map((value, at) => X.data[at]! - value);
      await kernels.subtract(V, C, X);
      if (!equal(X, { rows, cols: few, data: expected })) return false;
    }
  }
  return true;
}

const widened = (X: Block): Matrix => ({ ...X, data: Float64Array.from(X.data) });

const equal = (got: Block, expected: Block): boolean => expected.data.every((value, at) => got.data[at] === value);

async function productsAreRight(kernels: Kernels): Promise<boolean> {
  const A = wholeNumbers(ROWS, DEPTH, 'float64') as Matrix;
  const B = wholeNumbers(DEPTH, COLS, 'float64') as Matrix;
  const expected = plainProduct(A, B);
  const narrow = zeros(ROWS, COLS, 'float32');
  await kernels.times(wholeNumbers(ROWS, DEPTH, 'float32'), B, narrow);
  const G = zeroMatrix(COLS, COLS);
  await kernels.addGram(B, B, G);
  const square = await kernels.gemm(B, B, { transA: true });
  const [panel, H] = [wholeNumbers(DEPTH, COLS, 'float32'), zeroMatrix(COLS, COLS)];
  await kernels.addGram(panel, panel, H);
  const isSquare = [G, H].every((sum) => equal(mirrorUpper(sum), square));
  return equal(await kernels.gemm(A, B), expected) && equal(narrow, expected) && isSquare;
}

/** X R^-1 of an X = Q R in whole numbers; R has ones on its diagonal and few entries above, so that all of it is exact. */
async function solutionsAreRight(kernels: Kernels): Promise<boolean> {
  const R = zeroMatrix(COLS, COLS);
  for (let i = 0; i < COLS; i++) {
    R.data[i * COLS + i] = 1;
    if (i % 3 === 0 && i + 2 < COLS) R.data[i * COLS + i + 2] = -2;
    if (i % 5 === 0 && i + 70 < COLS) R.data[i * COLS + i + 70] = 3;
  }
  for (const dtype of ['float32', 'float64'] as const) {
    const Q = wholeNumbers(ROWS, COLS, dtype);
    const X = asDType(plainProduct(Q, R), dtype);
    await kernels.solve(X, R);
    if (!equal(X, Q)) return false;
  }
  return true;
}

/** The second difference matrix of order k: eigenvalues 2 - 2 cos(j pi / (k + 1)), sines as eigenvectors. */
async function eigenpairsAreRight(kernels: Kernels, k: number): Promise<boolean> {
  const A = zeroMatrix(k, k);
  for (let i = 0; i < k; i++) {
    A.data[i * k + i] = 2;
    if (i > 0) A.data[i * k + i - 1] = -1;
    if (i > 0) A.data[(i - 1) * k + i] = -1;
  }
  const { values, vectors } = await kernels.eigh(A);
  let worst = 0;
  for (let j = 0; j < k; j++) {
    const step = ((j + 1) * Math.PI) / (k + 1);
    worst = Math.max(worst, Math.abs(values[j]! - (2 - 2 * Math.cos(step))));
    for (let i = 0; i < k; i++) {
      const sine = Math.sqrt(2 / (k + 1)) * Math.sin((i + 1) * step);
      worst = Math.max(worst, Math.abs(Math.abs(vectors.data[i * k + j]!) - Math.abs(sine)));
    }
  }
  return worst < 1e-9;
}

/** Some columns of a block, put between others of another one. */
function copiesAreRight(kernels: NativeKernels): boolean {
  return (['float32', 'float64'] as const).every((dtype) => {
    const [from, to] = [wholeNumbers(ROWS, 20, dtype), wholeNumbers(ROWS, 15, dtype)];
    const expected = to.data.map((value, at) => {
      const [i, j] = [Math.floor(at / 15), at % 15];
      return j >= 3 && j < 12 ? from.data[20 * i + 5 + j - 3]! : value;
    });
    kernels.copyColumns(from, 5, 14, to, 3);
    return equal(to, { ...to, data: expected });
  });
}

/** What is wrong with a provider, or undefined if its answers are right. */
export async function findFault(kernels: NativeKernels): Promise<string | undefined> {
  if (!((await productsAreRight(kernels)) && (await projectionsAreRight(kernels))))
    return 'gives wrong matrix products';
  if (!(await solutionsAreRight(kernels))) return 'solves triangular systems wrongly';
  for (const order of [3, ROWS]) {
    if (!(await eigenpairsAreRight(kernels, order))) return 'gives wrong eigenpairs';
  }
  return copiesAreRight(kernels) ? undefined : 'copies columns wrongly';
}
