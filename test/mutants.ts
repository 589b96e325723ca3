/**
 * Which changes of a room the tests do not notice: StrykerJS makes the changes, one at a time, and runs the tests that belong
 * to the room. `npm run test:mutants -- apost`, or for one file `-- apost/interval.ts`; paths of tests after it, such as
 * `test/stats test/papers`, take the place of those that are found.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Stryker } from '@stryker-mutator/core';

const USAGE = 'usage: npm run test:mutants -- ROOM|FILE [TEST...], for example: apost, or apost/interval.ts test/apost';

/** What is changed: the emitted JavaScript, which is the source without its types. */
function mutated(target: string): string {
  const emitted = join('dist/src', target.replace(/\.ts$/, '.js'));
  if (!existsSync(emitted)) throw new Error(`there is no src/${target}; ${USAGE}`);
  return emitted.endsWith('.js') ? emitted : `${emitted}/**/*.js`;
}

/** Tests in the folder of the same name and those that import from the room, or those whose path begins as one of `chosen`. */
function testsOf(target: string, chosen: readonly string[]): string[] {
  const room = target.split('/')[0]!.replace(/\.ts$/, '');
  const paths = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js'))
    .map((path) => join('dist/test', path));
  if (chosen.length > 0) return paths.filter((path) => chosen.some((start) => path.startsWith(`dist/${start}`)));
  const imports = new RegExp(`/src/${room}[/.]`);
  return paths.filter((path) => path.startsWith(`dist/test/${room}/`) || imports.test(readFileSync(path, 'utf8')));
}

const [target, ...chosen] = process.argv.slice(2).map((argument) => argument.replace(/^src\//, ''));
if (target === undefined) throw new Error(USAGE);
const tests = testsOf(target, chosen);
if (tests.length === 0) throw new Error(`no tests belong to ${target}; ${USAGE}`);
console.log(`${mutated(target)}, with\n${tests.join('\n')}`);
const options: ConstructorParameters<typeof Stryker>[0] = {
  mutate: [mutated(target)],
  // no file of this name: Stryker would rewrite it by the programming interface of an older TypeScript
  tsconfigFile: 'none',
  plugins: ['@stryker-mutator/jest-runner'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules'],
  coverageAnalysis: 'perTest',
  // a machine has other work to do, and kernels have threads of their own
  concurrency: Number(process.env.EIGENSKETCH_MUTANTS_AT_ONCE ?? 1),
  reporters: ['progress-append-only', 'clear-text', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: `reports/mutants/${target.replaceAll('/', '-')}.html` },
  jest: {
    projectType: 'custom',
    enableFindRelatedTests: false,
    config: {
      rootDir: '.',
      testEnvironment: 'node',
      transform: {},
      testTimeout: 60_000,
      testMatch: tests.map((path) => `<rootDir>/${path}`),
    },
  },
};
await new Stryker(options).runMutationTest();
