/**
 * Which changes of a room the tests do not notice: StrykerJS makes the changes, one at a time, and runs the tests that belong
 * to the room. `npm run test:mutants -- apost`, or for one file `-- apost/gaps.ts`; paths of tests after it, such as
 * `test/stats test/papers`, take the place of those that are found. `--sample 150` makes about that many of the changes,
 * drawn at random, and `--seed 2` draws others.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { LogLevel, Position } from '@stryker-mutator/api/core';
import { Stryker } from '@stryker-mutator/core';
import { createInstrumenter } from '@stryker-mutator/instrumenter';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const USAGE =
  'usage: npm run test:mutants -- ROOM|FILE [TEST...] [--sample N] [--seed S], for example: apost, or apost/gaps.ts test/apost';

/** Files of what is changed: the emitted JavaScript, which is the source without its types. */
function filesOf(target: string): string[] {
  const emitted = join('dist/src', target.replace(/\.ts$/, '.js'));
  if (!existsSync(emitted)) throw new Error(`there is no src/${target}; ${USAGE}`);
  if (emitted.endsWith('.js')) return [emitted];
  return readdirSync(emitted, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js') && existsSync(join('src', target, path.replace(/\.js$/, '.ts'))))
    .map((path) => join(emitted, path));
}

interface Mutant {
  fileName: string;
  location: { start: Position; end: Position };
}

/** Every change that Stryker would make. Its instrumenter asks an injector for nothing but a log. */
async function mutantsOf(files: readonly string[]): Promise<Mutant[]> {
  const silent = () => {};
  const log = { isDebugEnabled: () => false, debug: silent, info: silent, warn: silent, error: silent };
  const injector = {
    provideValue: () => injector,
    injectClass: (type: new (logger: unknown) => unknown) => new type(log),
  };
  const instrumenter = createInstrumenter(injector as never);
  const contents = files.map((name) => ({ name, content: readFileSync(name, 'utf8'), mutate: true }));
  const { mutants } = await instrumenter.instrument(contents, { ignorers: [], excludedMutations: [], plugins: null });
  return [...mutants];
}

const before = (a: Position, b: Position) => a.line < b.line || (a.line === b.line && a.column <= b.column);
const within = (inner: Mutant, outer: Mutant) =>
  inner.fileName === outer.fileName &&
  before(outer.location.start, inner.location.start) &&
  before(inner.location.end, outer.location.end);

/**
 * Ranges with about `count` changes in all: Stryker makes every change inside a range, so those of whole blocks, which
 * hold many others (and which tests notice most often), are not drawn.
 */
function sample(mutants: readonly Mutant[], count: number, seed: number): string[] {
  const random = xoroshiro128plus(seed);
  const left = mutants.filter((outer) => mutants.filter((inner) => within(inner, outer)).length <= 6);
  const drawn = new Set<Mutant>();
  const ranges: string[] = [];
  while (drawn.size < count && left.length > 0) {
    const [outer] = left.splice(uniformInt(random, 0, left.length - 1), 1);
    if (outer === undefined || drawn.has(outer)) continue;
    for (const inner of mutants) if (within(inner, outer)) drawn.add(inner);
    const { start, end } = outer.location;
    ranges.push(`${outer.fileName}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`);
  }
  console.log(`${drawn.size} of ${mutants.length} changes, drawn with seed ${seed}`);
  return ranges;
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

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const [target, ...chosen] = positionals.map((argument) => argument.replace(/^src\//, ''));
if (target === undefined) throw new Error(USAGE);
const tests = testsOf(target, chosen);
if (tests.length === 0) throw new Error(`no tests belong to ${target}; ${USAGE}`);
const files = filesOf(target);
console.log(`${files.join('\n')}\nwith\n${tests.join('\n')}`);
const mutate =
  values.sample === undefined ? files : sample(await mutantsOf(files), Number(values.sample), Number(values.seed));
const options: ConstructorParameters<typeof Stryker>[0] = {
  mutate,
  // no file of this name: Stryker would rewrite it by the programming interface of an older TypeScript
  tsconfigFile: 'none',
  plugins: ['./dist/test/mutation/runner.js'],
  testRunner: 'loaded-once',
  filesOfTests: tests,
  warnings: { unknownOptions: false, slow: false, preprocessorErrors: true, unserializableOptions: true },
  logLevel: 'warn' as LogLevel,
  // there are none in what was emitted, and it would read every file of the repository
  disableTypeChecks: false,
  coverageAnalysis: 'perTest',
  // a machine has other work to do, and kernels have threads of their own
  concurrency: Number(process.env.EIGENSKETCH_MUTANTS_AT_ONCE ?? 1),
  // tests that take seconds when the machine is quiet may take as long again where it is not
  timeoutMS: 8000,
  reporters: ['progress-append-only', 'clear-text', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false, allowEmojis: false },
  htmlReporter: { fileName: `reports/mutants/${target.replaceAll('/', '-')}.html` },
};
await new Stryker(options).runMutationTest();
