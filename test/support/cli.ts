/** Running the command line from tests: in this process, or in one of its own where that is what is tested. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { format } from 'node:util';
import { main } from '../../src/cli/main.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Gives `owner[name]` another value, and returns what gives it back the one it had. */
function replace<T extends object, K extends keyof T>(owner: T, name: K, value: T[K]): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    if (own) Object.defineProperty(owner, name, own);
    else delete owner[name];
  };
}

/**
 * The command line in this process, by its function `main`: a new process takes longer than most of what is tested. `more`
 * is added to the environment.
 */
export async function runHere(
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Ended & { code: number }> {
  const said = { stdout: '', stderr: '' };
  const line =
    (stream: keyof typeof said) =>
    (...parts: unknown[]): void => {
      said[stream] += `${format(...parts)}\n`;
    };
  const chunk = (stream: keyof typeof said) => (text: string | Uint8Array) => {
    said[stream] += text;
    return true;
  };
  const undo = [
    replace(console, 'log', line('stdout')),
    replace(console, 'error', line('stderr')),
    replace(process.stdout, 'write', chunk('stdout')),
    replace(process.stderr, 'write', chunk('stderr')),
    // progress bars are for terminals
    replace(process.stderr, 'isTTY', false),
    ...Object.entries(more).map(([name, value]) => replace(process.env, name, value)),
  ];
  try {
    return { code: await main([...args]), ...said };
  } finally {
    for (const each of undo.reverse()) each();
  }
}

/** Runs the CLI in a process; `onStderr` sees stderr grow and may interrupt it. `more` is added to the environment. */
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
