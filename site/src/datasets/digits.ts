/** Digits of a 5 × 7 font in images of 8 × 8, each shifted, brighter or darker, and with noise. */
import { type Dataset, oneHot, uniform } from './dataset.ts';

/** Width and height of an image. */
export const SIDE = 8;
const SAMPLES = 200;
const NOISE = 0.25;

/** Rows of each digit from top to bottom, five bits each. */
const FONT: readonly (readonly number[])[] = [
  [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
  [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
  [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
  [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
  [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
  [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
  [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
  [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
  [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
];

export function digits(seed: number): Dataset {
  const random = uniform(seed);
  const among = (count: number): number => Math.min(count - 1, Math.floor(((random() + 1) / 2) * count));
  const classes = Uint8Array.from({ length: SAMPLES }, (_, i) => i % FONT.length);
  const inputs = new Float32Array(SAMPLES * SIDE * SIDE);
  for (const [i, digit] of classes.entries()) {
    const [left, top, ink] = [among(4), among(2), 0.8 + 0.2 * random()];
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const bits = FONT[digit]![row - top] ?? 0;
        const x = column - left;
        const isInk = x >= 0 && x < 5 && ((bits >> (4 - x)) & 1) === 1;
        inputs[(i * SIDE + row) * SIDE + column] = (isInk ? ink : 0) + NOISE * random();
      }
    }
  }
  return { inputs, targets: oneHot(classes, 10), samples: SAMPLES, features: SIDE * SIDE, outputs: 10, classes };
}
