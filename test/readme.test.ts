/** The code blocks of the README, and of two pages, run as they stand and print what the block after them says. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { transform } from 'esbuild';
import { command } from './support/command.ts';
import { docBlocks } from './support/doc-blocks.ts';
import { expect, test } from './support/jest.ts';

const PAGES = ['README.md', 'docs/certificate.md', 'docs/figures.md'];
const blocks = await Promise.all(PAGES.map(async (page) => docBlocks(await readFile(page, 'utf8')))).then((of) =>
  of.flat(),
);

test('there are TypeScript blocks, each with its output below it', () => {
  expect(blocks.length).toBeGreaterThan(10);
});

test.each(blocks.map((block, index) => ({ ...block, index })))(
  'block $index runs: $title',
  async ({ code, output, index }) => {
    const folder = resolve('dist/readme');
    await mkdir(folder, { recursive: true });
    const file = resolve(folder, `block-${index}.mjs`);
    await writeFile(file, (await transform(code, { loader: 'ts' })).code);
    expect((await command(process.execPath, [file])).stdout).toBe(output);
  },
);
