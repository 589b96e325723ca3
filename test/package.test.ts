/** What the packed tarball holds; `npm run release:check` tries it in the project of a user, on several versions of Node. */
import { command } from './support/command.ts';
import { expect } from './support/jest.ts';
import { testLarge } from './support/long.ts';

testLarge(
  'the tarball holds the build, the sources, pages, examples and papers of the package, and nothing else',
  async () => {
    const { stdout } = await command('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
    const listed = Object.values(JSON.parse(stdout) as object)[0] as { files: { path: string }[] };
    const folders = new Set(listed.files.map(({ path }) => path.split('/').slice(0, 2).join('/')));
    const expected = ['CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'README.md', 'package.json'];
    const others = [...folders].filter((path) => !/^(bin\/|dist\/src$|docs\/|examples\/|src\/)/.test(path));
    expect(others.sort()).toEqual(expected);
    expect([...folders]).toEqual(
      expect.arrayContaining(['bin/eigensketch.js', 'dist/src', 'docs/figures', 'docs/certificate.md']),
    );
  },
);
