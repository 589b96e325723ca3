/** Memory of two processes: the right one or none, and nothing is left of it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { canShare, createShared, openShared, type SharedName } from '../../src/remote/shared-memory.ts';
import { collectGarbage } from '../support/garbage.ts';
import { expect } from '../support/jest.ts';
import { needing } from '../support/programs.ts';

const test = needing(await canShare(), 'shared memory (Linux, koffi)');

/** Descriptors of this memory that this process has open. Files of other tests of this process may be open, too. */
const openHere = ({ name }: SharedName): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === `/memfd:${name} (deleted)`;
    } catch {
      return false;
    }
  }).length;

async function mappingsInUse(): Promise<number> {
  await collectGarbage();
  return readFileSync('/proc/self/maps', 'utf8').split('/memfd:eigensketch-').length - 1;
}

test('what one side writes the other reads', async () => {
  const { bytes, where, close } = await createShared(100_000);
  const other = await openShared(where);
  expect([bytes.length, other.length, where.path.startsWith(`/proc/${process.pid}/fd/`)]).toEqual([
    100_000,
    100_000,
    true,
  ]);
  bytes[99_999] = 7;
  other[0] = 8;
  expect([other[99_999], bytes[0]]).toEqual([7, 8]);
  expect(openHere(where)).toBe(1);
  close();
  expect(openHere(where)).toBe(0);
  await expect(openShared(where)).rejects.toThrow();
});

test('it is mapped for as long as anybody has it', async () => {
  const others = await mappingsInUse();
  const holder: { part?: Uint8Array } = {};
  await (async () => {
    const { bytes, close } = await createShared(100_000);
    close();
    holder.part = bytes.subarray(1, 2);
  })();
  expect(await mappingsInUse()).toBe(others + 1);
  holder.part!.fill(7);
  delete holder.part;
  expect(await mappingsInUse()).toBe(others);
});

test('other memory than the named one, or of another size, is refused', async () => {
  const { where, close } = await createShared(5000);
  await expect(openShared({ ...where, name: 'eigensketch-of-another-machine' })).rejects.toThrow('is not');
  await expect(openShared({ ...where, bytes: 5001 })).rejects.toThrow('another size than 5001 bytes');
  await expect(openShared({ ...where, path: '/proc/self/fd/9999' })).rejects.toThrow('ENOENT');
  expect(openHere(where)).toBe(1);
  close();
});
