/**
 * What Jest asks for modules, given by Node itself: a test file is a module like any other. Jest's own runtime compiles every
 * module in a virtual machine, where loading takes three times as long and computations a third longer.
 */
import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type PlainEnvironment from './environment.ts';

const require = createRequire(import.meta.url);

/** What Jest remembers of the file that ran last; Node carries it through every promise for as long as it is enabled. */
let remembered: AsyncLocalStorage<never> | undefined;

class Remembered<T> extends AsyncLocalStorage<T> {
  constructor() {
    super();
    remembered = this as never;
  }
}

export default class PlainRuntime {
  readonly #environment: PlainEnvironment;

  constructor(_config: unknown, environment: PlainEnvironment) {
    this.#environment = environment;
  }

  unstable_shouldLoadAsEsm(): boolean {
    return true;
  }

  async unstable_importModule(path: string): Promise<void> {
    await import(pathToFileURL(path).href);
  }

  requireModule(path: string): unknown {
    return require(path);
  }

  /** The functions of tests with the list of what they declared, which are new for every file of a process. */
  requireInternalModule(path: string): unknown {
    delete require.cache[path];
    Reflect.deleteProperty(globalThis, Symbol.for('EVENT_HANDLERS'));
    remembered?.disable();
    // newer versions of Node have a getter there
    const own = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage')!;
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value: Remembered, configurable: true, enumerable: true });
    try {
      return require(path);
    } finally {
      Object.defineProperty(asyncHooks, 'AsyncLocalStorage', own);
    }
  }

  /** `describe`, `test` and so on are globals, which `test/support/jest.ts` exports. */
  setGlobalsForRuntime(): void {
    Object.assign(globalThis, { jest: this.#environment.moduleMocker });
  }

  getSourceMaps(): Map<string, string> {
    return new Map();
  }

  enterTestCode(): void {}

  leaveTestCode(): void {}

  getAllCoverageInfoCopy(): undefined {
    return undefined;
  }

  teardown(): void {}
}
