/** What every product with TensorFlow.js needs first: gradients, repairs, fast paths. */
import { getBackend, getGradient, Tensor } from '@tensorflow/tfjs-core';
import { prepareInPlace } from '../autodiff/rules/convolution/prepare-in-place.ts';
import { currentBackend, refuseUnfit } from '../backends/current.ts';
import { importOrExplain } from '../backends/packages.ts';

/**
 * Registers TensorFlow.js's gradient functions, and what they need and the backend in use lacks. In Node they come with
 * the package `@tensorflow/tfjs` (which `@tensorflow/tfjs-node` contains), not with `@tensorflow/tfjs-core`.
 * Also finds the machine's BLAS, for products of the wasm backend, and our own kernels for its heap.
 * @throws UnsupportedError when that package is not installed, and for a backend that cannot be certified.
 */
export async function prepareTensorFlow(): Promise<void> {
  refuseUnfit(getBackend());
  // tfjs-layers registers the gradients, but not the methods of tensors that some of them use.
  if (getGradient('Add') == null || !('reshape' in Tensor.prototype)) {
    await importOrExplain('TensorFlow.js has no gradients registered', ['@tensorflow/tfjs'], '@tensorflow/tfjs');
  }
  // a page loads the repairs with its first product
  await (await import('./index.ts')).repair();
  await currentBackend().prepare();
  await prepareInPlace();
}
