/** What a decomposition on disk holds in memory is bounded by its cap, not by the size of its multivectors. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../support/command.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

const CAP = 30e6;
/** Of the program beside what is capped: the young generation, generated code, buffers of the BLAS. */
const PROGRAM = 30e6;

testLarge(
  'n = 200,000, k = 100, cap 30 MB: what three multivectors of 80 MB take at once is the cap and the program',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'eigensketch-peak-'));
    try {
      // as for blocks of a large run, memory that was given back is the system's at once (glibc keeps what is below 32 MB)
      const child = [process.execPath, 'dist/test/hdf5/peak-memory-child.js', directory];
      const { stdout } = await command('env', [`MALLOC_MMAP_THRESHOLD_=${2 ** 17}`, ...child]);
      const { before, decomposed, peak, certified } = JSON.parse(stdout) as Record<string, number>;
      expect(certified).toBeLessThan(1);
      expect(decomposed! - before!).toBeLessThan(CAP + PROGRAM);
      expect(peak! - before!).toBeLessThan(CAP + PROGRAM);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  120_000,
);
