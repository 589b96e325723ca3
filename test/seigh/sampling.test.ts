/** Sampling bars: the standard error of each eigenvalue over data batches, from products that are made anyway. */
import {
  apost,
  type BatchProduct,
  denseOperator,
  diagonalOperator,
  type LinearOperator,
  seigh,
  sum,
} from '../../src/index.ts';
import { operatorWithSpectrum, randomOrthogonal } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';

const n = 50;
const basis = randomOrthogonal(n, 1);
const spectrum = (batch: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => (1 + 0.3 * Math.sin(7 * batch + i)) * (i % 3 === 2 ? -1 : 1) * 0.6 ** i);
// batches that share their eigenvectors: eigenvalue i of batch b is known, and so is its standard error
const batches = [0, 1, 2, 3, 4].map((b) => operatorWithSpectrum(spectrum(b), { basis }));

describe('perBatch', () => {
  test.each([
    ['equal batches', [0.2, 0.2, 0.2, 0.2, 0.2]],
    ['a ragged last batch', [0.24, 0.24, 0.24, 0.24, 0.04]],
    ['a sum, not a mean', [3, 3, 3, 3, 3]],
  ])('%s: the textbook standard error of each eigenvalue', async (_, weights) => {
    const A = sum(batches, weights);
    // beyond 24 columns stands 0.6^24, 5e-6 of the largest, whose square is what the leading eigenvalues miss
    const { samplingErrors, eigenvalues, numMatvecs } = await seigh(A, 24, { seed: 1, perBatch: true });
    expect(numMatvecs).toBe(48);
    const total = weights.reduce((a, b) => a + b);
    const exact = Array.from({ length: n }, (_, i) => {
      const values = batches.map((batch) => batch.exactEigenvalues[i]!);
      const mean = values.reduce((s, x, b) => s + (weights[b]! / total) * x, 0);
      const square = values.reduce((s, x, b) => s + (weights[b]! / total) ** 2 * (x - mean) ** 2, 0);
      return { value: total * mean, error: total * Math.sqrt((5 / 4) * square) };
    }).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    for (let i = 0; i < 6; i++) {
      expect(eigenvalues[i]).toBeCloseTo(exact[i]!.value, 6);
      expect(samplingErrors![i]! / exact[i]!.error).toBeCloseTo(1, 3);
    }
    if (weights[4] === 0.2) {
      const x = batches.map((batch) => batch.exactEigenvalues[0]!);
      const mean = x.reduce((a, b) => a + b) / 5;
      const deviation = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / 4);
      expect(samplingErrors![0]! / (deviation / Math.sqrt(5))).toBeCloseTo(1, 3);
    }
  });

  test('costs no product: each batch is applied as often as without, and the result is the same', async () => {
    let columns = 0;
    const counted: LinearOperator[] = batches.map((batch) => ({
      ...batch,
      matmat: (X) => {
        columns += X.cols;
        return batch.matmat(X);
      },
    }));
    const plain = await seigh(sum(counted), 10, { seed: 2 });
    const without = columns;
    columns = 0;
    const result = await seigh(sum(counted), 10, { seed: 2, perBatch: true, blockSize: 3 });
    expect(columns).toBe(without);
    for (let i = 0; i < 5; i++) expect(result.eigenvalues[i]).toBeCloseTo(plain.eigenvalues[i]!, 10);
  });

  test('reaches the certificate, apart from the error of the sketch', async () => {
    const A = sum(batches);
    const result = await seigh(A, 10, { perBatch: true });
    const cert = await apost(A, result, { tests: 5 });
    expect(cert.samplingErrors).toEqual(Array.from(result.samplingErrors!));
    expect(cert.eigenvalueIntervals).toEqual((await apost(A, await seigh(A, 10), { tests: 5 })).eigenvalueIntervals);
  });

  test('batches that agree have no sampling error', async () => {
    const { samplingErrors } = await seigh(sum([batches[0]!, batches[0]!, batches[0]!]), 8, { perBatch: true });
    for (const error of samplingErrors!) expect(error).toBeLessThan(1e-14);
  });
});

describe('matmatByBatch', () => {
  test('of a sum: the weighted parts add up to the product', async () => {
    const A = sum(batches, [1, 2, 3, 4, 5]);
    const X = { rows: n, cols: 2, data: Float64Array.from({ length: 2 * n }, (_, i) => Math.cos(i)) };
    const total = new Float64Array(2 * n);
    const parts: BatchProduct[] = [];
    const whole = await A.matmatByBatch!(X, (part) => {
      parts.push(part);
      for (let at = 0; at < total.length; at++) total[at]! += part.weight * part.product.data[at]!;
    });
    expect(parts.map(({ index, weight }) => [index, weight])).toEqual([0, 1, 2, 3, 4].map((b) => [b, b + 1]));
    expect(Array.from(whole.data)).toEqual(Array.from(total));
  });

  test('a difference is no sum over batches', () => {
    expect(sum([batches[0]!, batches[1]!], [1, -1]).matmatByBatch).toBeUndefined();
  });
});

test.each<[string, LinearOperator, object, string]>([
  [
    'an operator without batches',
    diagonalOperator([1, 2, 3]),
    {},
    'seigh: perBatch needs an operator that is a sum over batches',
  ],
  [
    'a single batch',
    sum([
      denseOperator([
        [1, 0],
        [0, 2],
      ]),
    ]),
    {},
    'seigh: perBatch needs at least two batches, got 1',
  ],
  ['refine', sum(batches), { refine: true }, 'seigh: perBatch cannot be combined with refine'],
  ['one pass', sum(batches), { method: 'nystrom' }, "seigh: perBatch belongs to method 'hmt', got method 'nystrom'"],
])('%s is refused', async (_, op, options, message) => {
  await expect(seigh(op, 2, { ...options, perBatch: true })).rejects.toThrow(message);
});
