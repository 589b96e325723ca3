/** Columns copied between blocks: every entry as it was, whatever way the widths and offsets allow. */
import { type Block, copyColumns, copyLargeWith, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import { describe, expect, test } from '../support/jest.ts';

function numbered(rows: number, cols: number, dtype: DType): Block {
  const block = zeros(rows, cols, dtype);
  for (let at = 0; at < block.data.length; at++) block.data[at] = 1 + at / 8;
  return block;
}

describe.each<DType>(['float32', 'float64'])('%s', (dtype) => {
  // width, columns of the source and the first of them, columns of the target and the first of them
  test.each([
    [1, 5, 2, 3, 1],
    [2, 2, 0, 8, 6],
    [2, 5, 2, 4, 2],
    [3, 6, 2, 8, 4],
    [4, 8, 2, 6, 2],
    [4, 8, 3, 6, 2],
    [4, 8, 2, 6, 1],
    [6, 6, 0, 6, 0],
    [200, 200, 0, 202, 2],
    [200, 204, 4, 200, 0],
  ])('%i of %i columns from %i on into %i from %i on', (width, cols, first, targetCols, offset) => {
    const source = numbered(3, cols, dtype);
    const target = zeros(3, targetCols, dtype);
    copyColumns(source, first, first + width, target, offset);
    const expected = zeros(3, targetCols, dtype);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < width; j++) {
        expected.data[i * targetCols + offset + j] = source.data[i * cols + first + j]!;
      }
    }
    expect(target.data).toEqual(expected.data);
  });
});

test('another may copy what is large and of one type, and nothing else', () => {
  const asked: number[][] = [];
  copyLargeWith((source, first, end, target, offset) => asked.push([source.rows, first, end, target.cols, offset]));
  try {
    const [source, target] = [numbered(2 ** 13, 10, 'float32'), zeros(2 ** 13, 12, 'float32')];
    copyColumns(source, 1, 9, target, 3);
    expect(asked).toEqual([[2 ** 13, 1, 9, 12, 3]]);
    copyColumns(source, 1, 9, zeros(2 ** 13, 12, 'float64'), 3);
    copyColumns({ rows: 3, cols: 10, data: source.data.subarray(0, 30) }, 1, 9, zeros(3, 12, 'float32'), 3);
    expect(asked).toHaveLength(1);
  } finally {
    // it copies nothing
    copyLargeWith(undefined);
  }
});

test('rows of float32 that begin at an odd number in memory', () => {
  const whole = numbered(1, 25, 'float32');
  const source: Block = { rows: 3, cols: 8, data: whole.data.subarray(1) };
  const target = zeros(3, 4, 'float32');
  copyColumns(source, 2, 4, target, 0);
  expect(Array.from(target.data, (value) => 8 * (value - 1))).toEqual(
    [3, 4, 0, 0, 11, 12, 0, 0, 19, 20, 0, 0].map((at) => at || -8),
  );
});

test('what is no finite number, and a zero with a sign, stay what they are', () => {
  const special = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    2 ** -149,
    3.4028234663852886e38,
  ];
  for (const left of special) {
    for (const right of special) {
      const source: Block = { rows: 1, cols: 4, data: Float32Array.of(0, 0, left, right) };
      const target = zeros(1, 2, 'float32');
      copyColumns(source, 2, 4, target, 0);
      expect(Object.is(target.data[0], left) && Object.is(target.data[1], right)).toBe(true);
    }
  }
});
