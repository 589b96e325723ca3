/** The worker threads, started with the first call and never in the way of the process's end. */
import { Worker } from 'node:worker_threads';
import type { CompiledModule, SharedMemory } from './module.ts';
import type { Call } from './programs.ts';
import type { WorkerStart } from './worker.ts';

/** A team of workers over one memory. It runs one call at a time. */
export class Team {
  readonly #workers: Worker[];
  #failure: Error | undefined;
  #waiting = 0;
  #settle: ((failure?: Error) => void) | undefined;

  constructor(module: CompiledModule, memory: SharedMemory, size: number) {
    this.#workers = Array.from({ length: size }, (_, rank) => {
      const workerData: WorkerStart = { module, memory, rank, size };
      // Flags of the parent such as --input-type would keep a worker from starting, and it needs none of them.
      const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, execArgv: [] });
      worker.on('message', () => this.#oneDone());
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error('a worker thread ended')));
      worker.unref();
      return worker;
    });
  }

  /** Whether it can run calls: not once a worker has ended. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** Resolves when every worker has run its part; while it is pending the process stays alive. */
  async run(call: Call): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const worker of this.#workers) worker.ref();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = this.#workers.length;
        this.#settle = (failure) => (failure === undefined ? resolve() : reject(failure));
        for (const worker of this.#workers) worker.postMessage(call);
      });
    } finally {
      for (const worker of this.#workers) worker.unref();
    }
  }

  async close(): Promise<void> {
    this.#fail(new Error('the worker threads were closed'));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #oneDone(): void {
    this.#waiting--;
    if (this.#waiting === 0) this.#settle?.();
  }

  /** A worker that is gone leaves the others waiting at a barrier for ever, so the whole team ends with it. */
  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const worker of this.#workers) void worker.terminate();
    this.#settle?.(failure);
  }
}
