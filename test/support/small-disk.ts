/** A disk of a few hundred kilobytes, for tests of full ones. Mounting it needs root. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from '@jest/globals';

export interface SmallDisk {
  path: string;
  /** Makes it larger: '4m'. */
  resize(size: string): void;
}

async function withSmallDisk(size: string, body: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'eigensketch-small-'));
  const mount = (options: string): void =>
    void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  try {
    mount(`size=${size}`);
  } catch (error) {
    await rm(path, { recursive: true });
    // a container may forbid mounts even to root
    if (process.env.EIGENSKETCH_REQUIRE_NATIVE) throw error;
    console.warn('the disk-full test did not run: mount is not permitted here');
    return;
  }
  try {
    await body({ path, resize: (larger) => mount(`remount,size=${larger}`) });
  } finally {
    execFileSync('umount', [path]);
    await rm(path, { recursive: true });
  }
}

/** A test on a small disk, skipped by name for those who cannot mount one. */
export function testOnSmallDisk(name: string, size: string, body: (disk: SmallDisk) => Promise<void>): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) test(name, () => withSmallDisk(size, body), 60_000);
  else test.skip(`${name} (skipped: mounting needs root)`, () => {});
}
