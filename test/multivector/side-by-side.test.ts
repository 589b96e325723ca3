/** Column blocks side by side are read as one, wherever the parts begin. */
import { expect, test } from '@jest/globals';
import { zeros } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { sideBySide } from '../../src/multivector/side-by-side.ts';
import { gram } from '../../src/multivector/verbs.ts';
import { distance, multiply, randomBlock, transposed } from '../support/matrices.ts';

const [n, k] = [150, 9];
const X = randomBlock(n, k, 1);
/** Columns `start..end` of X. */
const columns = (start: number, end: number) => {
  const block = zeros(n, end - start, 'float64');
  for (let i = 0; i < n; i++) block.data.set(X.data.subarray(i * k + start, i * k + end), i * block.cols);
  return block;
};
const whole = sideBySide([
  await multivectorOf(columns(0, 4), 'float64'),
  await multivectorOf(columns(4, 5), 'float64'),
  await multivectorOf(columns(5, 9), 'float64'),
]);

test('columns, over the borders of parts and within one', async () => {
  expect([whole.rows, whole.cols, whole.dtype]).toEqual([n, k, 'float64']);
  expect((await whole.toBlock()).data).toEqual(X.data);
  for (let start = 0; start < k; start++) {
    for (let end = start + 1; end <= k; end++) {
      expect((await whole.readColumns(start, end)).data).toEqual(columns(start, end).data);
    }
  }
  const into = zeros(n, 3, 'float64');
  expect(await whole.readColumns(3, 6, into)).toBe(into);
  expect(into.data).toEqual(columns(3, 6).data);
});

test('rows; two panels may be in use at once', async () => {
  const [first, second] = [await whole.readRows(10, 7), await whole.readRows(17, 7)];
  expect([first.rows, first.cols]).toEqual([7, k]);
  expect(first.data).toEqual(X.data.slice(10 * k, 17 * k));
  expect(second.data).toEqual(X.data.slice(17 * k, 24 * k));
  const into = zeros(5, k, 'float64');
  expect(await whole.readRows(0, 5, into)).toBe(into);
  expect(into.data).toEqual(X.data.slice(0, 5 * k));
});

test('verbs work on it', async () => {
  const G = await gram(whole, whole, { kernels: await selectKernels() });
  expect(distance(G, multiply(transposed(X), X))).toBeLessThan(1e-13);
});

test('one part is itself; writing is refused', async () => {
  const single = await multivectorOf(X, 'float64');
  expect(sideBySide([single])).toBe(single);
  expect(() => whole.writeColumns(0, X)).toThrow('column blocks side by side are only read');
  expect(() => whole.writeRows(0, X)).toThrow('column blocks side by side are only read');
});
