/** What a GPU does during some work: kernels and their time by its own clock, and floating-point operations. */
import * as tf from '@tensorflow/tfjs';

/** What TensorFlow.js's WebGPU backend keeps of each kernel while it is told to take times. */
interface Timer {
  name: string;
  /** Milliseconds. */
  query: Promise<number>;
}

/** Milliseconds in kernels by the device's timestamps, and how many kernels there were. Only for WebGPU. */
export async function timeKernels(work: () => Promise<unknown>): Promise<{ milliseconds: number; kernels: number }> {
  const backend = tf.backend() as unknown as { activeTimers: Timer[] | undefined };
  const timers: Timer[] = [];
  backend.activeTimers = timers;
  try {
    await work();
  } finally {
    backend.activeTimers = undefined;
  }
  const times = await Promise.all(timers.map(({ query }) => query));
  return { milliseconds: times.reduce((sum, time) => sum + time, 0), kernels: timers.length };
}

type Call = Parameters<tf.KernelFunc>[0];
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

function productOperations({ inputs, attrs }: Call, output: tf.TensorInfo): number {
  const { shape } = inputs.a!;
  const depth = shape.at(attrs?.transposeA ? -2 : -1)!;
  return 2 * sizeOf(output.shape) * depth;
}

/** Numbers of the filter that meet one channel of the output. */
const window = (shape: readonly number[]): number => shape[0]! * shape[1]! * shape[2]!;

/** Floating-point operations of the kernels that do nearly all of them. */
const OPERATIONS: Record<string, (call: Call, output: tf.TensorInfo) => number> = {
  BatchMatMul: productOperations,
  _FusedMatMul: productOperations,
  Conv2D: ({ inputs }, { shape }) => 2 * sizeOf(shape) * window(inputs.filter!.shape),
  FusedConv2D: ({ inputs }, { shape }) => 2 * sizeOf(shape) * window(inputs.filter!.shape),
  Conv2DBackpropInput: ({ inputs }) => 2 * sizeOf(inputs.dy!.shape) * window(inputs.filter!.shape),
  Conv2DBackpropFilter: ({ inputs }, { shape }) => 2 * sizeOf(inputs.dy!.shape) * window(shape),
};

/** Floating-point operations of matrix products and convolutions during `work`. */
export async function countOperations(work: () => Promise<unknown>): Promise<number> {
  const name = tf.getBackend();
  const originals = Object.keys(OPERATIONS).flatMap((kernel) => tf.getKernel(kernel, name) ?? []);
  let [total, depth] = [0, 0];
  const replace = (config: tf.KernelConfig): void => {
    tf.unregisterKernel(config.kernelName, name);
    tf.registerKernel(config);
  };
  const counting = (config: tf.KernelConfig): tf.KernelConfig => ({
    ...config,
    kernelFunc: (call) => {
      depth++;
      try {
        const output = config.kernelFunc(call);
        // what a kernel calls inside is part of it
        if (depth === 1) total += OPERATIONS[config.kernelName]!(call, output as tf.TensorInfo);
        return output;
      } finally {
        depth--;
      }
    },
  });
  for (const config of originals) replace(counting(config));
  try {
    await work();
  } finally {
    for (const config of originals) replace(config);
  }
  return total;
}
