/**
 * `#threads` in pages: Web Workers. They start from a text that the build makes of `worker-in-pages.ts`, not from an address,
 * which each bundler would want to be written in another way.
 */

import type { WorkerStart } from './member.ts';
import type { TeamThread, ThreadListener, WorkerMessage } from './threads.ts';
import { WORKER_SOURCE } from './worker-source.js';

/** The part of the interface of Web Workers that is used here; the project's library settings do not declare it. */
interface WebWorker {
  onmessage: ((event: { data: WorkerMessage }) => void) | null;
  onerror: ((event: { message?: string; preventDefault?(): void }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

type WebWorkerClass = new (address: string, options: { name: string }) => WebWorker;

const NOTHING: TeamThread = { post() {}, hold() {}, end: async () => undefined };

export function startThread(start: WorkerStart, { says, failed }: ThreadListener): TeamThread {
  const address = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
  let worker: WebWorker;
  try {
    const { Worker } = globalThis as unknown as { Worker: WebWorkerClass };
    worker = new Worker(address, { name: `eigensketch ${start.rank}` });
    worker.postMessage(start);
  } catch (error) {
    // told later, as of a worker that could not be loaded
    queueMicrotask(() => failed(error as Error));
    return NOTHING;
  } finally {
    // the worker has begun to read it, which is enough
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
  worker.onmessage = ({ data }) => says(data);
  worker.onerror = (event) => {
    event.preventDefault?.();
    failed(new Error(event.message || 'a Web Worker could not be loaded'));
  };
  return {
    post: (call) => worker.postMessage(call),
    hold() {},
    end: async () => worker.terminate(),
  };
}
