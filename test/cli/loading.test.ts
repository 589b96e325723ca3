/** What a command loads before it is run: help must not wait for kernels, certificates, statistics, files of blocks and algebra. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { COMMANDS } from '../../src/cli/commands.ts';
import { expect, test } from '../support/jest.ts';

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

/** What is not needed to say what a command takes. */
const HEAVY =
  /^(jstat|ml-matrix|h5wasm|vega|@tensorflow|#native|#reference|#threads)|src\/(hdf5|stats|store|tfjs|remote|files)\/|src\/\w+\.ts$|src\/linalg\/kernels\/select/;
/** Names and fields of options. */
const LIGHT = /store\/folders\.ts$|apost\/(options|certificate)\.ts$/;

test.each([...COMMANDS.keys()])('%s', (name) => {
  const all = [...reached(resolve(`src/cli/${name}.ts`))];
  expect(all).toContain(resolve('src/core/parse.ts'));
  const isHeavy = (file: string): boolean => HEAVY.test(file) || file.includes('src/apost/');
  expect(all.filter((file) => isHeavy(file) && !LIGHT.test(file))).toEqual([]);
});
