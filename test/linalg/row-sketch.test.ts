/** The sketch of rows: what S is, and that nothing but S Y depends on who adds it up. */
import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { sketchRows } from '../../src/linalg/kernels/row-sketch.ts';
import { loadSketchEngine } from '../../src/linalg/kernels/wasm/row-sketch.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, transposed } from '../support/matrices.ts';

const engine = await loadSketchEngine();

const rowsOf = ({ cols, data }: Block, start: number, end: number): Block => ({
  rows: end - start,
  cols,
  data: data.subarray(start * cols, end * cols),
});

/** Adds Y in panels of so many rows. */
const inPanels =
  (Y: Block, rows: number) =>
  async (add: (panel: Block, firstRow: number) => Promise<void>): Promise<void> => {
    for (let start = 0; start < Y.rows; start += rows) {
      await add(rowsOf(Y, start, Math.min(start + rows, Y.rows)), start);
    }
  };

/** n x k, orthonormal to float64. */
async function orthonormalColumns(n: number, k: number, seed: number): Promise<Block> {
  const Y = await multivectorOf(randomBlock(n, k, seed), 'float64');
  return (await orthonormalise(Y, hostSpace(n, 'float64'), { kernels: jsKernels })).basis.toBlock();
}

/** S itself, for sketches of k columns: the sketch of the identity, k columns at a time. */
async function matrixS(n: number, k: number): Promise<Matrix> {
  const parts: Matrix[] = [];
  for (let first = 0; first < n; first += k) {
    const part = zeros(n, k, 'float32');
    for (let j = 0; j < k && first + j < n; j++) part.data[(first + j) * k + j] = 1;
    parts.push(await sketchRows(n, k, inPanels(part, n)));
  }
  const S = zeroMatrix(parts[0]!.rows, n);
  for (const [at, part] of parts.entries()) {
    for (let i = 0; i < S.rows; i++) {
      for (let j = 0; j < k && at * k + j < n; j++) S.data[i * n + at * k + j] = part.data[i * k + j]!;
    }
  }
  return S;
}

describe('S', () => {
  test.each([
    [300, 20],
    [50, 1],
    [90, 37],
  ])('%i columns, for %i: eight signs each, one in every stratum, at least 2k rows', async (n, k) => {
    const S = await matrixS(n, k);
    expect(S.rows).toBeGreaterThanOrEqual(2 * k);
    expect(S.rows % 8).toBe(0);
    const stratum = S.rows / 8;
    for (let j = 0; j < n; j++) {
      for (let t = 0; t < 8; t++) {
        const column = Array.from({ length: stratum }, (_, i) => Math.abs(S.data[(t * stratum + i) * n + j]!));
        expect(column.reduce((sum, entry) => sum + entry, 0)).toBe(1);
        expect(Math.max(...column)).toBe(1);
      }
    }
    const sums = S.data.reduce((sum, entry) => sum + entry, 0);
    // 8 n fair signs: five standard deviations
    expect(Math.abs(sums)).toBeLessThan(5 * Math.sqrt(8 * n));
  });

  test('is a subspace embedding: singular values of S Q within 0.2 to 1.8 times sqrt(8)', async () => {
    // a dense random basis, unit vectors, and both: k = 40, S has 80 rows; 1 -+ sqrt(1/2) is what a Gaussian S would do
    const [n, k] = [2000, 40];
    const unit = zeros(n, k, 'float64');
    for (let j = 0; j < k; j++) unit.data[j * 50 * k + j] = 1;
    for (const Q of [await orthonormalColumns(n, k, 1), unit, await orthonormalColumns(n, k, 2)]) {
      const S = await sketchRows(n, k, inPanels(asDType(Q, 'float32'), 512));
      const { values } = await jsKernels.eigh(multiply(transposed(S), S) as Matrix);
      expect(Math.sqrt(values[0]! / 8)).toBeGreaterThan(0.2);
      expect(Math.sqrt(values.at(-1)! / 8)).toBeLessThan(1.8);
    }
  });
});

describe('S Y', () => {
  test.each([
    [301, 7],
    [500, 129],
    [70, 1],
  ])('%i x %i: the product with S, added up in float64', async (n, k) => {
    const Y = randomBlock(n, k, 3, 'float32');
    const sketched = await sketchRows(n, k, inPanels(Y, 64));
    expect(distance(sketched, multiply(await matrixS(n, k), Y))).toBeLessThan(1e-12);
  });

  test.each([
    [1000, 260],
    [333, 131],
    [64, 3],
  ])('%i x %i: threads and any panels give the bits of one loop', async (n, k) => {
    const Y = randomBlock(n, k, 4, 'float32');
    const shape = { strata: 8, stratum: Math.ceil(k / 4) };
    const whole = await engine.sketch(shape, k, inPanels(Y, n));
    for (const rows of [1, 50, 512])
      expect((await engine.sketch(shape, k, inPanels(Y, rows))).data).toEqual(whole.data);
    const before = process.env.EIGENSKETCH_KERNELS;
    process.env.EIGENSKETCH_KERNELS = 'js';
    try {
      expect((await sketchRows(n, k, inPanels(Y, 100))).data).toEqual(whole.data);
    } finally {
      if (before === undefined) delete process.env.EIGENSKETCH_KERNELS;
      else process.env.EIGENSKETCH_KERNELS = before;
    }
  });

  test('sketches that are asked for at once do not mix, also when one fails', async () => {
    const all = [5, 6, 7].map((seed) => randomBlock(400, 30, seed, 'float32'));
    const shape = { strata: 8, stratum: 8 };
    const alone = [];
    for (const Y of all) alone.push((await engine.sketch(shape, 30, inPanels(Y, 70))).data);
    const failing = engine.sketch(shape, 30, async (add) => {
      await add(rowsOf(all[0]!, 0, 10), 0);
      throw new Error('no more panels');
    });
    const together = all.map((Y) => engine.sketch(shape, 30, inPanels(Y, 90)));
    await expect(failing).rejects.toThrow('no more panels');
    expect((await Promise.all(together)).map(({ data }) => data)).toEqual(alone);
  });

  test('nothing added: zeros', async () => {
    expect((await engine.sketch({ strata: 8, stratum: 1 }, 2, async () => {})).data).toEqual(new Float64Array(16));
  });
});
