/** The kernels that recording, gradients and products run with. */
import type { KernelFunc, Tensor } from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { currentBackend } from '../backends/current.ts';
import { type Replacement, withKernels } from '../backends/replaced-kernels.ts';
import { kernelProductsOf } from './rules/convolution/products.ts';
import { convolutionPlane, convolutionSpace } from './rules/convolution/window.ts';
import { finishFused } from './rules/fused.ts';
import type { KernelInputs } from './tape.ts';

type Attributes = Readonly<Record<string, unknown>>;

const isFloat = ({ x, filter }: KernelInputs): boolean => x.dtype === 'float32' && filter.dtype === 'float32';

/** A kernel in terms of tensors, where they are numbers that a product takes. */
const inPlace =
  (compute: (inputs: KernelInputs, attrs: Attributes) => Tensor): Replacement =>
  (original: KernelFunc) =>
  (call) => {
    const [inputs, attrs] = [call.inputs as KernelInputs, call.attrs as Attributes];
    return isFloat(inputs) ? tidy(() => compute(inputs, attrs)) : original(call);
  };

const planar = ({ x, filter }: KernelInputs, attrs: Attributes): Tensor =>
  kernelProductsOf(convolutionPlane(x.shape, filter.shape, attrs)).output(x, filter);

/** Convolutions as products on the machine's BLAS: a backend's own take several times as long. */
const CONVOLUTIONS: Readonly<Record<string, Replacement>> = {
  Conv2D: inPlace(planar),
  Conv3D: inPlace(({ x, filter }, attrs) =>
    kernelProductsOf(convolutionSpace(x.shape, filter.shape, attrs)).output(x, filter),
  ),
  FusedConv2D: inPlace((inputs, attrs) => finishFused(planar(inputs, attrs), inputs, attrs)),
};

/** Runs synchronous `work` with the fast kernels there are. Outside of it the user's TensorFlow.js is what it was. */
export function withFastKernels<T>(work: () => T): T {
  const backend = currentBackend();
  return backend.withFastKernels(() =>
    backend.heap?.arithmetic() ? withKernels(backend.name, CONVOLUTIONS, work) : work(),
  );
}
