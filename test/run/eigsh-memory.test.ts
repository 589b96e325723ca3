/** What a search in a directory holds in memory is bounded by its cap, not by the width of its basis. */
import { expect, test } from '@jest/globals';
import { command } from '../support/command.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();

test('n = 400,000, 60 columns, cap 20 MB: the peak is far below the 96 MB of the basis and its float64 copies', async () => {
  const { stdout } = await command(process.execPath, ['dist/test/run/eigsh-memory-child.js', at('.')]);
  const { before, peak, dims, cols } = JSON.parse(stdout) as Record<string, number>;
  expect([cols, dims! >= 40]).toEqual([10, true]);
  console.log(before, peak);
  // the cap, twice over for what the collector has not yet taken back, libraries and generated code
  expect(peak! - before!).toBeLessThan(100e6);
}, 120_000);
