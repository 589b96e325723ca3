/** Running programs from tests. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Output {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a non-zero exit rejects with its output in the message. */
export function command(file: string, args: readonly string[], cwd: string = process.cwd()): Promise<Output> {
  // the settings of this jest process are not the child's business
  const { NODE_OPTIONS: _, OPENBLAS_NUM_THREADS: _threads, ...env } = process.env;
  return run(file, args, { cwd, env, maxBuffer: 2 ** 26 });
}
