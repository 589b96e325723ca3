/** The TypeScript blocks of the README and the pages compile as they stand, under the strictest settings that users have. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { command } from './support/command.ts';
import { expect, test } from './support/jest.ts';

/** Pages whose blocks are one program. */
const PROGRAMS = ['docs/from-python.md', 'docs/from-files.md'];

const blocksOf = (page: string): string[] => Array.from(page.matchAll(/```ts\n([\s\S]*?)```/g), ([, code]) => code!);

test('every block compiles', async () => {
  const folder = resolve('dist/doc-types');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pages = [
    'README.md',
    ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ];
  let count = 0;
  for (const page of pages) {
    const blocks = blocksOf(await readFile(page, 'utf8'));
    count += blocks.length;
    const programs = PROGRAMS.includes(page) ? [blocks.join('\n')] : blocks;
    for (const [i, code] of programs.entries()) {
      await writeFile(resolve(folder, `${page.replace(/\W/g, '-')}-${i}.ts`), `${code}\nexport {};\n`);
    }
  }
  expect(count).toBeGreaterThan(20);
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'dom'],
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitOverride: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [resolve('node_modules/@types')],
  };
  await writeFile(resolve(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { stdout } = await command('npx', ['tsc', '-p', folder]);
  expect(stdout).toBe('');
}, 120_000);
