import { expect, test } from '@jest/globals';
import { type LinearOperator, seigh } from '../../src/index.ts';
import { chooseBlockSize } from '../../src/sketch/block-size.ts';

const operator = (n: number, dtype: 'float32' | 'float64', preferredBlockSize?: number): LinearOperator => ({
  shape: [n, n],
  dtype,
  selfAdjoint: true,
  matmat: (X) => X,
  ...(preferredBlockSize ? { preferredBlockSize } : {}),
});

test.each<[string, number, LinearOperator, number, number | undefined]>([
  ['64 for small operators', 64, operator(1000, 'float64'), 500, undefined],
  ['no more than there are columns', 20, operator(1000, 'float64'), 20, undefined],
  ['what the operator prefers', 16, operator(1000, 'float64', 16), 500, undefined],
  ['what the caller asks for', 200, operator(1000, 'float64', 16), 500, 200],
  ['256 MiB: 6 float32 columns of ten million rows', 6, operator(1e7, 'float32'), 500, undefined],
  ['256 MiB: 3 float64 columns of ten million rows', 3, operator(1e7, 'float64'), 500, undefined],
  ['one column at least', 1, operator(1e9, 'float64'), 500, undefined],
])('%s', (_, expected, op, cols, requested) => {
  expect(chooseBlockSize(op, cols, requested)).toBe(expected);
});

test('a result says which was used', async () => {
  expect((await seigh(operator(100, 'float64', 16), 40)).blockSize).toBe(16);
});
