/**
 * Jest runs the emitted JavaScript: `npm test` builds first. It uses every core; by itself it leaves one free, so that two
 * cores run one file at a time.
 */
import process from 'node:process';

export default {
  testEnvironment: 'node',
  rootDir: '.',
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  modulePathIgnorePatterns: ['<rootDir>/.stryker-tmp/'],
  testTimeout: process.env.EIGENSKETCH_LONG === '1' ? 600_000 : 60_000,
  maxWorkers: '100%',
  reporters: ['default', 'summary', '<rootDir>/dist/test/support/skip-reporter.js'],
};
