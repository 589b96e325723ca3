/** The worker thread: one member of the team, running its part of each call that the main thread posts. */
import { parentPort, workerData } from 'node:worker_threads';
import { joinTeam, type WorkerStart } from './member.ts';
import type { Call } from './programs.ts';

const run = joinTeam(workerData as WorkerStart);

parentPort?.on('message', (call: Call) => {
  run(call);
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
