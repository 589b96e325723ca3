/** Losses along directions against a quadratic loss in closed form; the variables are given back. */
import * as tf from '@tensorflow/tfjs';
import { hessian, lossAlong, useBackend } from '../../src/tfjs/index.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

beforeAll(() => useBackend('cpu'));

/** The mean of (x w - y)^2 of two samples: at w = (a, b) it is ((a + 2 b - 1)^2 + (3 a - b)^2) / 2. */
function problem() {
  const w = tf.variable(tf.tensor2d([[0.5], [-0.25]]));
  const x = tf.tensor2d([[1, 2], [3, -1]]); // biome-ignore format: a matrix
  const y = tf.tensor2d([[1], [0]]);
  return {
    w,
    options: {
      model: (input: tf.Tensor2D) => tf.matMul(input, w as unknown as tf.Tensor2D),
      loss: (outputs: tf.Tensor, labels: tf.Tensor) => tf.losses.meanSquaredError(labels, outputs),
      parameters: [w],
      data: [[x, y]] as [tf.Tensor2D, tf.Tensor2D][],
    },
  };
}

const lossAt = (a: number, b: number): number => ((a + 2 * b - 1) ** 2 + (3 * a - b) ** 2) / 2;
const gradientAt = (a: number, b: number): number[] => [
  a + 2 * b - 1 + 3 * (3 * a - b),
  2 * (a + 2 * b - 1) - (3 * a - b),
];

describe('lossAlong', () => {
  test('on a line: losses and slopes', async () => {
    const { options } = problem();
    const steps = [-2, 0, 0.5, 3];
    const d = [0.6, 0.8];
    const { losses, slopes } = await lossAlong({ ...options, directions: [d], steps });
    for (const [i, t] of steps.entries()) {
      const point = [0.5 + t * d[0]!, -0.25 + t * d[1]!] as const;
      expect(losses[i]).toBeCloseTo(lossAt(...point), 4);
      const [g, h] = gradientAt(...point);
      expect(slopes[0]![i]).toBeCloseTo(g! * d[0]! + h! * d[1]!, 4);
    }
    expect(slopes).toHaveLength(1);
  });

  test('on a plane: row-major, the first direction along rows; progress', async () => {
    const { options } = problem();
    const steps = Float64Array.of(-1, 0, 2);
    const seen: number[] = [];
    const onProgress = ({ done }: { done: number }) => void seen.push(done);
    const { losses, slopes } = await lossAlong({ ...options, directions: [[1, 0], [0, 1]], steps, onProgress }); // biome-ignore format: directions
    for (const [i, s] of steps.entries()) {
      for (const [j, t] of steps.entries()) {
        expect(losses[3 * i + j]).toBeCloseTo(lossAt(0.5 + s, -0.25 + t), 4);
        expect(slopes.map((each) => each[3 * i + j])).toEqual(
          gradientAt(0.5 + s, -0.25 + t).map((value) => expect.closeTo(value, 4)),
        );
      }
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('gives the variables back to the bit, also where it fails; recorded operators remain valid; nothing leaks', async () => {
    const { w, options } = problem();
    const H = hessian(options);
    const X = { rows: 2, cols: 1, data: Float32Array.of(1, 0) };
    const product = (await H.matmat(X)).data;
    const { numTensors } = tf.memory();
    await lossAlong({ ...options, directions: [[1e-3, 0.3]], steps: [-1, 1] });
    expect(Array.from(w.dataSync())).toEqual([0.5, -0.25]);
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('enough'));
    const run = lossAlong({ ...options, directions: [[1, 1]], steps: [1, 2], onProgress, signal: stop.signal });
    await expect(run).rejects.toThrow('enough');
    expect(Array.from(w.dataSync())).toEqual([0.5, -0.25]);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect((await H.matmat(X)).data).toEqual(product);
    H.dispose();
  });

  test('what is wrong is refused before anything moves', async () => {
    const { options } = problem();
    const refusal = (more: object, message: string) =>
      expect(lossAlong({ ...options, directions: [[1, 0]], steps: [0], ...more } as never)).rejects.toThrow(message);
    await refusal({ directions: [[1, 0, 0]] }, 'lossAlong: directions[0] has 3 numbers and the parameters 2');
    await refusal({ directions: [] }, 'lossAlong: directions must be one or two, got 0');
    await refusal({ steps: [] }, 'lossAlong: steps must be at least one, got none');
    await refusal({ steps: [Number.NaN] }, 'lossAlong: entry 0 of steps is NaN');
  });
});
