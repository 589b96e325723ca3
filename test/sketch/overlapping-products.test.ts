/**
 * Operators whose products overlap: their input and the memory that is lent to them are theirs until they answer, and what
 * they answered is read before it is lent again.
 */
import { setImmediate } from 'node:timers/promises';
import { type Block, zeros } from '../../src/core/block.ts';
import {
  apost,
  fromMatvec,
  type LinearOperator,
  product,
  type SeighOptions,
  seigh,
  ssvd,
  sum,
} from '../../src/index.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Space } from '../../src/multivector/multivector.ts';
import { measure } from '../../src/sketch/measure.ts';
import { describe, expect, test } from '../support/jest.ts';
import { multiply, randomBlock, transposed } from '../support/matrices.ts';

const n = 30;
const factor = randomBlock(n, n, 1);
const A = multiply(factor, transposed(factor));

/** Turns of the event loop until the first, second, ... product is there: answers before, between and after the next call. */
const DELAYS = [0, 5, 1, 3, 0, 0, 8, 2];

interface Device extends LinearOperator {
  /** Products under way, now and at most. */
  readonly underWay: { now: number; most: number };
}

/**
 * Plays a device: the memory it is lent is scratch from the call on, and the input is read only when the product is made,
 * just before the answer. The product with number `fails` is refused then.
 */
function device(fails = -1): Device {
  const underWay = { now: 0, most: 0 };
  let calls = 0;
  return {
    shape: [n, n],
    dtype: 'float64',
    selfAdjoint: true,
    overlaps: true,
    underWay,
    async matmat(X: Block, out: Block = zeros(n, X.cols, 'float64')): Promise<Block> {
      const call = calls++;
      underWay.most = Math.max(underWay.most, ++underWay.now);
      out.data.fill(Number.NaN);
      for (let turn = 0; turn < DELAYS[call % DELAYS.length]!; turn++) await setImmediate();
      underWay.now--;
      if (call === fails) throw new Error('the device is lost');
      out.data.set(multiply(A, X).data);
      return out;
    },
  };
}

const plain = fromMatvec({ shape: [n, n], dtype: 'float64', selfAdjoint: true, matmat: (X) => multiply(A, X) });

const METHODS: [string, SeighOptions][] = [
  ['hmt', {}],
  ['hmt with power iterations', { powerIterations: 1 }],
  ['nystrom', { method: 'nystrom' }],
  ['oversampled', { method: 'oversampled' }],
  ['krylov', { method: 'krylov' }],
];

describe('the same to the bit as products one after the other', () => {
  test.each(METHODS)('seigh, %s', async (_, options) => {
    const overlapping = device();
    const found = await seigh(overlapping, 8, { ...options, blockSize: 3 });
    expect(found.eigenvalues).toEqual((await seigh(plain, 8, { ...options, blockSize: 3 })).eigenvalues);
    // A Krylov step needs its product before it makes the next.
    expect(overlapping.underWay).toEqual({ now: 0, most: options.method === 'krylov' ? 1 : 2 });
  });

  test('ssvd and apost', async () => {
    const { singularValues } = await ssvd(device(), 8, { blockSize: 3 });
    expect(singularValues).toEqual((await ssvd(plain, 8, { blockSize: 3 })).singularValues);
    const sketch = await seigh(plain, 8);
    const certificate = await apost(device(), sketch, { tests: 7, blockSize: 3 });
    expect(certificate.errorFrob).toEqual((await apost(plain, sketch, { tests: 7, blockSize: 3 })).errorFrob);
  });
});

/** Its products take turns of the event loop in one work space: it makes no two at once, and does not say that it does. */
function busy(): LinearOperator {
  const space = new Float64Array(n * 3);
  let calls = 0;
  return {
    shape: [n, n],
    dtype: 'float64',
    selfAdjoint: true,
    async matmat(X: Block): Promise<Block> {
      const input = { ...X, data: space.subarray(0, X.data.length) };
      input.data.set(X.data);
      for (let turn = 0; turn < DELAYS[(calls + 2) % DELAYS.length]!; turn++) await setImmediate();
      calls++;
      return multiply(A, input);
    },
  };
}

describe('beside an operator whose products overlap another is asked for one product at a time', () => {
  const square = multiply(A, A);
  test.each([
    ['in a sum', sum, { ...A, data: A.data.map((value) => 2 * value) }],
    ['in a product, to the left', (both: LinearOperator[]) => product([...both].reverse()), square],
    ['in a product, to the right', product, square],
  ])('%s', async (_, made, exact) => {
    const overlapping = device();
    const X = randomBlock(n, 17, 3);
    const input = await hostSpace(n, 'float64').allocate(17);
    await input.writeColumns(0, X);
    const context = { space: hostSpace(n, 'float64'), blockSize: 3, stage: 'sketch' as const };
    const Y = await (await measure(made([overlapping, busy()]), input, context)).toBlock();
    expect(overlapping.underWay.most).toBe(2);
    for (const [at, value] of multiply(exact, X).data.entries())
      expect(Math.abs(Y.data[at]! - value)).toBeLessThan(1e-9);
  });
});

/** A space whose multivectors take several turns of the event loop to write a block, as files do. */
function slowSpace(): Space {
  const space = hostSpace(n, 'float64');
  const allocate = space.allocate.bind(space);
  space.allocate = async (cols) => {
    const multivector = await allocate(cols);
    const write = multivector.writeColumns.bind(multivector);
    multivector.writeColumns = async (start, block) => {
      for (let turn = 0; turn < 4; turn++) await setImmediate();
      await write(start, block);
    };
    return multivector;
  };
  return space;
}

test('a product is not lent again while it is being written', async () => {
  const X = randomBlock(n, 17, 2);
  const space = hostSpace(n, 'float64');
  const input = await space.allocate(17);
  await input.writeColumns(0, X);
  const context = { where: 'test', space: slowSpace(), blockSize: 3, stage: 'sketch' as const };
  for (const op of [device(), plain]) {
    const Y = await (await measure(op, input, context)).toBlock();
    expect(Y.data).toEqual(multiply(A, X).data);
  }
});

test.each([0, 1, 3])('when product %d fails, the error comes after the others have ended', async (fails) => {
  const failing = device(fails);
  await expect(seigh(failing, 12, { blockSize: 2 })).rejects.toThrow('the device is lost');
  expect(failing.underWay.now).toBe(0);
});
