/** What a command loads before it is run: the help of these must not wait for certificates, statistics and algebra. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

/** Files and packages that a file imports at once, and what those import. */
function reached(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s*'([^']+)'/gm);
  for (const [, specifier] of statements) {
    if (specifier!.startsWith('.')) reached(join(dirname(file), specifier!), seen);
    else seen.add(specifier!);
  }
  return seen;
}

test.each(['trace', 'norm', 'logdet', 'density', 'svd', 'solve', 'serve'])('%s', (name) => {
  const all = [...reached(resolve(`src/cli/${name}.ts`))];
  expect(all).toContain(resolve('src/cli/operator-source.ts'));
  expect(
    all.filter((each) => /^(jstat|ml-matrix|h5wasm|vega|@tensorflow)|src\/(apost|store|tfjs)\//.test(each)),
  ).toEqual([]);
});
