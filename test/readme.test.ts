/** The README's code blocks run as they stand and print what the block after them says. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { command } from './support/command.ts';
import { docBlocks } from './support/doc-blocks.ts';

const readme = await readFile('README.md', 'utf8');
const blocks = docBlocks(readme);

test('the README has TypeScript blocks, each with its output below it', () => {
  expect(blocks.length).toBeGreaterThan(0);
});

test.each(blocks.map((block, index) => ({ ...block, index })))(
  'block $index runs: $title',
  async ({ code, output, index }) => {
    const folder = resolve('dist/readme');
    await mkdir(folder, { recursive: true });
    const file = resolve(folder, `block-${index}.mjs`);
    await writeFile(file, code);
    expect((await command(process.execPath, [file])).stdout).toBe(output);
  },
);
