/** Two arms that wind around each other, in the square from -1 to 1. */
import { type Dataset, oneHot, uniform } from './dataset.ts';

const SAMPLES = 160;
const TURNS = 1;
const NOISE = 0.03;

export function spirals(seed: number): Dataset {
  const random = uniform(seed);
  const inputs = new Float32Array(2 * SAMPLES);
  const classes = Uint8Array.from({ length: SAMPLES }, (_, i) => i % 2);
  for (const [i, arm] of classes.entries()) {
    const along = (Math.floor(i / 2) + 1) / (SAMPLES / 2);
    const angle = 2 * Math.PI * TURNS * along + Math.PI * arm;
    inputs[2 * i] = 0.95 * along * Math.cos(angle) + NOISE * random();
    inputs[2 * i + 1] = 0.95 * along * Math.sin(angle) + NOISE * random();
  }
  return { inputs, targets: oneHot(classes, 2), samples: SAMPLES, features: 2, outputs: 2, classes };
}
