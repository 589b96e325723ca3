/** The code blocks of the README, and of two pages, run as they stand and print what the block after them says. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { transform } from 'esbuild';
import { command } from './support/command.ts';
import { docBlocks } from './support/doc-blocks.ts';
import { beforeAll, expect, test } from './support/jest.ts';

const PAGES = ['README.md', 'docs/certificate.md', 'docs/figures.md'];
const blocks = await Promise.all(PAGES.map(async (page) => docBlocks(await readFile(page, 'utf8')))).then((of) =>
  of.flat(),
);
const folder = resolve('dist/readme');

/** Runs modules one after the other, and tells what each printed, or threw. */
const PROGRAM = `import { format } from 'node:util';
const said = [];
console.log = (...parts) => void said.push(said.pop() + format(...parts) + '\\n');
for (const file of process.argv.slice(2)) {
  said.push('');
  await import(file).catch((error) => console.log(error));
}
process.stdout.write(JSON.stringify(said));
`;

/** Of every block, in their order. */
let printed: string[];
beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    blocks.map(async ({ code }, index) => {
      const file = resolve(folder, `block-${index}.mjs`);
      await writeFile(file, (await transform(code, { loader: 'ts' })).code);
      return file;
    }),
  );
  const program = resolve(folder, 'blocks.mjs');
  await writeFile(program, PROGRAM);
  // a process of their own, which ends by itself after the last
  printed = JSON.parse((await command(process.execPath, [program, ...files])).stdout);
});

test('there are TypeScript blocks, each with its output below it', () => {
  expect(blocks.length).toBeGreaterThan(10);
});

test.each(blocks.map((block, index) => ({ ...block, index })))('block $index runs: $title', ({ output, index }) => {
  expect(printed[index]).toBe(output);
});
