/** Tests that need a program of the machine: skipped by name where it is missing, unless everything is said to be installed. */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { test } from './jest.ts';
import { skippedTitle } from './skips.ts';

/** Debian's Python, for which python3-h5py is packaged. */
export const PYTHON = '/usr/bin/python3';

/** Whether a program starts and ends well. */
export function runs(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether Debian's Python has a module, without loading it: for some that takes seconds. */
export const hasModule = (name: string): boolean =>
  runs(PYTHON, '-c', `import importlib.util as util; util.find_spec('${name}').name`);

type Test = (name: string, body: () => Promise<void>, timeout?: number) => void;

/** A test that needs a program: it must run where EIGENSKETCH_REQUIRE_NATIVE says that everything is installed. */
export const needing = (available: boolean, what: string): Test =>
  available || process.env.EIGENSKETCH_REQUIRE_NATIVE
    ? test
    : (name, body) => test.skip(skippedTitle(name, `${what} is not installed`), body);
