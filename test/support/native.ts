/** Native kernels for tests, which are skipped, with the reason in sight, on machines that have no BLAS. */
import { describe } from '@jest/globals';
import { loadNativeKernels, type NativeKernels } from '../../src/linalg/kernels/native.ts';

const { kernels, reason } = await loadNativeKernels();
if (kernels === undefined && process.env.EIGENSKETCH_REQUIRE_NATIVE) {
  throw new Error(`native kernels are required here: ${reason}`);
}
if (kernels === undefined) console.warn(`native kernels are not tested: ${reason}`);

/** A group of tests on the native kernels of this machine. */
export function describeNative(name: string, tests: (kernels: NativeKernels) => void): void {
  if (kernels === undefined) describe.skip(`${name} (skipped: ${reason})`, () => tests({} as NativeKernels));
  else describe(name, () => tests(kernels));
}
