/** The line about skipped tests: every one counted under its reason, and a run with a skip that gives none fails. */
import { expect, jest, test } from './support/jest.ts';
import SkipReporter, { summarizeSkips } from './support/skip-reporter.ts';
import { skippedTitle } from './support/skips.ts';

const NO_SLURM = 'sbatch is not installed (Debian: slurm-wlm)';
const NO_BLAS = 'there is no usable BLAS';

function skip(title: string, ...ancestorTitles: string[]) {
  return { status: 'pending', title, ancestorTitles, fullName: [...ancestorTitles, title].join(' ') };
}

const run = (...testResults: ReturnType<typeof skip>[]) => ({
  testResults: [{ testFilePath: 'a.test.js', testResults }],
});

const explained = run(
  skip('a product', skippedTitle('native', NO_BLAS)),
  skip('a launch', 'run', skippedTitle('a real Slurm', NO_SLURM)),
  skip(skippedTitle('a Gram matrix', NO_BLAS)),
  { ...skip('2 + 2'), status: 'passed' },
);

test('the line counts every test under its reason, the most frequent one first', () => {
  const line = `3 tests skipped: 2 because ${NO_BLAS}, 1 because ${NO_SLURM}`;
  expect(summarizeSkips(explained)).toEqual({ line, unexplained: [] });
  expect(summarizeSkips(run({ ...skip('2 + 2'), status: 'passed' }))).toEqual({ line: '', unexplained: [] });
});

test('a skip without a reason fails the run, unless a pattern on the command line makes it', () => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const ended = (configuration: object, result: typeof explained): string | undefined => {
      const reporter = new SkipReporter(configuration);
      reporter.onRunComplete(new Set(), result);
      return reporter.getLastError()?.message;
    };
    expect(ended({}, explained)).toBeUndefined();
    expect(ended({}, run(skip('later', 'eigsh')))).toMatch(/^skipped without a reason .*: eigsh later$/);
    expect(ended({ testNamePattern: 'x' }, run(skip('later', 'eigsh')))).toBeUndefined();
    expect(write).toHaveBeenCalledWith(expect.stringMatching(/^3 tests skipped: /));
  } finally {
    write.mockRestore();
  }
});
