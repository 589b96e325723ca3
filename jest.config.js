/**
 * Jest runs the emitted JavaScript: `npm test` builds first. Test files are plain modules of Node, without Jest's virtual
 * machine, many in one process. Jest uses every core; by itself it leaves one free, so that two cores run one file at a time.
 */
import process from 'node:process';

// The workers use every core already, and tests start processes while a call that was aborted may still run: OpenBLAS with
// threads of its own can hang for ever in that case. The programs that tests start use as many threads as anywhere.
process.env.OPENBLAS_NUM_THREADS ??= '1';

export default {
  testEnvironment: '<rootDir>/dist/test/runner/environment.js',
  runtime: '<rootDir>/dist/test/runner/runtime.js',
  runner: '<rootDir>/dist/test/runner/runner.js',
  // after its last test a process ends by itself, which takes a while on a busy machine
  workerGracefulExitTimeout: 10_000,
  // a rejection that nobody awaits belongs to its test
  waitForUnhandledRejections: true,
  rootDir: '.',
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  testTimeout: { 1: 600_000, large: 240_000 }[process.env.EIGENSKETCH_LONG] ?? 60_000,
  maxWorkers: '100%',
  reporters: ['default', 'summary', '<rootDir>/dist/test/support/skip-reporter.js'],
};
