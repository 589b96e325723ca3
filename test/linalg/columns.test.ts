/** Columns in the memory of the embedded kernels' threads: what is done with them there, against plain sums. */

import { type Block, type Matrix, zeroMatrix } from '../../src/core/block.ts';
import { diagonalOperator, eigsh } from '../../src/index.ts';
import type { Loan } from '../../src/linalg/kernels/provider.ts';
import { Engine } from '../../src/linalg/kernels/wasm/engine.ts';
import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { compileModule, type SharedMemory } from '../../src/linalg/kernels/wasm/module.ts';
import { SparseEngine } from '../../src/linalg/kernels/wasm/sparse.ts';
import { afterAll, describe, expect, jest, test } from '../support/jest.ts';
import { largestDifference, randomBlock } from '../support/matrices.ts';

/** Several pieces of the rows, and some left over. */
const ROWS = 17_003;
const COUNTS = [7, 3];

const module = await compileModule();
const engines = [0, 1, 2, 3].map((threads) => new SparseEngine(new Engine(module, threads), threads));
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

const matrix = (rows: number, cols: number, seed: number): Matrix => randomBlock(rows, cols, seed) as Matrix;

/** Columns of random numbers in the memory of an engine. */
async function columnsIn(engine: SparseEngine, count: number, seed: number): Promise<Block> {
  const data = (await engine.lend(count * ROWS))!;
  data.set(randomBlock(count, ROWS, seed).data);
  return { rows: count, cols: ROWS, data };
}

const partsIn = (engine: SparseEngine): Promise<Block[]> =>
  Promise.all(COUNTS.map((count, i) => columnsIn(engine, count, i + 1)));

/** Entry (i, j) of V, whose parts have a column in each row. */
const columnsOf = (parts: readonly Block[]): Float64Array[] =>
  parts.flatMap(({ rows, data }) =>
    Array.from({ length: rows }, (_, j) => Float64Array.from(data.subarray(j * ROWS, (j + 1) * ROWS))),
  );

const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

describe.each(engines.map((engine, threads) => ({ engine, threads })))('$threads threads', ({ engine }) => {
  test('what is taken away, and what is left in the span', async () => {
    const parts = await partsIn(engine);
    const V = columnsOf(parts);
    const away = COUNTS.map((count, i) => matrix(count, 1, i + 5));
    // factors of 0: four of them in a row, and one among others
    away[0]!.data.fill(0, 0, 4);
    away[1]!.data[1] = 0;
    const x = randomBlock(ROWS, 1, 9);
    const factors = away.flatMap(({ data }) => [...data]);
    const expected = Float64Array.from(
      x.data,
      (value, i) => value - factors.reduce((sum, c, j) => sum + c * V[j]![i]!, 0),
    );
    const sums = (await engine.project(parts, away, x, true))!;
    expect(largestDifference(x.data, expected)).toBeLessThan(1e-13);
    const products = Float64Array.from(V, (column) => dot(column, expected));
    expect(largestDifference(sums.subarray(0, -1), products)).toBeLessThan(1e-10);
    expect(Math.abs(sums.at(-1)! / dot(expected, expected) - 1)).toBeLessThan(1e-13);
    expect(await engine.project(parts, away, x, false)).toHaveLength(0);
    for (const part of parts) expect(engine.giveBack(part.data)).toBe(true);
  });

  test('combinations', async () => {
    const parts = await partsIn(engine);
    const V = columnsOf(parts);
    const C = COUNTS.map((count, i) => matrix(4, count, i + 5));
    const out = await columnsIn(engine, 4, 8);
    expect(await engine.combine(parts, C, out)).toBe(true);
    for (let j = 0; j < 4; j++) {
      const factors = C.flatMap(({ cols, data }) => [...data.subarray(j * cols, (j + 1) * cols)]);
      for (let i = 0; i < ROWS; i += 101) {
        const expected = factors.reduce((sum, c, k) => sum + c * V[k]![i]!, 0);
        expect(Math.abs(out.data[j * ROWS + i]! - expected)).toBeLessThan(1e-12);
      }
    }
    for (const part of [...parts, out]) expect(engine.giveBack(part.data)).toBe(true);
  });
});

test('the same to the bit with any number of threads, wherever the columns are', async () => {
  const away = COUNTS.map((count, i) => matrix(count, 1, i + 5));
  const factors = COUNTS.map((count, i) => matrix(4, count, i + 5));
  const results = await Promise.all(
    engines.map(async (engine) => {
      const parts = await partsIn(engine);
      const elsewhere = parts.map((part, i) => (i === 1 ? { ...part, data: part.data.slice() } : part));
      const projected = await Promise.all(
        [parts, elsewhere].map(async (V) => {
          const x = randomBlock(ROWS, 1, 9);
          const sums = (await engine.project(V, away, x, true))!;
          return [...sums, ...x.data];
        }),
      );
      expect(largestDifference(projected[1]!, projected[0]!)).toBe(0);
      const out = await columnsIn(engine, 4, 8);
      expect(await engine.combine(elsewhere, factors, out)).toBe(false);
      expect(await engine.combine(parts, factors, out)).toBe(true);
      return [...projected[0]!, ...out.data];
    }),
  );
  for (const result of results) expect(largestDifference(result, results[0]!)).toBe(0);
});

test('columns stay where they are when matrices have to leave, and nothing is lent beyond half of the memory', async () => {
  const engine = new SparseEngine(new Engine(module, 2), 2, 2 ** 18);
  try {
    const lent = (await engine.lend(2 ** 13))!.fill(1);
    const second = (await engine.lend(2 ** 12))!.fill(2);
    expect(await engine.lend(2 ** 13)).toBeUndefined();
    const n = 4000;
    const matrices = [3, 4, 5].map((factor) => {
      const indptr = Int32Array.from({ length: n + 1 }, (_, i) => i);
      return { rows: n, cols: n, indptr, indices: indptr.slice(0, n), data: new Float64Array(n).fill(factor) };
    });
    // 2^18 bytes hold the columns and one of the matrices with its vectors: each has to leave while products with it wait
    await Promise.all(
      [...matrices, ...matrices].map(async (A) => {
        const [x, y] = [randomBlock(n, 1, 1), zeroMatrix(n, 1)];
        expect(await engine.multiply(A, x, y)).toBe(true);
        expect(y.data).toEqual(Float64Array.from(x.data, (value) => A.data[0]! * value));
      }),
    );
    expect(lent.every((value) => value === 1) && second.every((value) => value === 2)).toBe(true);
    expect(engine.giveBack(lent)).toBe(true);
    expect(engine.giveBack(lent)).toBe(false);
    expect((await engine.lend(2 ** 13))!.byteOffset).toBe(lent.byteOffset);
  } finally {
    await engine.close();
  }
});

test('where memory cannot grow nothing is lent, and nothing is done by halves', async () => {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: SharedMemory } } };
  const grow = jest.spyOn(WebAssembly.Memory.prototype, 'grow');
  const engine = new SparseEngine(new Engine(module, 2), 2);
  try {
    const parts = await partsIn(engine);
    const out = await columnsIn(engine, 4, 8);
    grow.mockImplementation(() => {
      throw new RangeError('no more memory');
    });
    expect(await engine.lend(ROWS)).toBeUndefined();
    const x = randomBlock(ROWS, 1, 9);
    const away = COUNTS.map((count, i) => matrix(count, 1, i + 5));
    expect(await engine.project(parts, away, x, true)).toBeUndefined();
    expect(x).toEqual(randomBlock(ROWS, 1, 9));
    const factors = COUNTS.map((count) => matrix(4, count, 1));
    expect(await engine.combine(parts, factors, out)).toBe(false);
  } finally {
    grow.mockRestore();
    await engine.close();
  }
});

test('the embedded kernels lend memory for long columns of float64 alone', async () => {
  const { columns } = await loadWasmKernels();
  expect(await columns!.lend('float32', 2 ** 16, 1)).toBeUndefined();
  expect(await columns!.lend('float64', 100, 1)).toBeUndefined();
  const { memory, giveBack } = (await columns!.lend('float64', 2 ** 16, 1))!;
  expect(memory).toHaveLength(2 ** 16);
  const x = zeroMatrix(2 ** 16, 1);
  expect(await columns!.project([undefined], [zeroMatrix(1, 1)], x, true)).toBeUndefined();
  const elsewhere = { rows: 1, cols: 2 ** 16, data: new Float64Array(2 ** 16) };
  expect(await columns!.combine([{ ...elsewhere, data: memory }], [zeroMatrix(1, 1)], elsewhere)).toBe(false);
  giveBack();
});

test('a search in their memory finds the eigenvalues, the same to the bit beside others and without that memory', async () => {
  const n = 2 ** 15 + 5;
  const spectrum = Float64Array.from({ length: n }, (_, i) => (i < 5 ? 2 - i / 10 : i / n));
  const A = diagonalOperator(spectrum);
  const options = { kernels: 'wasm', which: 'LA', tol: 1e-10, seed: 1, confidence: 0, maxMemory: 60 * 8 * n } as const;
  const search = async () => {
    const { eigenvalues, eigenvectors, restarts } = await eigsh(A, 5, options);
    return { eigenvalues, restarts, vectors: (await eigenvectors.toBlock()).data };
  };
  const { columns } = await loadWasmKernels();
  const [combine, project] = [jest.spyOn(columns!, 'combine'), jest.spyOn(columns!, 'project')];
  const free = async () => {
    const { memory, giveBack } = (await columns!.lend('float64', n, 1))!;
    giveBack();
    return memory.byteOffset;
  };
  const before = await free();
  const alone = await search();
  expect(await free()).toBe(before);
  expect(alone.restarts).toBeGreaterThan(0);
  for (const spy of [combine, project]) {
    for (const { value } of spy.mock.results) expect(await value).toBeTruthy();
    expect(spy).toHaveBeenCalled();
  }
  expect(largestDifference(alone.eigenvalues, spectrum.slice(0, 5))).toBeLessThan(1e-12);
  const unit = Float64Array.from({ length: 5 * n }, (_, at) => (at < 25 && at % 6 === 0 ? 1 : 0));
  expect(largestDifference(alone.vectors.map(Math.abs), unit)).toBeLessThan(1e-8);
  const failing = { ...A, matmat: () => Promise.reject(new Error('no product')) };
  const beside = [search(), eigsh(failing, 5, options).catch(() => undefined), search()];
  const [first, , second] = await Promise.all(beside);
  expect(first).toEqual(alone);
  expect(second).toEqual(alone);
  const loans: Loan[] = [];
  for (let size = 2 ** 12; size > 0; ) {
    const loan = await columns!.lend('float64', n, size);
    if (loan) loans.push(loan);
    else size = Math.floor(size / 2);
  }
  expect(loans.length).toBeGreaterThan(0);
  expect(await search()).toEqual(alone);
  for (const { giveBack } of loans) giveBack();
}, 60_000);
