/** The worker thread: one member of the team, running its part of each call that the main thread posts. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CompiledModule, instantiate, type SharedMemory } from './module.ts';
import { type Call, runCall } from './programs.ts';
import { Thread } from './thread.ts';

/** What a worker is started with. */
export interface WorkerStart {
  module: CompiledModule;
  memory: SharedMemory;
  rank: number;
  size: number;
}

const { module, memory, rank, size } = workerData as WorkerStart;
const thread = new Thread(instantiate(module, memory), memory, rank + 1, rank, size);

parentPort?.on('message', (call: Call) => {
  runCall(thread, call);
  parentPort?.postMessage('done');
});
