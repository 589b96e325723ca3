/** Blocks that do not fit on a device are tried in halves. */
import process from 'node:process';
import { DeviceError } from '../../src/core/errors.ts';
import { ColumnLimit } from '../../src/tfjs/operators/column-limit.ts';
import { afterEach, expect, jest, test } from '../support/jest.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const tooLarge = (reason: string): DeviceError => new DeviceError('test: the GPU reported', { reason });

test.each(['too-large', 'out-of-memory'])(
  'after %s with half as many columns, which is remembered and said',
  async (reason) => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const limit = new ColumnLimit('test');
    const tried: number[] = [];
    const product = async (): Promise<string> => {
      const width = Math.min(100, limit.most);
      tried.push(width);
      if (width > 30) throw tooLarge(reason);
      return 'done';
    };
    expect(await limit.attempt(100, product)).toBe('done');
    expect(await limit.attempt(100, product)).toBe('done');
    expect(tried).toEqual([100, 50, 25, 25]);
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'test: a block of 100 columns is split into blocks of 50: test: the GPU reported',
      'test: a block of 100 columns is split into blocks of 25: test: the GPU reported',
    ]);
  },
);

test('a single column that does not fit, and any other failure, ends the product', async () => {
  const limit = new ColumnLimit('test');
  await expect(limit.attempt(1, () => Promise.reject(tooLarge('out-of-memory')))).rejects.toThrow(DeviceError);
  let calls = 0;
  const lost = (): Promise<never> => {
    calls++;
    return Promise.reject(tooLarge('lost'));
  };
  await expect(limit.attempt(64, lost)).rejects.toThrow(DeviceError);
  expect(calls).toBe(1);
});

test('two products that fail side by side halve the width once', async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const limit = new ColumnLimit('test');
  const product = async (): Promise<number> => {
    const width = Math.min(64, limit.most);
    await Promise.resolve();
    if (width > 32) throw tooLarge('too-large');
    return width;
  };
  expect(await Promise.all([limit.attempt(64, product), limit.attempt(64, product)])).toEqual([32, 32]);
});
