/** Columns that grow by blocks read like one multivector. */
import { describe, expect, test } from '@jest/globals';
import { UnsupportedError } from '../../src/index.ts';
import { GrownColumns } from '../../src/multivector/grown-columns.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { randomBlock } from '../support/matrices.ts';

const rows = 6;

describe.each([
  ['none', []],
  ['one', [4]],
  ['three, one of them empty', [2, 0, 3]],
  ['more than are kept apart', [1, 2, 1, 3, 1, 1, 2, 1, 1, 4, 1]],
])('%s', (_, widths) => {
  const cols = widths.reduce((sum, width) => sum + width, 0);
  const expected = randomBlock(rows, cols, 1);
  const entry = (i: number, j: number): number => expected.data[i * cols + j]!;

  async function grown(): Promise<GrownColumns> {
    const columns = new GrownColumns(hostSpace(rows, 'float64'));
    let first = 0;
    for (const width of widths) {
      const data = Float64Array.from({ length: rows * width }, (_, at) =>
        entry(Math.floor(at / width), first + (at % width)),
      );
      await columns.append(await multivectorOf({ rows, cols: width, data }, 'float64'), {});
      first += width;
    }
    return columns;
  }

  test('all columns, by blocks, columns and rows', async () => {
    const columns = await grown();
    const { all } = columns;
    expect([columns.cols, all.rows, all.cols, all.dtype]).toEqual([cols, rows, cols, 'float64']);
    expect(await all.toBlock()).toEqual(expected);
    for (let start = 0; start <= cols; start++) {
      const { data } = await all.readColumns(start, cols);
      const wanted = Array.from({ length: rows * (cols - start) }, (_, at) =>
        entry(Math.floor(at / (cols - start)), start + (at % (cols - start))),
      );
      expect(Array.from(data)).toEqual(wanted);
    }
    const panel = await all.readRows(2, 3);
    expect(panel).toEqual({ rows: 3, cols, data: expected.data.slice(2 * cols, 5 * cols) });
    expect(columns.parts.length).toBeLessThanOrEqual(8);
  });
});

test('several blocks as one are only read', async () => {
  const columns = new GrownColumns(hostSpace(rows, 'float64'));
  for (const seed of [1, 2]) await columns.append(await multivectorOf(randomBlock(rows, 2, seed), 'float64'), {});
  await expect(columns.all.writeColumns(0, randomBlock(rows, 4, 1))).rejects.toThrow(UnsupportedError);
  await expect(columns.all.writeRows(0, randomBlock(rows, 4, 1))).rejects.toThrow(UnsupportedError);
});
