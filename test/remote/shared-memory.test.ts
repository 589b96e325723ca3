/** Memory of two processes: the right one or none, and nothing is left of it. */
import { readdirSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { canShare, createShared, openShared } from '../../src/remote/shared-memory.ts';
import { expect } from '../support/jest.ts';
import { needing } from '../support/programs.ts';

const test = needing(await canShare(), 'shared memory (Linux, koffi)');

const openHere = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('eigensketch-');
    } catch {
      return false;
    }
  }).length;

test('what one side writes the other reads; it lasts until both have given it back', async () => {
  const { bytes, where, close, unmap } = await createShared(100_000);
  const other = await openShared(where);
  expect([bytes.length, other.bytes.length, where.path.startsWith(`/proc/${process.pid}/fd/`)]).toEqual([
    100_000,
    100_000,
    true,
  ]);
  bytes[99_999] = 7;
  other.bytes[0] = 8;
  expect([other.bytes[99_999], bytes[0]]).toEqual([7, 8]);
  close();
  expect(openHere()).toBe(0);
  await expect(openShared(where)).rejects.toThrow();
  unmap();
  expect(other.bytes[99_999]).toBe(7);
  other.unmap();
});

test('other memory than the named one, or of another size, is refused', async () => {
  const { where, close, unmap } = await createShared(5000);
  await expect(openShared({ ...where, name: 'eigensketch-of-another-machine' })).rejects.toThrow('is not');
  await expect(openShared({ ...where, bytes: 5001 })).rejects.toThrow('another size than 5001 bytes');
  await expect(openShared({ ...where, path: '/proc/self/fd/9999' })).rejects.toThrow('ENOENT');
  expect(openHere()).toBe(1);
  close();
  unmap();
});
