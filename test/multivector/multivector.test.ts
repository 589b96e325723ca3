import { expect, test } from '@jest/globals';
import { zeros } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import {
  columnNorms,
  concatenate,
  gram,
  residualColumnNorms,
  subtractTimes,
  times,
} from '../../src/multivector/verbs.ts';
import { distance, frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';

const kernels = await selectKernels('test');

const context = { kernels };
const X = randomBlock(90, 11, 1);
const Y = randomBlock(90, 6, 2);
const C = { ...randomBlock(11, 6, 3), data: new Float64Array(randomBlock(11, 6, 3).data) };

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
  expect(distance(multiply(transposed(X), X), await gram(A, copy, context, { symmetric: true }))).toBeLessThan(1e-13);
  const out = await hostSpace(90, 'float64').allocate(6);
  const XC = multiply(X, C);
  expect(distance(XC, await (await times(A, C, out, context)).toBlock())).toBeLessThan(1e-12);
  await subtractTimes(B, A, C, context);
  const left = await B.toBlock();
  for (let at = 0; at < left.data.length; at++) expect(left.data[at]).toBeCloseTo(Y.data[at]! - XC.data[at]!, 12);
});

test('times with columns in another order, in float64 for float32 data', async () => {
  const A = await multivectorOf(X, 'float32');
  const order = Int32Array.of(10, 3, 7);
  const small = { rows: 3, cols: 6, data: new Float64Array(randomBlock(3, 6, 5).data) };
  const chosen = { rows: 90, cols: 3, data: new Float64Array(270) };
  for (let i = 0; i < 90; i++) for (const [j, from] of order.entries()) chosen.data[i * 3 + j] = X.data[i * 11 + from]!;
  const out = await hostSpace(90, 'float32').allocate(6);
  await times(A, small, out, context, { wide: true, order });
  expect(distance(multiply(chosen, small), await out.toBlock())).toBeLessThan(1e-5);
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
  expect(Array.from(await residualColumnNorms(A, A, new Float64Array(11).fill(1), context))).toEqual(
    new Array(11).fill(0),
  );
  const doubled = await residualColumnNorms(A, A, new Float64Array(11).fill(-1), context);
  for (const [i, norm] of norms.entries()) expect(doubled[i]).toBeCloseTo(2 * norm, 12);
});

test('concatenate puts blocks side by side; operands of different height are refused', async () => {
  const [A, B] = [await multivectorOf(X, 'float64'), await multivectorOf(Y, 'float64')];
  const both = await concatenate([A, B], await hostSpace(90, 'float64').allocate(17));
  expect((await both.readColumns(11, 17)).data[5]).toBe(Y.data[5]);
  const other = await multivectorOf(randomBlock(3, 2, 1), 'float64');
  await expect(gram(A, other, context)).rejects.toThrow('gram: the operands have 90 and 3 rows');
});
