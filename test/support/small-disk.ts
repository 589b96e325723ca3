/** A disk of a few hundred kilobytes, for tests of full ones. Mounting it needs root, and a container may forbid it even so. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from './jest.ts';
import { skippedTitle } from './skips.ts';

export interface SmallDisk {
  path: string;
  /** Makes it larger: '4m'. */
  resize(size: string): void;
}

function mount(path: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
}

async function withSmallDisk(size: string, body: (disk: SmallDisk) => Promise<void> | void): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'eigensketch-small-'));
  try {
    mount(path, `size=${size}`);
    try {
      await body({ path, resize: (larger) => mount(path, `remount,size=${larger}`) });
    } finally {
      execFileSync('umount', [path]);
    }
  } finally {
    rmdirSync(path);
  }
}

const isPermitted = await withSmallDisk('64k', () => {}).then(
  () => true,
  () => false,
);

/** A test on a small disk: it must run where EIGENSKETCH_REQUIRE_NATIVE says that everything is permitted. */
export function testOnSmallDisk(name: string, size: string, body: (disk: SmallDisk) => Promise<void>): void {
  if (isPermitted || process.env.EIGENSKETCH_REQUIRE_NATIVE) test(name, () => withSmallDisk(size, body), 60_000);
  else test.skip(skippedTitle(name, 'mounting a small disk is not permitted (it needs root)'), () => {});
}
