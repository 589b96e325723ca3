/** Native kernels for tests, which are skipped, with the reason in sight, on machines that have no BLAS. */
import { loadNativeKernels, type NativeKernels } from '../../src/linalg/kernels/native.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { describe, test } from './jest.ts';
import { skippedTitle } from './skips.ts';

const { kernels, reason } = await loadNativeKernels();
if (kernels === undefined && process.env.EIGENSKETCH_REQUIRE_NATIVE) {
  throw new Error(`native kernels are required here: ${reason}`);
}
if (kernels === undefined) console.warn(`native kernels are not tested: ${reason}`);

/** What machines without native kernels lack. */
export const NO_BLAS = 'there is no usable BLAS (Debian: libopenblas0-pthread)';

/** A group of tests on the native kernels of this machine. */
export function describeNative(name: string, tests: (kernels: NativeKernels) => void): void {
  if (kernels === undefined) describe.skip(skippedTitle(name, NO_BLAS), () => tests({} as NativeKernels));
  else describe(name, () => tests(kernels));
}

const inUse = (await selectKernels()).name.startsWith('native');
const missing = kernels === undefined ? NO_BLAS : 'other kernels than native were chosen';

/** `test` where the native kernels are those that calls use by default; else its `skip`, with a title from {@link nativeTitle}. */
export const whenNative: typeof test | typeof test.skip = inUse ? test : test.skip;

export const nativeTitle = (title: string): string => (inUse ? title : skippedTitle(title, missing));
