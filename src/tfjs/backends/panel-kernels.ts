/** Panel products of the dense algebra on the backend in use. */
import { matMul, type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Block, Matrix } from '../../core/block.ts';
import type { PanelKernels } from '../../linalg/kernels/panels.ts';
import { SUMMED_ROWS } from '../../linalg/kernels/provider.ts';
import { currentBackend } from './current.ts';
import { describeBackend, largestBuffer } from './record.ts';

/** Rows of which a tensor with `cols` columns fits into a buffer, at most 2^16. */
function rowsThatFit(cols: number): number {
  return Math.max(1, Math.min(2 ** 16, Math.floor(largestBuffer() / (4 * Math.max(1, cols)))));
}

/** Consecutive ranges of at most `step` rows. */
function rangesOf(rows: number, step: number): { start: number; count: number }[] {
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => ({
    start: i * step,
    count: Math.min(step, rows - i * step),
  }));
}

const rowsOnDevice = (X: Block, start: number, count: number): Tensor =>
  tensor2d(X.data.subarray(start * X.cols, (start + count) * X.cols) as Float32Array, [count, X.cols], 'float32');

/** What a product comes to, and away with it. */
async function read(product: Tensor): Promise<Float32Array> {
  try {
    return (await product.data()) as Float32Array;
  } finally {
    product.dispose();
  }
}

async function addGram(X: Block, Y: Block, G: Matrix): Promise<void> {
  const step = Math.min(SUMMED_ROWS, rowsThatFit(Math.max(X.cols, Y.cols)));
  // All are under way before the first is read.
  const sums = rangesOf(X.rows, step).map(({ start, count }) =>
    tidy(() => matMul(rowsOnDevice(X, start, count), rowsOnDevice(Y, start, count), true)),
  );
  for (const sum of await Promise.all(sums.map(read))) {
    for (let at = 0; at < sum.length; at++) G.data[at]! += sum[at]!;
  }
}

async function times(X: Block, C: Block, out: Block): Promise<void> {
  const small = tensor2d(Float32Array.from(C.data), [C.rows, C.cols], 'float32');
  try {
    const parts = rangesOf(X.rows, rowsThatFit(Math.max(X.cols, C.cols))).map(({ start, count }) => ({
      start,
      product: tidy(() => matMul(rowsOnDevice(X, start, count), small)),
    }));
    await Promise.all(parts.map(async ({ start, product }) => out.data.set(await read(product), start * C.cols)));
  } finally {
    small.dispose();
  }
}

/** The panel products of the backend in use; undefined where it works on this thread. */
export function backendPanels(): PanelKernels | undefined {
  const backend = currentBackend();
  if (!backend.overlaps) return undefined;
  return {
    name: describeBackend(),
    addGram: (X, Y, G) => backend.onDevice(() => addGram(X, Y, G)),
    times: (X, C, out) => backend.onDevice(() => times(X, C, out)),
  };
}
