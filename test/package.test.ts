/** What users install: the packed tarball, checked by publint and attw, installed elsewhere, imported both ways. */
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { command } from './support/command.ts';
import { testLarge } from './support/long.ts';

let home: string;
let tarball: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-package-'));
  await command('npm', ['pack', '--ignore-scripts', '--pack-destination', home]);
  tarball = join(home, (await readdir(home)).find((name) => name.endsWith('.tgz'))!);
});

afterAll(() => rm(home, { recursive: true, force: true }));

testLarge(
  'publint finds nothing',
  async () => {
    const { stdout } = await command('npx', ['publint', 'run', tarball, '--strict']);
    expect(stdout).toContain('All good!');
  },
  120_000,
);

testLarge(
  'attw: types resolve on every entry',
  async () => {
    const { stdout } = await command('npx', ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii']);
    // attw exits with an error when a resolution that the profile does not ignore has a problem
    expect(stdout.match(/node16 \(from ESM\): 🟢 \(ESM\)/g)).toHaveLength(7);
  },
  120_000,
);

test('the tarball holds the build, the sources and the papers of the package, and nothing else', async () => {
  const { stdout } = await command('tar', ['tzf', tarball]);
  const folders = new Set(
    stdout
      .trim()
      .split('\n')
      .map((path) => path.split('/').slice(1, 3).join('/')),
  );
  const expected = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  expect([...folders].filter((path) => !/^(bin\/|dist\/src|src\/)/.test(path)).sort()).toEqual(expected);
});

test('installed elsewhere it is imported from ESM and by require', async () => {
  const project = await mkdtemp(join(tmpdir(), 'eigensketch-user-'));
  try {
    await writeFile(join(project, 'package.json'), '{ "name": "user", "private": true }');

    await command(
      'npm',
      ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', tarball],
      project,
    );
    await symlink(resolve('node_modules/@tensorflow'), join(project, 'node_modules/@tensorflow'));
    const use = `seigh(diagonalOperator([5, -3, 1]), 3).then((r) => console.log(Array.from(r.eigenvalues, Math.round).join()))`;
    await writeFile(join(project, 'esm.mjs'), `import { seigh, diagonalOperator } from 'eigensketch';\n${use}\n`);
    await writeFile(join(project, 'cjs.cjs'), `const { seigh, diagonalOperator } = require('eigensketch');\n${use}\n`);
    await writeFile(
      join(project, 'sub.mjs'),
      "import { hessian } from 'eigensketch/tfjs';\nimport { spectra } from 'eigensketch/testing';\nconsole.log(typeof hessian, typeof spectra);\n",
    );
    for (const file of ['esm.mjs', 'cjs.cjs']) {
      expect((await command(process.execPath, [file], project)).stdout.trim()).toBe('5,-3,1');
    }
    expect((await command(process.execPath, ['sub.mjs'], project)).stdout.trim()).toBe('function object');
    // figures need packages that are not installed there, and say so; everything else of a report works
    await writeFile(
      join(project, 'report.mjs'),
      `import { diagonalOperator, seigh } from 'eigensketch';
import { analysisOf, figureSvg, paperSentence } from 'eigensketch/report';
const analysis = analysisOf({ operator: 'A', result: await seigh(diagonalOperator([5, -3, 1]), 3) });
console.log(paperSentence(analysis));
await figureSvg(analysis, 'spectrum').catch((error) => console.log(error.message));
`,
    );
    expect((await command(process.execPath, ['report.mjs'], project)).stdout).toBe(
      'not certified: no test products were spent on this result\nfigureSvg: a figure needs the package vega: npm install vega\n',
    );
    const plan = await command('npx', ['eigensketch', 'plan', '--n', '100', '--max-products', '20', '--json'], project);
    expect(JSON.parse(plan.stdout).sketch.dims).toBe(10);
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}, 180_000);
