/** Columns that grow by blocks read like one multivector. */
import { zeros } from '../../src/core/block.ts';
import { UnsupportedError } from '../../src/index.ts';
import { GrownColumns } from '../../src/multivector/grown-columns.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { describe, expect, test } from '../support/jest.ts';
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
      for (let end = start; end <= cols; end++) {
        const width = end - start;
        const { data } = await all.readColumns(start, end);
        const wanted = Array.from({ length: rows * width }, (_, at) =>
          entry(Math.floor(at / width), start + (at % width)),
        );
        expect(Array.from(data)).toEqual(wanted);
      }
    }
    const panel = await all.readRows(2, 3);
    expect(panel).toEqual({ rows: 3, cols, data: expected.data.slice(2 * cols, 5 * cols) });
    expect(columns.parts.length).toBeLessThanOrEqual(8);
  });
});

test('several blocks as one are read into memory that is given; two panels may be in use at once', async () => {
  const columns = new GrownColumns(hostSpace(rows, 'float64'));
  for (const seed of [1, 2]) await columns.append(await multivectorOf(randomBlock(rows, 2, seed), 'float64'), {});
  const { all } = columns;
  const whole = await all.toBlock();
  const into = zeros(rows, 3, 'float64');
  expect(await all.readColumns(1, 4, into)).toBe(into);
  expect(into).toEqual(await all.readColumns(1, 4));
  const panel = zeros(2, 4, 'float64');
  expect(await all.readRows(1, 2, panel)).toBe(panel);
  expect(panel.data).toEqual(whole.data.slice(4, 12));
  const [first, second] = [await all.readRows(0, 2), await all.readRows(2, 2)];
  expect([...first.data, ...second.data]).toEqual([...whole.data.slice(0, 16)]);
});

test('blocks are kept as they are while they are few, and put together then', async () => {
  const columns = new GrownColumns(hostSpace(rows, 'float64'));
  const blocks = await Promise.all(
    Array.from({ length: 9 }, (_, seed) => multivectorOf(randomBlock(rows, 1, seed), 'float64')),
  );
  for (const [i, block] of blocks.slice(0, 8).entries()) {
    await columns.append(block, {});
    expect(columns.parts.length).toBe(i + 1);
    for (const [at, part] of columns.parts.entries()) expect(part).toBe(blocks[at]);
    expect(columns.all).toBe(columns.all);
    expect(columns.all === block).toBe(i === 0);
  }
  await columns.append(blocks[8]!, {});
  expect([columns.parts.length, columns.cols]).toEqual([1, 9]);
  expect(columns.all).toBe(columns.parts[0]);
});

test('several blocks as one are only read', async () => {
  const columns = new GrownColumns(hostSpace(rows, 'float64'));
  for (const seed of [1, 2]) await columns.append(await multivectorOf(randomBlock(rows, 2, seed), 'float64'), {});
  await expect(columns.all.writeColumns(0, randomBlock(rows, 4, 1))).rejects.toThrow('side by side are only read');
  await expect(columns.all.writeColumns(0, randomBlock(rows, 4, 1))).rejects.toThrow(UnsupportedError);
  await expect(columns.all.writeRows(0, randomBlock(rows, 4, 1))).rejects.toThrow('side by side are only read');
  await expect(columns.all.writeRows(0, randomBlock(rows, 4, 1))).rejects.toThrow(UnsupportedError);
});
