/** The numbers of the README are those of the committed results. */
import { command } from './support/command.ts';
import { expect, test } from './support/jest.ts';

test('npm run bench:table has nothing to change', async () => {
  await expect(command(process.execPath, ['dist/bench/table.js', '--check'])).resolves.toBeDefined();
});
