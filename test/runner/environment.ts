/** What Jest asks an environment for, where tests run as a plain module of Node and not in a virtual machine. */
import process from 'node:process';
import { ModuleMocker } from 'jest-mock';
import { ALONE } from './runner.ts';

const moduleMocker: ModuleMocker = new ModuleMocker(globalThis);

/** TensorFlow.js, where a file has loaded it. */
const tensorflow = globalThis as { _tfengine?: { reset(): void } };

/** Of the process itself, what a file can change for the next one. */
const state = (): Map<string, unknown> =>
  new Map<string, unknown>([
    ...Object.entries(process.env).map(([name, value]): [string, unknown] => [`process.env.${name}`, value]),
    ...process
      .eventNames()
      .map((name): [string, unknown] => [`listeners for '${String(name)}'`, process.listenerCount(name)]),
    ['the working directory', process.cwd()],
  ]);

/** Those that Jest replaces while a file runs, and leaves in place after one that does not load. */
const ERRORS = ['uncaughtException', 'unhandledRejection', 'rejectionHandled'] as const;

export default class PlainEnvironment {
  global: typeof globalThis = globalThis;
  moduleMocker: ModuleMocker = moduleMocker;
  readonly #isAlone: boolean;
  readonly #before = state();
  readonly #listeners = ERRORS.map((name) => process.rawListeners(name));
  readonly #exit = process.exit;

  constructor(_config: unknown, { docblockPragmas }: { docblockPragmas: Record<string, unknown> }) {
    this.#isAlone = ALONE in docblockPragmas;
  }

  async setup(): Promise<void> {}

  /** @throws Error that says what the file leaves to the next one, which belongs to its failures */
  async teardown(): Promise<void> {
    if (this.#isAlone) return;
    process.exit = this.#exit;
    for (const [i, name] of ERRORS.entries()) {
      process.removeAllListeners(name);
      for (const listener of this.#listeners[i]!) process.on(name, listener as never);
    }
    moduleMocker.restoreAllMocks();
    tensorflow._tfengine?.reset();
    const [before, after] = [this.#before, state()];
    const left = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
      before.get(name) === after.get(name) ? [] : [`${name}: ${before.get(name)} before, ${after.get(name)} now`],
    );
    if (left.length > 0) {
      throw new Error(
        `left to the next file of this process, put it back or say @${ALONE} at the top, with why: ${left.join('; ')}`,
      );
    }
  }

  getVmContext(): null {
    return null;
  }
}
