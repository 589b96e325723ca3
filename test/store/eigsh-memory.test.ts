/** What a search in a directory holds in memory is bounded by its cap, not by the width of its basis. */
import { command } from '../support/command.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();

testLarge(
  'n = 400,000, a basis of 40 columns and more, cap 20 MB: less than half of what the same search takes in memory',
  async () => {
    const { stdout } = await command(process.execPath, ['dist/test/store/eigsh-memory-child.js', at('.')]);
    const { before, peak, dims, cols } = JSON.parse(stdout) as Record<string, number>;
    expect([cols, dims! >= 40]).toEqual([10, true]);
    // without store: 390 MB. The cap, and what the collector has not yet taken back
    expect(peak! - before!).toBeLessThan(150e6);
  },
  120_000,
);
