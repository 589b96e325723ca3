/**
 * Jest's runner where a process runs one test file after the other, so that modules are loaded and compiled once a process and
 * not once a file. A file with `@own-process` in the comment at its top, which says why, has a process to itself.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extract, parse } from 'jest-docblock';

const TestRunner: typeof import('jest-runner').default = createRequire(import.meta.url)('jest-runner').default;
type Runner = InstanceType<typeof TestRunner>;
type Context = ConstructorParameters<typeof TestRunner>;
type Run = Parameters<Runner['runTests']>;

/** Pragma of a test file that wants a process of its own. */
export const ALONE = 'own-process';

export default class SharedProcesses extends TestRunner {
  readonly #atOnce: number;
  /** Starts a process for each call. */
  readonly #alone: Runner;

  constructor(globalConfig: Context[0], context: Context[1]) {
    super(globalConfig, context);
    this.#atOnce = globalConfig.maxWorkers;
    this.#alone = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
  }

  override on: Runner['on'] = (event, listener) => {
    const stops = [super.on(event, listener), this.#alone.on(event, listener)];
    return () => {
      for (const stop of stops) stop();
    };
  };

  override async runTests(tests: Run[0], watcher: Run[1], { serial }: Run[2]): Promise<void> {
    const alone = tests.filter(({ path }) => ALONE in parse(extract(readFileSync(path, 'utf8'))));
    const together = tests.filter((test) => !alone.includes(test));
    const inProcesses = { serial: false };
    const runNext = async (): Promise<void> => {
      const next = alone.shift();
      if (next === undefined || watcher.isInterrupted()) return;
      await this.#alone.runTests([next], watcher, inProcesses);
      await runNext();
    };
    const lanes = Array.from({ length: serial ? 1 : this.#atOnce }, runNext);
    // the others begin with the first processor that has nothing left to do alone
    await Promise.race(lanes);
    if (together.length > 0 && !watcher.isInterrupted()) {
      await (serial
        ? this.#alone.runTests(together, watcher, inProcesses)
        : super.runTests(together, watcher, inProcesses));
    }
    await Promise.all(lanes);
  }
}
