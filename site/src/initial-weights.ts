/** Where training begins: a function of the data's shape and the seed, without tensors. */
import { type Dataset, uniform } from './datasets/dataset.ts';
import type { Settings } from './settings.ts';

/** A dense layer: rows of `weights` are its inputs. Biases begin at zero. */
export interface LayerWeights {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
}

/** Uniform weights of variance 1 / inputs (2 / inputs for ReLU) for the layers from the inputs to the outputs. */
export function initialWeights(
  { features, outputs }: Pick<Dataset, 'features' | 'outputs'>,
  { width, depth, activation, seed }: Settings,
): LayerWeights[] {
  const random = uniform(seed + 1);
  const widths = [features, ...Array.from({ length: depth }, () => width), outputs];
  const gain = activation === 'relu' ? 6 : 3;
  return widths.slice(1).map((to, i) => {
    const from = widths[i]!;
    const weights = Float32Array.from({ length: from * to }, () => Math.sqrt(gain / from) * random());
    return { inputs: from, outputs: to, weights };
  });
}
