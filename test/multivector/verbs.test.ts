/** The verbs beyond what every multivector is held to: their options, their errors, and what they leave in place. */
import { type Block, type Matrix, zeroMatrix } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf, viewOf } from '../../src/multivector/host.ts';
import { projectOut } from '../../src/multivector/project.ts';
import { sweep } from '../../src/multivector/sweep.ts';
import {
  addSquares,
  columnDots,
  columnNorms,
  concatenate,
  gram,
  leadingColumns,
  solve,
  subtractTimes,
  times,
} from '../../src/multivector/verbs.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, transposed } from '../support/matrices.ts';
import { spaceOfPanels } from '../support/panels.ts';

const context = { kernels: await selectKernels() };
const n = 150;
const X = randomBlock(n, 5, 1);
const Y = randomBlock(n, 3, 2);

async function inPanels(block: Block) {
  const out = await spaceOfPanels(block.rows, 'float64').allocate(block.cols);
  await out.writeColumns(0, block);
  return out;
}

describe.each([
  ['in one panel', (block: Block) => multivectorOf(block, 'float64')],
  ['in several panels', inPanels],
] as const)('%s', (_, make) => {
  test('gram, and the products of pairs of columns', async () => {
    const [x, y] = [await make(X), await make(Y)];
    expect(distance(await gram(x, y, context), multiply(transposed(X), Y))).toBeLessThan(1e-13);
    const Z = randomBlock(n, 5, 3);
    const products = multiply(transposed(X), Z);
    const dots = await columnDots(x, await make(Z), context);
    expect(dots).toHaveLength(5);
    for (let j = 0; j < 5; j++) expect(dots[j]).toBeCloseTo(products.data[6 * j]!, 12);
  });

  test('norms of each column, and of a single one', async () => {
    const norms = await columnNorms(await make(X), context);
    const squares = multiply(transposed(X), X);
    for (let j = 0; j < 5; j++) expect(norms[j]).toBeCloseTo(Math.sqrt(squares.data[6 * j]!), 12);
    const single = randomBlock(n, 1, 4);
    const [norm] = await columnNorms(await make(single), context);
    expect(norm).toBeCloseTo(Math.hypot(...single.data), 12);
  });

  test('solve takes columns in another order, in place too, and shows what it stores', async () => {
    const order = Int32Array.of(4, 0, 2);
    const triangle: Matrix = { rows: 3, cols: 3, data: Float64Array.of(2, 3, 5, 0, 7, 11, 0, 0, 13) };
    const chosen = zeroMatrix(n, 3);
    for (let i = 0; i < n; i++) for (const [j, from] of order.entries()) chosen.data[3 * i + j] = X.data[5 * i + from]!;
    for (const wide of [false, true]) {
      const seen: number[] = [];
      const observe = async ({ data }: Block): Promise<void> => void seen.push(...data);
      const out = await make(Y);
      await solve(await make(X), triangle, out, context, { order, wide, observe });
      const stored = await out.toBlock();
      expect(distance(multiply(stored, triangle), chosen)).toBeLessThan(1e-13);
      expect(seen).toEqual([...stored.data]);
      const before = await out.toBlock();
      await solve(out, triangle, out, context, { wide });
      expect(distance(multiply(await out.toBlock(), triangle), before)).toBeLessThan(1e-13);
    }
  });

  test('times shows what it stores', async () => {
    const seen: number[] = [];
    const observe = async ({ data }: Block): Promise<void> => void seen.push(...data);
    const C = { ...randomBlock(5, 3, 7), data: Float64Array.from(randomBlock(5, 3, 7).data) };
    const out = await times(await make(X), C, await make(Y), context, { observe });
    const stored = await out.toBlock();
    expect(distance(stored, multiply(X, C))).toBeLessThan(1e-13);
    expect(seen).toEqual([...stored.data]);
  });

  test('a float32 product summed in float64 is the float64 product, rounded once', async () => {
    // 2^24 + 1 - 2^24: float32 sums lose the 1
    const row = [2 ** 24, 1, -(2 ** 24)];
    const terms = { rows: n, cols: 3, data: new Float32Array(3 * n).map((_, at) => row[at % 3]!) };
    const ones: Matrix = { rows: 3, cols: 1, data: Float64Array.of(1, 1, 1) };
    const out = await hostSpace(n, 'float32').allocate(1);
    await times(await multivectorOf(terms, 'float32'), ones, out, context, { wide: true });
    expect((await out.toBlock()).data.every((value) => value === 1)).toBe(true);
  });

  test('a wide Gram matrix of float32 data loses nothing that float64 holds', async () => {
    // 1 + 2^-12 squares to 1 + 2^-11 + 2^-24: exact in float64, not in float32
    const entry = 1 + 2 ** -12;
    const columns = { rows: 4096, cols: 2, data: new Float32Array(8192).fill(entry) };
    const [x, y] = [await multivectorOf(columns, 'float32'), await multivectorOf(columns, 'float32')];
    for (const other of [x, y]) {
      const G = await gram(x, other, context, { wide: true });
      expect([...G.data]).toEqual(new Array(4).fill(4096 * entry ** 2));
    }
  });

  test('what is left of a block may go elsewhere, and the block stays', async () => {
    const C = { ...randomBlock(5, 3, 5), data: Float64Array.from(randomBlock(5, 3, 5).data) };
    const [z, out] = [await make(Y), await make(Y)];
    await subtractTimes(z, await make(X), C, context, out);
    const XC = multiply(X, C);
    expect((await z.toBlock()).data).toEqual(Y.data);
    const left = await out.toBlock();
    for (let at = 0; at < left.data.length; at++) expect(left.data[at]).toBeCloseTo(Y.data[at]! - XC.data[at]!, 12);
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('squares of a column of %d numbers', (length) => {
  const data = Float64Array.from({ length }, (_, i) => 2 ** i);
  const sums = Float64Array.of(100);
  addSquares({ rows: length, cols: 1, data }, sums);
  expect(sums[0]).toBe(100 + (4 ** length - 1) / 3);
});

test.each([1, 3, 4, 6, 8])('squares of the columns of a panel of %d rows', (rows) => {
  const data = Float64Array.from({ length: 2 * rows }, (_, i) => 2 ** i);
  const sums = Float64Array.of(100, 10);
  addSquares({ rows, cols: 2, data }, sums);
  expect([...sums]).toEqual([100 + (16 ** rows - 1) / 15, 10 + (4 * (16 ** rows - 1)) / 15]);
});

test('operands of different height are refused by the name of the verb', async () => {
  const C = zeroMatrix(5, 3);
  const [x, other] = [await multivectorOf(X, 'float64'), await multivectorOf(randomBlock(7, 3, 6), 'float64')];
  const message = 'the operands have 150 and 7 rows';
  await expect(gram(x, other, context)).rejects.toThrow(`gram: ${message}`);
  await expect(columnDots(x, other, context)).rejects.toThrow(`columnDots: ${message}`);
  await expect(solve(x, zeroMatrix(3, 3), other, context)).rejects.toThrow(`solve: ${message}`);
  await expect(times(x, C, other, context)).rejects.toThrow(`times: ${message}`);
  await expect(subtractTimes(other, x, C, context)).rejects.toThrow(`subtractTimes: ${message}`);
  await expect(concatenate([x], other)).rejects.toThrow(`concatenate: ${message}`);
  await expect(leadingColumns(x, 3, other)).rejects.toThrow(`leadingColumns: ${message}`);
  await expect(projectOut([other], [x], context)).rejects.toThrow(`projectOut: ${message}`);
});

describe('a pass over rows in memory', () => {
  /** First row and number of rows of each panel. */
  async function panelsOf(rows: number, cols: readonly number[]): Promise<[number, number][]> {
    const inputs = await Promise.all(cols.map((k) => hostSpace(rows, 'float32').allocate(k)));
    const seen: [number, number][] = [];
    await sweep('pass', inputs, {}, async (panels, _out, start) => {
      expect(new Set(panels.map((panel) => panel.rows)).size).toBe(1);
      seen.push([start, panels[0]!.rows]);
    });
    return seen;
  }

  test('panels hold 2^23 numbers of the widest operand, and whole parts of 2048 rows', async () => {
    // 2^23 / 2^14 = 512 rows; five operands of one width take as much as three of 5/3 of it: 307 rows
    expect(await panelsOf(1024, [2 ** 14])).toEqual([
      [0, 512],
      [512, 512],
    ]);
    expect(await panelsOf(1100, [2 ** 13, 2 ** 14])).toEqual([
      [0, 512],
      [512, 512],
      [1024, 76],
    ]);
    expect(
      (
        await panelsOf(
          400,
          [1, 1, 1, 1, 1].map(() => 2 ** 14),
        )
      )[0],
    ).toEqual([0, 307]);
    expect(await panelsOf(200, [2 ** 17])).toEqual([
      [0, 64],
      [64, 64],
      [128, 64],
      [192, 8],
    ]);
    // 2^23 / 2000 = 4194 rows, of which 4096 are two parts
    expect(await panelsOf(5000, [2000])).toEqual([
      [0, 4096],
      [4096, 904],
    ]);
    expect(await panelsOf(3, [2])).toEqual([[0, 3]]);
    expect(await panelsOf(0, [2])).toEqual([]);
  });

  test('panels are the rows themselves, of inputs, outputs and what is updated', async () => {
    const [input, output, updated] = await Promise.all([X, Y, Y].map((block) => multivectorOf(block, 'float64')));
    const memory = await Promise.all(
      [input!, output!, updated!].map(async (M) => (await M.readRows(0, 1)).data.buffer),
    );
    const seen: unknown[] = [];
    const visit = async ([x]: Block[], [out, changed]: Block[]): Promise<void> => {
      seen.push(x!.data.buffer, out!.data.buffer, changed!.data.buffer);
    };
    await sweep('pass', [input!], {}, visit, { outputs: [output!], updated: [updated!] });
    expect(seen).toHaveLength(3);
    for (const [i, buffer] of memory.entries()) expect(seen[i] === buffer).toBe(true);
  });

  test('an abort ends it after the panel', async () => {
    const controller = new AbortController();
    let panels = 0;
    const visit = async (): Promise<void> => {
      if (++panels === 2) controller.abort(new Error('enough'));
    };
    await expect(
      sweep('pass', [await inPanels(randomBlock(300, 2, 1))], { signal: controller.signal }, visit),
    ).rejects.toThrow('enough');
    expect(panels).toBe(2);
  });
});

describe('blocks in memory', () => {
  test('a view writes to its block, a copy does not', async () => {
    const block = randomBlock(6, 2, 1);
    const view = viewOf(block);
    expect([view.rows, view.cols, view.dtype, viewOf(randomBlock(2, 2, 1, 'float32')).dtype]).toEqual([
      6,
      2,
      'float64',
      'float32',
    ]);
    const copy = await multivectorOf(block, 'float64');
    await view.writeColumns(1, { rows: 6, cols: 1, data: new Float64Array(6).fill(9) });
    expect([...block.data].filter((_, at) => at % 2 === 1)).toEqual([9, 9, 9, 9, 9, 9]);
    expect((await copy.toBlock()).data).toEqual(randomBlock(6, 2, 1).data);
  });

  test('a block of its own; all columns at once are the memory itself; memory that is given is used', async () => {
    const M = await multivectorOf(X, 'float64');
    const all = await M.readColumns(0, 5);
    expect(all.data.buffer === (await M.readRows(0, n)).data.buffer).toBe(true);
    expect((await M.toBlock()).data.buffer === all.data.buffer).toBe(false);
    const into = { rows: n, cols: 2, data: new Float64Array(2 * n) };
    expect(await M.readColumns(1, 3, into)).toBe(into);
    expect(into.data[2]).toBe(X.data[6]);
  });

  test('rows written where they are stay, others are copied', async () => {
    const M = await multivectorOf(X, 'float64');
    const panel = await M.readRows(10, 4);
    panel.data.fill(3);
    await M.writeRows(10, panel);
    await M.writeRows(20, panel);
    const { data } = await M.toBlock();
    expect([data[49], data[50], data[69], data[70], data[99], data[100], data[119], data[120]]).toEqual([
      X.data[49], 3, 3, X.data[70], X.data[99], 3, 3, X.data[120],
    ]); // biome-ignore format: places
  });

  test('a block of another height is refused', async () => {
    const M = await multivectorOf(X, 'float64');
    await expect(M.writeColumns(0, randomBlock(7, 2, 1))).rejects.toThrow(
      'writeColumns: expected a 150 x 2 block, got 7 x 2',
    );
  });
});
