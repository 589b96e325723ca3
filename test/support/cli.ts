/** Running the command line from tests. */
import { spawn } from 'node:child_process';
import process from 'node:process';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the CLI; `onStderr` sees stderr grow and may interrupt it. `more` is added to the environment. */
export function runCli(
  args: readonly string[],
  onStderr?: (text: string, interrupt: () => void) => void,
  more: Record<string, string> = {},
): Promise<Ended> {
  // the flags of this jest process are not the child's business
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['bin/eigensketch.js', ...args], { env: { ...env, ...more } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      onStderr?.(stderr, () => child.kill('SIGINT'));
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
