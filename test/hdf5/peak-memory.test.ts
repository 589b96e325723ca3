/** What a decomposition on disk holds in memory is bounded by its cap, not by the size of its multivectors. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { command } from '../support/command.ts';

test('n = 200,000, k = 100, cap 30 MB: the peak is far below the 240 MB of three multivectors', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'eigensketch-peak-'));
  try {
    const { stdout } = await command(process.execPath, ['dist/test/hdf5/peak-memory-child.js', directory]);
    const { before, peak, certified } = JSON.parse(stdout) as Record<string, number>;
    expect(certified).toBeLessThan(1);
    // the cap, twice over for what the collector has not yet taken back, libraries and generated code
    expect(peak! - before!).toBeLessThan(150e6);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}, 120_000);
