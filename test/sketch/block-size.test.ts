import { type LinearOperator, seigh } from '../../src/index.ts';
import { chooseBlockSize, prepareBlocks } from '../../src/sketch/block-size.ts';
import { expect, test } from '../support/jest.ts';

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

test('the longer side of a rectangular operator counts', () => {
  for (const shape of [
    [10, 1e7],
    [1e7, 10],
  ] as const) {
    expect(chooseBlockSize({ ...operator(10, 'float32'), shape }, 500)).toBe(6);
  }
});

test('what is not a number of columns is refused under its name', () => {
  expect(() => chooseBlockSize(operator(10, 'float32'), 5, 0)).toThrow(/^blockSize must be .*got 0/);
});

test('an operator is calibrated before its preference counts, and not where the caller says how many', async () => {
  let calibrations = 0;
  const op: LinearOperator = {
    ...operator(1000, 'float64'),
    get preferredBlockSize() {
      return calibrations === 0 ? 10 : 20;
    },
    calibrate: async () => void calibrations++,
  };
  expect([await prepareBlocks(op, 500, 7), calibrations]).toEqual([7, 0]);
  expect([await prepareBlocks(op, 500, undefined), calibrations]).toEqual([20, 1]);
  expect(await prepareBlocks(op, 500, undefined, 11)).toBe(11);
});

test('a result says which was used', async () => {
  expect((await seigh(operator(100, 'float64', 16), 40)).blockSize).toBe(16);
});
