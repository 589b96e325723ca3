/** The threads, started with the first call and never in the way of the process's end. */
import { startThread, type TeamThread } from '#threads';
import type { CompiledModule, SharedMemory } from './module.ts';
import type { Call } from './programs.ts';

/** A team of threads over one memory. It runs one call at a time. */
export class Team {
  /** Resolves when every thread is there. @throws what kept one of them from starting */
  readonly ready: Promise<void>;
  readonly #threads: TeamThread[];
  #failure: Error | undefined;
  /** Threads that have yet to answer, and who waits for the last of them. */
  #waiting: number;
  #settle!: (failure?: Error) => void;

  constructor(module: CompiledModule, memory: SharedMemory, size: number) {
    this.#waiting = size;
    this.ready = this.#answers();
    // who never asks does not hear of it
    this.ready.catch(() => {});
    this.#threads = Array.from({ length: size }, (_, rank) =>
      startThread(
        { module, memory, rank, size },
        { says: () => this.#oneAnswers(), failed: (error) => this.#fail(error) },
      ),
    );
  }

  /** Whether it can run calls: not once a thread has ended. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** Resolves when every thread has run its part; while it is pending the process stays alive. */
  async run(call: Call): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#hold(true);
    this.#waiting = this.#threads.length;
    const answers = this.#answers();
    for (const thread of this.#threads) thread.post(call);
    await answers;
  }

  async close(): Promise<void> {
    this.#fail(new Error('the worker threads were closed'));
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #answers(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#settle = (failure) => (failure === undefined ? resolve() : reject(failure));
    }).finally(() => this.#hold(false));
  }

  #hold(isHeld: boolean): void {
    for (const thread of this.#threads) thread.hold(isHeld);
  }

  #oneAnswers(): void {
    this.#waiting--;
    if (this.#waiting === 0) this.#settle();
  }

  /** A thread that is gone leaves the others waiting at a barrier for ever, so the whole team ends with it. */
  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const thread of this.#threads) void thread.end();
    this.#settle(failure);
  }
}
