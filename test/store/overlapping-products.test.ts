/** Stored runs of an operator whose products overlap: while one is under way, the next is asked for and the last is written. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Block } from '../../src/core/block.ts';
import { type LinearOperator, seigh } from '../../src/index.ts';
import { expect, test } from '../support/jest.ts';
import { alternating, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const A = alternating(120);
const blockSize = 3;
/** Blocks of a stage: the sketch has six, and so have the products of its basis. */
const BLOCKS = 6;
const options = { blockSize, seed: 5, kernels: 'js' } as const;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Waits for it, but not for ever. */
async function comesTrue(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return true;
    await after(3);
  }
  return condition();
}

/** A device that answers a product when the file of the one before is there and the next one has been asked for. */
function patientDevice(directory: string) {
  const seen = { calls: 0, alone: 0, unwritten: 0 };
  const op: LinearOperator = {
    ...A,
    overlaps: true,
    async matmat(X: Block): Promise<Block> {
      // the products that tell one operator from another come one by one
      if (X.cols !== blockSize) return A.matmat(X);
      const call = seen.calls++;
      const input: Block = { ...X, data: X.data.slice() };
      const before = call - 1;
      const stage = before < BLOCKS ? 'sketch' : 'product';
      const file = join(directory, stage, `${before % BLOCKS}`.padStart(6, '0').concat('.h5'));
      if (before >= 0 && !(await comesTrue(() => exists(file)))) seen.unwritten++;
      if (!(await comesTrue(() => seen.calls > call + 1))) seen.alone++;
      return A.matmat(input);
    },
  };
  return { op, seen };
}

test('columns are made and products written while another product is under way', async () => {
  const { op, seen } = patientDevice(at('overlapping'));
  const found = await seigh(op, BLOCKS * blockSize, { ...options, store: at('overlapping') });
  // the last product of each stage has none after it
  expect(seen).toEqual({ calls: 2 * BLOCKS, alone: 2, unwritten: 0 });
  const plain = await seigh(A, BLOCKS * blockSize, { ...options, store: at('plain') });
  expect(found.eigenvalues).toEqual(plain.eigenvalues);
});
