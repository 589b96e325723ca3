/**
 * `#threads` in pages: Web Workers. They start from a text that the build makes of `worker-in-pages.ts`, not from an address,
 * which each bundler would want to be written in another way.
 */

import type { WorkerStart } from './member.ts';
import type { TeamThread, ThreadListener, WorkerMessage } from './threads.ts';

/** The part of the interface of Web Workers that is used here; the project's library settings do not declare it. */
interface WebWorker {
  onmessage: ((event: { data: WorkerMessage }) => void) | null;
  onerror: ((event: { message?: string; preventDefault?(): void }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

type WebWorkerClass = new (address: string, options: { name: string }) => WebWorker;

/** Starts a worker from a text. @throws where the policy of the page allows none */
function begin(source: string, start: WorkerStart, { says, failed }: ThreadListener): WebWorker {
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    const { Worker } = globalThis as unknown as { Worker: WebWorkerClass };
    const worker = new Worker(address, { name: `eigensketch ${start.rank}` });
    worker.onmessage = ({ data }) => says(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      failed(new Error(event.message || 'a Web Worker could not be loaded'));
    };
    worker.postMessage(start);
    return worker;
  } finally {
    // the worker has begun to read it, which is enough
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

export function startThread(start: WorkerStart, listener: ThreadListener): TeamThread {
  let worker: WebWorker | undefined;
  let hasEnded = false;
  // loaded by pages that can have threads
  import('./worker-source.js')
    .then(({ WORKER_SOURCE }) => {
      if (!hasEnded) worker = begin(WORKER_SOURCE, start, listener);
    })
    .catch(listener.failed);
  return {
    // no call comes before the worker has said that it is ready
    post: (call) => worker!.postMessage(call),
    hold() {},
    async end() {
      hasEnded = true;
      worker?.terminate();
    },
  };
}
