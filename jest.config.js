/** Jest runs the emitted JavaScript: `npm test` builds first. */
export default {
  testEnvironment: 'node',
  rootDir: '.',
  testMatch: ['<rootDir>/dist/test/**/*.test.js'],
  transform: {},
  testTimeout: 60_000,
};
