/** The Web Worker: as `worker.ts`, in a page. */

import type { WorkerStart } from './member.ts';
import { joinTeam } from './member.ts';
import type { Call } from './programs.ts';

interface WorkerScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: string): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = ({ data: start }) => {
  const run = joinTeam(start as WorkerStart);
  scope.onmessage = ({ data: call }) => {
    run(call as Call);
    scope.postMessage('done');
  };
  scope.postMessage('ready');
};
