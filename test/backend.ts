/**
 * Runs the suites of test/backends on one backend, which must then be there: `npm run test:backend -- webgpu`, with more
 * arguments for jest after the name.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const NAMES = ['cpu', 'wasm', 'webgpu', 'tensorflow'];
const [name = '', ...rest] = process.argv.slice(2);
if (!NAMES.includes(name)) {
  console.error(`usage: npm run test:backend -- ${NAMES.join('|')} [jest arguments]`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', 'test/backends', ...rest], {
  stdio: 'inherit',
  env: { ...process.env, EIGENSKETCH_TEST_BACKEND: name },
});
process.exit(status ?? 1);
