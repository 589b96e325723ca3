/** The TypeScript of docs/from-files.md is one program: it runs, and prints what the page says. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { command } from './support/command.ts';
import { docBlocks } from './support/doc-blocks.ts';
import { expect, test } from './support/jest.ts';

test('every file and every matrix is as the page has it', async () => {
  const blocks = docBlocks(await readFile('docs/from-files.md', 'utf8'));
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  await mkdir('dist/docs', { recursive: true });
  const file = resolve('dist/docs/from-files.mjs');
  await writeFile(file, blocks.map(({ code }) => code).join('\n'));
  const folder = await mkdtemp(join(tmpdir(), 'eigensketch-from-files-'));
  try {
    const { stdout } = await command(process.execPath, [file], folder);
    expect(stdout).toBe(blocks.map(({ output }) => output).join(''));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
