/** Where tests write many small files that the library has the system put on the disk, which may take longer than all else. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** A disk in memory, as Linux has one, with more room than tests need; elsewhere the folder for temporary files. */
function quickDisk(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > 2 ** 31) return '/dev/shm';
  } catch {
    // another system
  }
  return tmpdir();
}

export const QUICK_DISK: string = quickDisk();
