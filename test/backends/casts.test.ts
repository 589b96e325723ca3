/** What was made of whole numbers and bools is summed as what it is: masks of losses, counts, accuracies. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../../src/tfjs/index.ts';
import { BACKEND, describeBackend } from '../support/backends.ts';
import { expect, test } from '../support/jest.ts';

const SHAPE: [number, number] = [4, 6];
const numbers = Array.from({ length: 24 }, (_, i) => (i * 7) % 11);
// made by a kernel, so that they lie on the device
const sources: Record<string, { make(): tf.Tensor; values: number[] }> = {
  int32: {
    make: () => tf.add(tf.tensor(numbers, SHAPE, 'int32'), tf.scalar(1, 'int32')),
    values: numbers.map((x) => x + 1),
  },
  bool: {
    make: () => tf.greater(tf.tensor(numbers, SHAPE), 5),
    values: numbers.map((x) => Number(x > 5)),
  },
};
const reductions: Record<string, { of(x: tf.Tensor): tf.Tensor; expected(row: number[]): number }> = {
  sum: { of: (x) => tf.sum(x, 1), expected: (row) => row.reduce((a, b) => a + b, 0) },
  mean: { of: (x) => tf.mean(x, 1), expected: (row) => row.reduce((a, b) => a + b, 0) / row.length },
  max: { of: (x) => tf.max(x, 1), expected: (row) => Math.max(...row) },
  min: { of: (x) => tf.min(x, 1), expected: (row) => Math.min(...row) },
  prod: { of: (x) => tf.prod(x, 1), expected: (row) => row.reduce((a, b) => a * b, 1) },
};

await describeBackend('casts to float32', () => {
  const cases = Object.keys(sources).flatMap((source) =>
    Object.keys(reductions).map((name) => [source, name] as const),
  );
  test.each(cases)('of %s: %s', async (source, name) => {
    await useBackend(BACKEND);
    const { make, values } = sources[source]!;
    const { of, expected } = reductions[name]!;
    const found = tf.tidy(() => of(tf.cast(make(), 'float32')));
    const rows = [0, 1, 2, 3].map((row) => expected(values.slice(6 * row, 6 * row + 6)));
    for (const [row, value] of (await found.data()).entries()) expect(value).toBeCloseTo(rows[row]!, 4);
    found.dispose();
  });
});
