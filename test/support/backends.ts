/** Which backend the suites of test/backends run on, and whether this machine has it. */

import process from 'node:process';
import { type BackendName, type BackendRecord, useBackend } from '../../src/tfjs/index.ts';
import { describe, test } from './jest.ts';
import { describeLarge, long, testLarge } from './long.ts';
import { skippedTitle } from './skips.ts';

/** `npm run test:backend -- NAME` sets it; else WebGPU, which the suites of test/tfjs leave to these. */
export const BACKEND: BackendName = (process.env.EIGENSKETCH_TEST_BACKEND as BackendName | undefined) ?? 'webgpu';

/** Whether the suites take all columns and cases: asked for by name or in the long repeats, not beside everything else. */
export const thorough: boolean = long || process.env.EIGENSKETCH_TEST_BACKEND !== undefined;

/** A group of tests, and a test, that `npm test` leaves out: it runs the others on this backend, most often a GPU in software. */
export const describeThorough: typeof describeLarge = thorough ? describe : describeLarge;
export const testThorough: typeof testLarge = thorough ? test : testLarge;

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

const REASONS: Partial<Record<BackendName, string>> = {
  webgpu: 'WebGPU finds no adapter (Debian, in software: libvulkan1, chromium and VK_ICD_FILENAMES, see docs/gpu.md)',
};

/** A group of tests of what needs the backend, skipped where it did not start (what it said is on the screen). */
export function describeOn(record: BackendRecord | undefined, name: string, suite: () => void): void {
  if (record) describe(name, suite);
  else describe.skip(skippedTitle(name, REASONS[BACKEND] ?? `backend '${BACKEND}' does not start`), suite);
}

/** A suite of the backend. */
export async function describeBackend(name: string, suite: () => void): Promise<void> {
  const record = await tryBackend();
  describeOn(record, `${name}, on ${BACKEND}${record ? ` (${record.device})` : ''}`, suite);
}
