/** Jest's runner with a process of its own for every test file: what a file loads, sets or leaves behind reaches no other. */
import { createRequire } from 'node:module';

const TestRunner: typeof import('jest-runner').default = createRequire(import.meta.url)('jest-runner').default;
type Context = ConstructorParameters<typeof TestRunner>;
type Run = Parameters<InstanceType<typeof TestRunner>['runTests']>;

export default class ProcessPerFile extends TestRunner {
  readonly #atOnce: number;

  constructor(globalConfig: Context[0], context: Context[1]) {
    super({ ...globalConfig, maxWorkers: 1 }, context);
    this.#atOnce = globalConfig.maxWorkers;
  }

  override async runTests(tests: Run[0], watcher: Run[1], { serial }: Run[2]): Promise<void> {
    const left = [...tests];
    const runNext = async (): Promise<void> => {
      const next = left.shift();
      if (next === undefined || watcher.isInterrupted()) return;
      await super.runTests([next], watcher, { serial: false });
      await runNext();
    };
    await Promise.all(Array.from({ length: serial ? 1 : this.#atOnce }, runNext));
  }
}
