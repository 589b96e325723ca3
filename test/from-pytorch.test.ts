/** docs/from-pytorch.md runs: its Python file is served, its TypeScript prints what the page says; and so does the example. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { command } from './support/command.ts';
import { docBlocks } from './support/doc-blocks.ts';
import { example } from './support/example.ts';
import { afterAll, beforeAll, expect, test } from './support/jest.ts';
import { testLarge } from './support/long.ts';
import { PYTHON } from './support/programs.ts';
import { describePython } from './support/python.ts';

describePython('Python with torch and scipy', ['numpy', 'torch', 'scipy'], () => {
  const before = process.env.PATH;
  // `python3` is the one that has the modules
  beforeAll(() => {
    process.env.PATH = `${resolve(PYTHON, '..')}:${before}`;
  });
  afterAll(() => {
    process.env.PATH = before;
  });

  test('the page', async () => {
    const page = await readFile('docs/from-pytorch.md', 'utf8');
    const folder = resolve('dist/docs/from-pytorch');
    await mkdir(folder, { recursive: true });
    const [, python] = /```python\n([\s\S]*?)```/.exec(page)!;
    expect(
      python!
        .trim()
        .split('\n')
        .filter((line) => line !== '').length,
    ).toBeLessThanOrEqual(20);
    await writeFile(join(folder, 'hessian.py'), python!);
    const [block, ...more] = docBlocks(page);
    expect(more).toEqual([]);
    await writeFile(join(folder, 'sketch.mjs'), block!.code);
    expect((await command(process.execPath, ['sketch.mjs'], folder)).stdout).toBe(block!.output);
  }, 120_000);

  testLarge(
    "the example: SciPy's pairs are certified, and the whole matrix in NumPy agrees",
    async () => {
      const output = await example('pytorch');
      const number = (pattern: RegExp): number[] => pattern.exec(output)!.slice(1).map(Number);
      const [, scipy] = output.split("SciPy's eigsh") as [string, string];
      const [lower, upper] = /\[(\S+), (\S+)\]/.exec(scipy)!.slice(1).map(Number) as [number, number];
      const [exactly] = number(/exactly +(\d\S+)/) as [number];
      expect(lower).toBeLessThan(exactly);
      expect(exactly).toBeLessThan(upper);
      expect(number(/\|V'V - I\| = (\S+)/)[0]).toBeLessThan(1e-12);
      const rows = Array.from(output.matchAll(/^ +\d+ {3}(\S+) +(\S+) +(\S+) ± (\S+) +(\S+)$/gm), ([, ...row]) =>
        row.map(Number),
      );
      expect(rows).toHaveLength(10);
      for (const [theirs, residual, ours, bound, exact] of rows as [number, number, number, number, number][]) {
        // printed to eight decimals
        expect(Math.abs(theirs - exact)).toBeLessThanOrEqual(residual + 1e-8);
        expect(Math.abs(ours - exact)).toBeLessThanOrEqual(1.05 * bound + 1e-8);
      }
    },
    120_000,
  );
});
