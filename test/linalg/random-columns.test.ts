/** Random columns of the embedded kernels are those of core/, to the bit, on any number of threads. */
import { type Block, zeros } from '../../src/core/block.ts';
import type { DType } from '../../src/core/dtype.ts';
import { type Distribution, fillRandom, type StreamKey } from '../../src/core/random.ts';
import { fillColumns as fillSomewhere } from '../../src/linalg/kernels/random-columns.ts';
import { Engine } from '../../src/linalg/kernels/wasm/engine.ts';
import { compileModule } from '../../src/linalg/kernels/wasm/module.ts';
import { fillColumns as fillPanels, OWN_PANEL, TEAM_PANEL } from '../../src/linalg/kernels/wasm/random.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';

const key: StreamKey = { seed: 2 ** 52 + 12345, purpose: 'sketch' };

function reference(rows: number, cols: number, dtype: DType, distribution: Distribution, first: number): Block {
  const block = zeros(rows, cols, dtype);
  fillRandom(block, distribution, key, first);
  return block;
}

/** Equal as bits: -0 is not 0. */
const expectSame = ({ data }: Block, expected: Block): void => {
  const bytes = (each: Block): Buffer => Buffer.from(each.data.buffer, each.data.byteOffset, each.data.byteLength);
  const same = bytes({ ...expected, data }).equals(bytes(expected));
  expect(same ? 'the same' : data.findIndex((value, at) => !Object.is(value, expected.data[at]))).toBe('the same');
};

const fillColumns = (engine: Engine, block: Block, distribution: Distribution, of: StreamKey, first: number) =>
  fillPanels(engine, block, distribution, of, first, TEAM_PANEL);

describe.each([0, 1, 2, 3])('an engine of %d threads', (threads) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = new Engine(await compileModule(), threads);
  });
  afterAll(() => engine.close());

  describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
    test.each(['gaussian', 'rademacher', 'sparseSign'] as const)('%s', async (distribution) => {
      // odd heights, ragged groups of four columns, chunks of 64 rows, work for the calling thread and for the team
      for (const [rows, cols] of [
        [1, 1],
        [2, 3],
        [31, 2],
        [64, 4],
        [65, 8],
        [101, 5],
        [127, 33],
        [1001, 130],
        [20_001, 17],
      ] as const) {
        const block = zeros(rows, cols, dtype);
        for (const first of distribution === 'sparseSign' ? [0, 7, 61, 1000] : [7]) {
          await fillColumns(engine, block, distribution, key, first);
          expectSame(block, reference(rows, cols, dtype, distribution, first));
        }
      }
    });
  });

  test('panels of a block that is filled in several', async () => {
    const [rows, cols] = [40_009, 67];
    for (const distribution of ['gaussian', 'rademacher', 'sparseSign'] as const) {
      const block = zeros(rows, cols, 'float32');
      expect(block.data.byteLength).toBeGreaterThan(2 ** 23);
      await fillColumns(engine, block, distribution, key, 0);
      expectSame(block, reference(rows, cols, 'float32', distribution, 0));
    }
  });

  test('small panels are filled on the calling thread', async () => {
    const own = new Engine(await compileModule(), threads);
    for (const distribution of ['gaussian', 'rademacher', 'sparseSign'] as const) {
      const block = zeros(10_009, 67, 'float64');
      await fillPanels(own, block, distribution, key, 0, OWN_PANEL);
      expectSame(block, reference(10_009, 67, 'float64', distribution, 0));
    }
    expect(own.hasTeam).toBe(false);
    await own.close();
  });

  test('a part of the columns is that of the whole, also of memory that is part of a larger one', async () => {
    const whole = reference(999, 40, 'float64', 'gaussian', 0);
    const memory = new Float64Array(2 * 999 * 11).fill(7);
    const part: Block = { rows: 999, cols: 11, data: memory.subarray(5, 5 + 999 * 11) };
    await fillColumns(engine, part, 'gaussian', key, 13);
    for (let i = 0; i < 999; i++) {
      expect(part.data.slice(i * 11, (i + 1) * 11)).toEqual(whole.data.slice(i * 40 + 13, i * 40 + 24));
    }
    expect([memory[4], memory[5 + 999 * 11]]).toEqual([7, 7]);
  });

  test('calls at once do not disturb each other', async () => {
    const blocks = Array.from({ length: 6 }, () => zeros(9_001, 9, 'float32'));
    await Promise.all(blocks.map((block, i) => fillColumns(engine, block, 'gaussian', key, 9 * i)));
    for (const [i, block] of blocks.entries()) expectSame(block, reference(9_001, 9, 'float32', 'gaussian', 9 * i));
  });
});

test('few numbers and many are the same wherever they are made', async () => {
  for (const [rows, cols] of [
    [50, 3],
    [5000, 12],
  ] as const) {
    const block = zeros(rows, cols, 'float32');
    await fillSomewhere(block, 'gaussian', key, 2);
    expectSame(block, reference(rows, cols, 'float32', 'gaussian', 2));
  }
});
