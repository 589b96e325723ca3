/** A reporter of Jest: one line at the end of a run that says how many tests were skipped and why. */
import process from 'node:process';
import { reasonIn } from './skips.ts';

interface TestResult {
  status: string;
  fullName: string;
  title: string;
  ancestorTitles: string[];
}

interface RunResult {
  testResults: { testFilePath: string; testResults: TestResult[] }[];
}

/** The line, and the names of tests that were skipped without a reason. */
export function summarizeSkips(run: RunResult): { line: string; unexplained: string[] } {
  const counts = new Map<string, number>();
  const unexplained: string[] = [];
  for (const { testResults } of run.testResults) {
    for (const { status, fullName, title, ancestorTitles } of testResults) {
      if (status !== 'pending' && status !== 'todo') continue;
      const reason = reasonIn([...ancestorTitles, title]);
      if (reason === undefined) unexplained.push(fullName);
      else counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} because ${reason}`);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { line: total === 0 ? '' : `${total} tests skipped: ${parts.join(', ')}`, unexplained };
}

/** Jest makes one for each run; a test that is skipped without a reason fails the run. */
export default class SkipReporter {
  #isFiltered: boolean;
  #error: Error | undefined;

  constructor(configuration: { testNamePattern?: string }) {
    this.#isFiltered = Boolean(configuration.testNamePattern);
  }

  onRunComplete(_: unknown, run: RunResult): void {
    // tests that `-t` leaves out are skipped, too
    if (this.#isFiltered) return;
    const { line, unexplained } = summarizeSkips(run);
    if (line) process.stderr.write(`${line}\n`);
    if (unexplained.length === 0) return;
    this.#error = new Error(`skipped without a reason in the title (see skippedTitle): ${unexplained.join('; ')}`);
    process.stderr.write(`${this.#error.message}\n`);
  }

  getLastError(): Error | undefined {
    return this.#error;
  }
}
