/** Processes on this machine: the shards of a step side by side, the steps one after the other. */
import { spawn } from 'node:child_process';
import { EigensketchError } from '../../core/errors.ts';
import { betweenCalls } from '../../linalg/kernels/native.ts';
import type { LaunchStep } from './steps.ts';

/** A process that was killed or failed by itself is started again so often. */
const RESTARTS = 3;

/** Exit codes after which a second attempt would end the same way: wrong options, operator or files. */
const FINAL = [2, 3, 5];

async function once(command: readonly string[], args: readonly string[], signal: AbortSignal): Promise<number | null> {
  const [program, ...first] = command as [string, ...string[]];
  // in a group of its own, so that a Ctrl-C in the terminal reaches it once, from here
  const child = await betweenCalls(() =>
    spawn(program, [...first, ...args], { stdio: ['ignore', 'ignore', 'inherit'], detached: true }),
  );
  return new Promise((resolve, reject) => {
    const interrupt = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', interrupt);
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', interrupt);
      resolve(code);
    });
  });
}

async function untilDone(
  command: readonly string[],
  args: readonly string[],
  signal: AbortSignal,
  onRestart: (ended: string) => void,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const code = await once(command, args, signal);
    if (code === 0) return;
    signal.throwIfAborted();
    const ended = code === null ? 'was killed' : `ended with exit code ${code}`;
    if (attempt < RESTARTS && !FINAL.includes(code ?? -1)) {
      onRestart(ended);
      continue;
    }
    throw new EigensketchError('STORE', `eigensketch ${args.join(' ')} ${ended}`, { args, code });
  }
}

/**
 * Runs all steps.
 * @param say told of each step before it, and of each process that has ended too early and is started again
 * @throws EigensketchError for a process that fails for good; the signal's reason when aborted.
 */
export async function runLocally(
  steps: readonly LaunchStep[],
  command: readonly string[],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  for (const step of steps) {
    signal.throwIfAborted();
    say(step.name);
    const again = (name: string) => (ended: string) => say(`${name} ${ended}, and is started again`);
    const { shards } = step;
    if (!shards) await untilDone(command, step.args, signal, again(step.name));
    else {
      const ended = await Promise.allSettled(
        shards.own.map((own) => {
          const shard = `${own}/${shards.count}`;
          return untilDone(command, [...step.args, '--shard', shard], signal, again(`${step.name}, shard ${shard}`));
        }),
      );
      const failed = ended.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }
}
