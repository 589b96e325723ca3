/** Products of matrices of whole numbers, which graphs make of sizes and places: the wasm backend's own refuses them. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../src/tfjs/index.ts';
import { beforeAll, expect, test } from '../support/jest.ts';

beforeAll(() => useBackend('wasm'));

/** More than float32 holds exactly, with their products. */
const entry = (i: number, j: number, stack: number): number => ((i * 7919 + j * 104_729 + stack * 31) % 20_011) - 9_001;
const matrices = (rows: number, cols: number, stack: number): number[][][] =>
  Array.from({ length: stack }, (_, s) =>
    Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => entry(i, j, s))),
  );
const transposed = (A: number[][]): number[][] => A[0]!.map((_, j) => A.map((row) => row[j]!));

test.each([
  [false, false, 1],
  [true, false, 3],
  [false, true, 3],
  [true, true, 2],
])('transposed %p and %p, stacks of %i', (transposeA, transposeB, stack) => {
  const [m, k, n] = [3, 5, 4];
  const A = matrices(m, k, stack);
  const B = matrices(k, n, 1)[0]!;
  const expected = A.map((each) =>
    each.map((row) => transposed(B).map((column) => row.reduce((sum, value, i) => sum + value * column[i]!, 0))),
  );
  const a = tf.tensor3d(transposeA ? A.map(transposed) : A, undefined, 'int32');
  const b = tf.tensor3d([transposeB ? transposed(B) : B], undefined, 'int32');
  const product = tf.matMul(a, b, transposeA, transposeB);
  expect([product.dtype, product.arraySync()]).toEqual(['int32', expected]);
  tf.dispose([a, b, product]);
});
