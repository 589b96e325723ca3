/** A member of the team, in a thread of its own. */
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

/** Runs the member's part of a call. */
export function joinTeam({ module, memory, rank, size }: WorkerStart): (call: Call) => void {
  const thread = new Thread(instantiate(module, memory), memory, rank + 1, rank, size);
  return (call) => runCall(thread, call);
}
