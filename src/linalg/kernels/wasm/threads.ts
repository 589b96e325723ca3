/** `#threads` in Node: worker threads that never stand in the way of the process's end while they have nothing to do. */
import { Worker } from 'node:worker_threads';
import type { WorkerStart } from './member.ts';
import type { Call } from './programs.ts';

/** What a worker says: it is there, or it has run its part of a call. */
export type WorkerMessage = 'ready' | 'done';

/** Who hears of a thread. */
export interface ThreadListener {
  says(message: WorkerMessage): void;
  /** It has ended, or never began. */
  failed(error: Error): void;
}

/** A thread that runs its part of each call that it is sent. */
export interface TeamThread {
  post(call: Call): void;
  /** Whether the process has to stay alive for it. */
  hold(isHeld: boolean): void;
  end(): Promise<unknown>;
}

export function startThread(start: WorkerStart, { says, failed }: ThreadListener): TeamThread {
  // Flags of the parent such as --input-type would keep a worker from starting, and it needs none of them.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start, execArgv: [] });
  worker.on('message', says);
  worker.on('error', failed);
  worker.on('exit', () => failed(new Error('a worker thread ended')));
  return {
    post: (call) => worker.postMessage(call),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: () => worker.terminate(),
  };
}
