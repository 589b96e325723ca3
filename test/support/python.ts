/** Tests that need Debian's Python with some modules: skipped with the reason in sight, a failure where they must run. */
import process from 'node:process';
import { describe } from './jest.ts';
import { hasModule, PYTHON } from './programs.ts';

/** A group of tests that need Python modules; with EIGENSKETCH_REQUIRE_PYTHON they must be there. */
export function describePython(name: string, modules: readonly string[], tests: () => void): void {
  const missing = modules.find((module) => !hasModule(module));
  if (missing === undefined) {
    describe(name, tests);
    return;
  }
  const reason = `${PYTHON} has no ${missing} (Debian: python3-${missing})`;
  if (process.env.EIGENSKETCH_REQUIRE_PYTHON) throw new Error(`Python is required here: ${reason}`);
  console.warn(`${name} is not tested: ${reason}`);
  describe.skip(`${name} (skipped: ${reason})`, tests);
}
