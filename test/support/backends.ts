/** Which backend the suites of test/backends run on, and whether this machine has it. */

import process from 'node:process';
import { describe } from '@jest/globals';
import { type BackendName, type BackendRecord, useBackend } from '../../src/tfjs/index.ts';

/** `npm run test:backend -- NAME` sets it; else WebGPU, which the suites of test/tfjs leave to these. */
export const BACKEND: BackendName = (process.env.EIGENSKETCH_TEST_BACKEND as BackendName | undefined) ?? 'webgpu';

const required = process.env.EIGENSKETCH_TEST_BACKEND !== undefined || Boolean(process.env.EIGENSKETCH_REQUIRE_WEBGPU);

/** What the backend runs on here; undefined where it cannot start, which must not be so where it is required. */
export async function tryBackend(): Promise<BackendRecord | undefined> {
  try {
    return await useBackend(BACKEND);
  } catch (error) {
    if (required) throw error;
    process.stderr.write(`skipped: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** A suite of the backend, skipped where it cannot start (the reason is on the screen). */
export async function describeBackend(name: string, suite: () => void): Promise<void> {
  const record = await tryBackend();
  (record ? describe : describe.skip)(`${name}, on ${BACKEND} (${record?.device ?? 'not here'})`, suite);
}
