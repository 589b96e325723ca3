/** The parameters of a model as one long vector: each flattened row-major, one after the other, in the order given. */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type Block, zeros } from '../../core/block.ts';
import { currentBackend } from '../backends/current.ts';

/** Where one parameter lies in the long vector. */
export interface ParameterInfo {
  /** Name of the variable. */
  readonly name: string;
  /** Shape of the variable. */
  readonly shape: readonly number[];
  /** First row and number of rows. */
  readonly offset: number;
  /** Numbers in it. */
  readonly size: number;
}

/** The rows of each tensor in the vector of all. */
export function layOut(tensors: readonly Tensor[], names: readonly string[]): ParameterInfo[] {
  let offset = 0;
  return tensors.map(({ shape, size }, i) => {
    const info = { name: names[i]!, shape: [...shape], offset, size };
    offset += size;
    return info;
  });
}

/** Copies a D x b block to the device: one tensor `[...shape, b]` for each parameter, from its rows without a transpose. */
export function toTangents(X: Block, layout: readonly ParameterInfo[]): Tensor[] {
  return layout.map(({ shape, offset, size }) =>
    tensor(X.data.subarray(offset * X.cols, (offset + size) * X.cols) as Float32Array, [...shape, X.cols], 'float32'),
  );
}

function copyScaled(values: Float32Array, factor: number, target: Float32Array): void {
  if (factor === 1) {
    target.set(values);
    return;
  }
  // four at a time: a loop over each takes longer
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    target[i] = factor * values[i]!;
    target[i + 1] = factor * values[i + 1]!;
    target[i + 2] = factor * values[i + 2]!;
    target[i + 3] = factor * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) target[i] = factor * values[i]!;
}

/**
 * Reads tensors `[...shape, b]` back as the D x b block of their rows, times `factor`, in `out` if given; an absent tensor
 * is zero.
 */
export async function toBlock(
  tensors: readonly (Tensor | undefined)[],
  layout: readonly ParameterInfo[],
  cols: number,
  factor: number,
  out?: Block,
): Promise<Block> {
  const rows = layout.reduce((total, { size }) => total + size, 0);
  const block = out ?? zeros(rows, cols, 'float32');
  // All reads are under way at once: a device answers each only after a round trip.
  await Promise.all(
    layout.map(async ({ offset, size }, i) => {
      const target = block.data.subarray(offset * cols, (offset + size) * cols) as Float32Array;
      const tensor = tensors[i];
      if (tensor === undefined) target.fill(0);
      else
        copyScaled(currentBackend().heap?.numbersOf(tensor) ?? ((await tensor.data()) as Float32Array), factor, target);
    }),
  );
  return block;
}
