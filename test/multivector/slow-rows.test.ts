/** Verbs on tall blocks outside of memory: panels that are still being read or written are left alone, no error is lost. */
import type { Block } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';
import { concatenate, gram, leadingColumns, subtractTimes, times } from '../../src/multivector/verbs.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, transposed } from '../support/matrices.ts';
import { type Behaviour, SlowSpace } from '../support/slow-multivector.ts';

// seven panels of 64 rows, the last of them shorter
const ROWS = 6 * 64 + 21;
const LAST = 6 * 64;
const context = { kernels: await selectKernels() };
const X = randomBlock(ROWS, 3, 1);
const Z = randomBlock(ROWS, 2, 2);
const C = { ...randomBlock(3, 2, 3), data: Float64Array.from(randomBlock(3, 2, 3).data) };
const square = { ...randomBlock(3, 3, 4), data: Float64Array.from(randomBlock(3, 3, 4).data) };
const minus = (A: Block, B: Block): Block => ({ ...A, data: A.data.map((value, at) => value - B.data[at]!) });

describe.each<[string, Behaviour]>([
  ['slow writes', { writeTurns: 7 }],
  ['slow reads', { readTurns: 7 }],
  ['reads that overtake writes', { readTurns: 1, writeTurns: 9 }],
  ['writes that overtake reads', { readTurns: 9, writeTurns: 1 }],
])('%s', (_, behaviour) => {
  const space = new SlowSpace(ROWS, 'float64', behaviour);

  test('times: into another block, and into its own input', async () => {
    const out = await times(await space.from(X), C, await space.allocate(2), context);
    expect(distance(await out.toBlock(), multiply(X, C))).toBeLessThan(1e-13);
    const own = await space.from(X);
    await times(own, square, own, context);
    expect(distance(await own.toBlock(), multiply(X, square))).toBeLessThan(1e-13);
    expect(space.pending).toBe(0);
  });

  test('subtractTimes: changed in place, and into another block', async () => {
    const left = minus(Z, multiply(X, C));
    const inPlace = await space.from(Z);
    await subtractTimes(inPlace, await space.from(X), C, context);
    expect(distance(await inPlace.toBlock(), left)).toBeLessThan(1e-13);
    const out = await subtractTimes(await space.from(Z), await space.from(X), C, context, await space.allocate(2));
    expect(distance(await out.toBlock(), left)).toBeLessThan(1e-13);
    expect(space.pending).toBe(0);
  });

  test('gram, concatenate, leadingColumns', async () => {
    const [x, z] = [await space.from(X), await space.from(Z)];
    expect(distance(await gram(x, z, context), multiply(transposed(X), Z))).toBeLessThan(1e-12);
    const both = await (await concatenate([x, z], await space.allocate(5))).toBlock();
    for (let i = 0; i < ROWS; i++) {
      const row = [...X.data.subarray(3 * i, 3 * i + 3), ...Z.data.subarray(2 * i, 2 * i + 2)];
      expect(Array.from(both.data.subarray(5 * i, 5 * i + 5))).toEqual(row);
    }
    const part = await leadingColumns(x, 1, await space.allocate(1));
    expect((await part.toBlock()).data).toEqual(X.data.filter((_, at) => at % 3 === 0));
  });
});

test('operands in memory and elsewhere go together', async () => {
  const space = new SlowSpace(ROWS, 'float64', { readTurns: 2, writeTurns: 3 });
  const [here, there] = [await multivectorOf(X, 'float64'), await space.from(Z)];
  expect(distance(await gram(here, there, context), multiply(transposed(X), Z))).toBeLessThan(1e-12);
  const left = minus(Z, multiply(X, C));
  await subtractTimes(there, here, C, context);
  expect(distance(await there.toBlock(), left)).toBeLessThan(1e-13);
});

test('a pass over no rows reads none', async () => {
  const reads: number[] = [];
  const space = new SlowSpace(0, 'float64', { onRead: (start) => reads.push(start) });
  const G = await gram(await space.allocate(2), await space.allocate(3), context);
  expect([G.rows, G.cols, reads]).toEqual([2, 3, []]);
});

/** What a verb does to rows of the space that it is given. */
const VERBS: [string, (space: SlowSpace, input: Multivector, changed: Multivector) => Promise<unknown>][] = [
  ['times', async (space, input) => times(input, C, await space.allocate(2), context)],
  ['subtractTimes in place', async (_, input, changed) => subtractTimes(changed, input, C, context)],
  ['concatenate', async (space, input, changed) => concatenate([input, changed], await space.allocate(5))],
];

describe.each(VERBS)('%s', (_, verb) => {
  test.each([
    ['write', 0],
    ['write', 64],
    ['write', LAST],
    ['read', 0],
    ['read', 64],
    ['read', LAST],
  ] as const)('a %s of row %d that fails is the error, told when nothing is under way any more', async (kind, row) => {
    const fail = (start: number): void => {
      if (start === row) throw new Error(`no ${kind} of row ${row}`);
    };
    const on = kind === 'read' ? { onRead: fail } : { onWrite: fail };
    const space = new SlowSpace(ROWS, 'float64', { readTurns: 3, writeTurns: 5, ...on });
    const [input, changed] = [await space.from(X), await space.from(Z)];
    let pending = -1;
    const run = verb(space, input, changed).finally(() => {
      pending = space.pending;
    });
    await expect(run).rejects.toThrow(`no ${kind} of row ${row}`);
    expect(pending).toBe(0);
  });
});

test('an aborted signal ends a pass when nothing is under way any more', async () => {
  const controller = new AbortController();
  const onWrite = (start: number): void => {
    if (start === 64) controller.abort(new Error('enough'));
  };
  const space = new SlowSpace(ROWS, 'float64', { readTurns: 3, writeTurns: 5, onWrite });
  const [input, changed] = [await space.from(X), await space.from(Z)];
  const signalled = { ...context, signal: controller.signal };
  let pending = -1;
  const run = subtractTimes(changed, input, C, signalled).finally(() => {
    pending = space.pending;
  });
  await expect(run).rejects.toThrow('enough');
  expect(pending).toBe(0);
});
