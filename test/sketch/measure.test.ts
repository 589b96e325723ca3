/** The measurement loop: what it asks of operators, lends them, reports, and hands to its sink. */
import { setImmediate } from 'node:timers/promises';
import type { Block } from '../../src/core/block.ts';
import type { Progress } from '../../src/core/schedule.ts';
import type { LinearOperator } from '../../src/linops/operator.ts';
import { hostSpace, viewOf } from '../../src/multivector/host.ts';
import { type ColumnRange, measure, measureAdjoint, measureColumns } from '../../src/sketch/measure.ts';
import { describe, expect, test } from '../support/jest.ts';
import { multiply, randomBlock, transposed } from '../support/matrices.ts';

const [m, n] = [5, 8];
const A = randomBlock(m, n, 1);
const stage = 'sketch' as const;

/** Where products were written and how large the memory was that operators were lent for them. */
interface Lent {
  op: LinearOperator;
  outs: Block[];
}

function lent(matmat: (X: Block) => Promise<Block> | Block, overlaps = false): Lent {
  const outs: Block[] = [];
  const op: LinearOperator = {
    shape: [m, n],
    dtype: 'float64',
    overlaps,
    matmat(X, out) {
      if (out) outs.push({ ...out });
      return matmat(X);
    },
    adjointMatmat: (Y) => multiply(transposed(A), Y),
  };
  return { op, outs };
}

const ranges = (...ends: number[]): ColumnRange[] => ends.map((end, i) => ({ start: i === 0 ? 0 : ends[i - 1]!, end }));

describe.each([false, true])('products that overlap: %p', (overlaps) => {
  test('lent memory has the rows of the product, for the widest range, and is lent again', async () => {
    for (const [blockSize, cols, widest] of [
      [3, 14, 3],
      [100, 4, 4],
    ] as const) {
      const X = viewOf(randomBlock(n, cols, 2));
      const { op, outs } = lent((x) => multiply(A, x), overlaps);
      const Y = await measure(op, X, { space: hostSpace(m, 'float64'), blockSize, stage });
      expect((await Y.toBlock()).data).toEqual(multiply(A, await X.toBlock()).data);
      expect(outs.map(({ rows }) => rows)).toEqual(outs.map(() => m));
      expect(outs.map(({ cols }) => cols)).toEqual(cols === 14 ? [3, 3, 3, 3, 2] : [4]);
      expect(outs.map(({ data }) => data.length)).toEqual(outs.map((out) => m * out.cols));
      const buffers = outs.map(({ data }) => data.buffer);
      // a product with all columns may lie where it is to stay, in memory that others have left
      if (cols > blockSize) for (const { byteLength } of buffers) expect(byteLength).toBe(8 * m * widest);
      else expect(buffers).toEqual([(await Y.readRows(0, m)).data.buffer]);
      const [first, second = first] = buffers;
      expect(second === first).toBe(!overlaps || outs.length === 1);
      for (const [i, buffer] of buffers.entries()) expect(buffer === (i % 2 ? second : first)).toBe(true);
    }
  });

  test('products of the adjoint', async () => {
    const Y = randomBlock(m, 7, 3);
    const { op } = lent((x) => multiply(A, x), overlaps);
    const Z = await measureAdjoint(op, viewOf(Y), { space: hostSpace(n, 'float64'), blockSize: 3, stage });
    expect((await Z.toBlock()).data).toEqual(multiply(transposed(A), Y).data);
  });

  test('progress: from none to all, also over columns that are there; those are not measured', async () => {
    const heard: Progress[] = [];
    const measured: number[] = [];
    const written: [number, number][] = [];
    await measureColumns(
      lent((X) => multiply(A, X), overlaps).op,
      n,
      (start, _, into) => {
        measured.push(start);
        return into;
      },
      {
        stage: 'certificate',
        width: 4,
        ranges: ranges(3, 7, 8, 10).map((range) => ({ ...range, isThere: range.start === 3 || range.start === 7 })),
        total: 10,
        sink: { write: async ({ start, end }) => void written.push([start, end]) },
        onProgress: (progress) => heard.push(progress),
      },
    );
    expect(measured).toEqual([0, 8]);
    expect(written).toEqual([
      [0, 3],
      [8, 10],
    ]);
    const steps = overlaps ? [0, 4, 5, 8, 10] : [0, 3, 7, 8, 10];
    expect(heard).toEqual(steps.map((done) => ({ stage: 'certificate', done, total: 10 })));
  });

  test.each([0, 2, 3])(
    'product %d fails: the sink hears of it, has all others that were asked for, and the error is told',
    async (fails) => {
      let calls = 0;
      const op = lent(async (X) => {
        const call = calls++;
        await setImmediate();
        if (call === fails) throw new Error(`no product ${call}`);
        return multiply(A, X);
      }, overlaps).op;
      const written: number[] = [];
      const failed: [number, unknown][] = [];
      const run = measureColumns(op, n, (_s, _e, into) => into, {
        stage,
        width: 2,
        ranges: ranges(2, 4, 6, 8),
        total: 8,
        sink: {
          write: async ({ start }) => void written.push(start / 2),
          fail: async ({ start }, error) => void failed.push([start / 2, (error as Error).message]),
        },
      });
      await expect(run).rejects.toThrow(`no product ${fails}`);
      expect(failed).toEqual([[fails, `no product ${fails}`]]);
      // the next one was under way where products overlap
      const asked = Array.from({ length: Math.min(4, fails + (overlaps ? 2 : 1)) }, (_, i) => i);
      expect(calls).toBe(asked.length);
      expect(written).toEqual(asked.filter((i) => i !== fails));
    },
  );

  test('an abort ends it before the next columns are made; what was under way is written', async () => {
    const controller = new AbortController();
    const made: number[] = [];
    const written: number[] = [];
    const columns = (start: number, _: number, into: Block) => {
      made.push(start);
      if (start === 2) controller.abort(new Error('enough'));
      return into;
    };
    const run = measureColumns(lent((X) => multiply(A, X), overlaps).op, n, columns, {
      stage,
      width: 2,
      ranges: ranges(2, 4, 6, 8),
      total: 8,
      sink: { write: async ({ start }) => void written.push(start) },
      signal: controller.signal,
    });
    await expect(run).rejects.toThrow('enough');
    expect(made).toEqual([0, 2]);
    expect(written).toEqual([0, 2]);
  });
});

test('a product with a NaN is refused by its column in the whole sketch', async () => {
  const { op } = lent((X) => {
    const Y = multiply(A, X);
    if (X.data[0] === 6) Y.data[1] = Number.NaN;
    return Y;
  });
  const X = randomBlock(n, 9, 4);
  X.data[6] = 6;
  const run = measure(op, viewOf(X), { space: hostSpace(m, 'float64'), blockSize: 3, stage });
  await expect(run).rejects.toThrow('the operator returned NaN in row 0 of column 7 (block of columns 6..8)');
});

/** Runs with a clock of its own, in milliseconds. */
async function withClock(body: (clock: { now: number }) => Promise<void>): Promise<void> {
  const clock = { now: 1000 };
  const { now } = performance;
  performance.now = () => clock.now;
  try {
    await body(clock);
  } finally {
    performance.now = now;
  }
}

describe('seconds of a product', () => {
  test('one after the other: without what it took to make columns and to write', () =>
    withClock(async (clock) => {
      const seconds: number[] = [];
      const op = lent(async (X) => {
        await setImmediate();
        clock.now += 2000;
        return multiply(A, X);
      }).op;
      const columns = (_s: number, _e: number, into: Block) => {
        clock.now += 300;
        return into;
      };
      const sink = {
        write: async (_range: ColumnRange, _product: Block, took: number) => {
          seconds.push(took);
          clock.now += 5000;
        },
      };
      await measureColumns(op, n, columns, { stage, width: 2, ranges: ranges(2, 4, 6), total: 6, sink });
      expect(seconds).toEqual([2, 2, 2]);
    }));

  test('two at a time: from the end of the one before, so that none is counted twice', () =>
    withClock(async (clock) => {
      const seconds: number[] = [];
      const answers: (() => void)[] = [];
      const op = lent(async (X) => {
        await new Promise<void>((resolve) => answers.push(resolve));
        return multiply(A, X);
      }, true).op;
      const sink = { write: async (_range: ColumnRange, _product: Block, took: number) => void seconds.push(took) };
      const all = measureColumns(op, n, (_s, _e, into) => into, {
        stage,
        width: 2,
        ranges: ranges(2, 4),
        total: 4,
        sink,
      });
      while (answers.length < 2) await Promise.race([setImmediate(), all]);
      clock.now += 4000;
      answers[0]!();
      while (seconds.length < 1) await Promise.race([setImmediate(), all]);
      clock.now += 3000;
      answers[1]!();
      await all;
      expect(seconds).toEqual([4, 3]);
    }));
});

test('where products overlap, a device has its commands before the next columns are made', async () => {
  const events: string[] = [];
  const { op } = lent((X) => {
    // commands reach a device in a later turn of the event loop
    globalThis.setImmediate(() => events.push('commands'));
    return multiply(A, X);
  }, true);
  const columns = (start: number, _: number, into: Block) => {
    events.push(`columns ${start}`);
    return into;
  };
  await measureColumns(op, n, columns, {
    stage,
    width: 2,
    ranges: ranges(2, 4),
    total: 4,
    sink: { write: async () => {} },
  });
  expect(events.slice(0, 3)).toEqual(['columns 0', 'commands', 'columns 2']);
});

test('columns may be made elsewhere than in the memory that is offered', async () => {
  const X = randomBlock(n, 2, 5);
  const written: Block[] = [];
  await measureColumns(lent((x) => multiply(A, x)).op, n, async () => X, {
    stage,
    width: 2,
    ranges: ranges(2),
    total: 2,
    sink: { write: async (_range, product) => void written.push(product) },
  });
  expect(written.map(({ data }) => data)).toEqual([multiply(A, X).data]);
});
