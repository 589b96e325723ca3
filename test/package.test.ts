/** What the packed tarball holds; `npm run release:check` tries it in the project of a user, on several versions of Node. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { command } from './support/command.ts';

let home: string;
let tarball: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-package-'));
  await command('npm', ['pack', '--ignore-scripts', '--pack-destination', home]);
  tarball = join(home, (await readdir(home)).find((name) => name.endsWith('.tgz'))!);
});

afterAll(() => rm(home, { recursive: true, force: true }));

test('the tarball holds the build, the sources, pages, examples and papers of the package, and nothing else', async () => {
  const { stdout } = await command('tar', ['tzf', tarball]);
  const folders = new Set(
    stdout
      .trim()
      .split('\n')
      .map((path) => path.split('/').slice(1, 3).join('/')),
  );
  const expected = ['CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'README.md', 'package.json'];
  expect([...folders].filter((path) => !/^(bin\/|dist\/src|docs\/|examples\/|src\/)/.test(path)).sort()).toEqual(
    expected,
  );
});
