/** A sine with noise, on -1..1. */
import { type Dataset, uniform } from './dataset.ts';

const SAMPLES = 80;
const NOISE = 0.1;

export function regression(seed: number): Dataset {
  const random = uniform(seed);
  const inputs = Float32Array.from({ length: SAMPLES }, (_, i) => -1 + (2 * (i + 0.5)) / SAMPLES);
  const targets = inputs.map((x) => Math.sin(2 * Math.PI * x) + NOISE * random());
  return { inputs, targets, samples: SAMPLES, features: 1, outputs: 1 };
}
