/** A trial of a library in a child process, so that whatever it does there it does not do here. */
import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './candidates.ts';

const TIMEOUT_MS = 20_000;

/** The same kind of file as this one: compiled, or TypeScript run as it is. */
const TRIAL = fileURLToPath(new URL(`./trial${extname(import.meta.url)}`, import.meta.url));

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** What is wrong with a library, or undefined if it gave right answers and stayed alive. */
export function faultInChild(files: Candidate): Promise<string | undefined> {
  // Electron's executable is Node only when told so.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [TRIAL, ...files], { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      try {
        const { fault } = JSON.parse(lastLine(stdout)) as { fault: string | null };
        if (error === null || fault !== null) return resolve(fault ?? undefined);
      } catch {
        // No answer: the process ended before it wrote one.
      }
      if (error?.killed) return resolve(`gave no answer within ${TIMEOUT_MS / 1000} s`);
      const said = lastLine(stderr) || lastLine(stdout);
      resolve(`ended the process that tried it (${error?.signal ?? error?.code ?? 'no answer'})${said && `: ${said}`}`);
    });
  });
}
