/** Processes on this machine: the shards of a step side by side, the steps one after the other. */
import { spawn } from 'node:child_process';
import { EigensketchError } from '../../core/errors.ts';
import type { LaunchStep } from './steps.ts';

/** A process that was killed or failed by itself is started again so often. */
const RESTARTS = 3;

/** Exit codes after which a second attempt would end the same way: wrong options, operator or files. */
const FINAL = [2, 3, 5];

function once(command: readonly string[], args: readonly string[], signal: AbortSignal): Promise<number | null> {
  const [program, ...first] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    // in a group of its own, so that a Ctrl-C in the terminal reaches it once, from here
    const child = spawn(program, [...first, ...args], { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
    const interrupt = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', interrupt);
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', interrupt);
      resolve(code);
    });
  });
}

async function untilDone(command: readonly string[], args: readonly string[], signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const code = await once(command, args, signal);
    if (code === 0) return;
    signal.throwIfAborted();
    if (attempt < RESTARTS && !FINAL.includes(code ?? -1)) continue;
    const ended = code === null ? 'was killed' : `ended with exit code ${code}`;
    throw new EigensketchError('STORE', `eigensketch ${args.join(' ')} ${ended}`, { args, code });
  }
}

/**
 * Runs all steps.
 * @param onStep called before each
 * @throws EigensketchError for a process that fails for good; the signal's reason when aborted.
 */
export async function runLocally(
  steps: readonly LaunchStep[],
  command: readonly string[],
  signal: AbortSignal,
  onStep: (step: LaunchStep) => void,
): Promise<void> {
  for (const step of steps) {
    signal.throwIfAborted();
    onStep(step);
    const { shards } = step;
    if (!shards) await untilDone(command, step.args, signal);
    else {
      const ended = await Promise.allSettled(
        shards.own.map((shard) => untilDone(command, [...step.args, '--shard', `${shard}/${shards.count}`], signal)),
      );
      const failed = ended.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }
}
