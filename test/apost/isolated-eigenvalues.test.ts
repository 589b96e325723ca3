/** Completeness, gaps and angles: Kuczynski & Wozniakowski 1992, Li & Li 2005, Davis & Kahan 1970. */
import { describe, expect, test } from '@jest/globals';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type EighResult,
  type LinearOperator,
  seigh,
} from '../../src/index.ts';
import { multivectorOf } from '../../src/multivector/host.ts';

const n = 120;
const spectra: [string, Float64Array][] = [
  ['1/j', Float64Array.from({ length: n }, (_, i) => 10 / (i + 1))],
  ['geometric', Float64Array.from({ length: n }, (_, i) => 0.7 ** i)],
  ['plus-minus pairs', Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (1 + Math.floor(i / 2)) ** 2)],
  ['spikes over a flat bulk', Float64Array.from({ length: n }, (_, i) => (i < 5 ? 200 - 30 * i : i % 2 ? -1 : 1))],
];
const CONFIDENCE = 0.9;
const SEEDS = 400;
// 3.72 standard errors of a binomial: a correct event is missed more often with probability below 1e-4
const MOST_MISSED = SEEDS * (1 - CONFIDENCE) + 3.72 * Math.sqrt(SEEDS * CONFIDENCE * (1 - CONFIDENCE));

/** sin of the angle between column i of V and the coordinate axis of one eigenvalue of a diagonal operator. */
async function sine(result: EighResult, i: number, axis: number): Promise<number> {
  const { data, cols, rows } = await result.eigenvectors.toBlock();
  let square = 0;
  for (let row = 0; row < rows; row++) if (row !== axis) square += data[row * cols + i]! ** 2;
  return Math.sqrt(square);
}

/** Whether every statement of the event `spectral` is true of diag(values). */
async function spectralEventHolds(values: Float64Array, result: EighResult, cert: Certificate): Promise<boolean> {
  const magnitudes = Array.from(values, Math.abs).sort((a, b) => b - a);
  if (magnitudes[result.rank]! > cert.missedEigenvalueBound!) return false;
  for (const [i, interval] of cert.gapIntervals!.entries()) {
    if (!interval) continue;
    const inside = Array.from(values.keys()).filter(
      (j) => values[j]! >= interval.lower && values[j]! <= interval.upper,
    );
    if (inside.length !== 1) return false;
    if ((await sine(result, i, inside[0]!)) > Math.sin(cert.angleBounds![i]!)) return false;
  }
  return true;
}

describe(`the event 'spectral' at ${CONFIDENCE} over ${SEEDS} sketches and certificates`, () => {
  test.each(spectra)(
    '%s',
    async (_, values) => {
      const A = diagonalOperator(values);
      let missed = 0;
      let isolated = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        const result = await seigh(A, 24, { seed });
        const cert = await apost(A, result, { tests: 8, confidence: CONFIDENCE, seed });
        isolated += cert.gapIntervals!.filter((interval) => interval !== null).length;
        if (!(await spectralEventHolds(values, result, cert))) missed++;
      }
      expect(missed).toBeLessThanOrEqual(MOST_MISSED);
      // and it says something: at least the leading eigenvalue is isolated in nearly every run
      expect(isolated).toBeGreaterThan(SEEDS * 0.9);
    },
    120_000,
  );
});

test('gap intervals are quadratically small in the residual', async () => {
  const A = diagonalOperator(spectra[3]![1]);
  const result = await seigh(A, 40, { seed: 1, powerIterations: 2 });
  const { gapIntervals, eigenvalueIntervals } = await apost(A, result, { seed: 1 });
  const radius = ({ lower, upper }: { lower: number; upper: number }): number => (upper - lower) / 2;
  const residual = radius(eigenvalueIntervals![0]!);
  // the gap to the second spike is about 30
  expect(radius(gapIntervals![0]!)).toBeLessThan((1.5 * residual ** 2) / 30);
});

test('more power steps never make the bound worse, and cost eight products each', async () => {
  const A = diagonalOperator(spectra[0]![1]);
  const result = await seigh(A, 20, { seed: 1 });
  const certificates = await Promise.all([0, 1, 2, 5].map((powerSteps) => apost(A, result, { tests: 10, powerSteps })));
  const bounds = certificates.map((cert) => cert.missedEigenvalueBound!);
  for (let i = 1; i < bounds.length; i++) expect(bounds[i]!).toBeLessThanOrEqual(bounds[i - 1]!);
  expect(bounds[3]! / bounds[0]!).toBeLessThan(0.6);
  expect(certificates.map((cert) => cert.numMatvecs)).toEqual([11, 19, 27, 51]);
});

test('what is coupled to the basis counts as missed: A = [0 1; 1 0] and the vector (1, 0)', async () => {
  const A: LinearOperator = {
    shape: [2, 2],
    dtype: 'float64',
    selfAdjoint: true,
    matmat: ({ data, cols }) => ({
      rows: 2,
      cols,
      data: Float64Array.from([...data.subarray(cols), ...data.subarray(0, cols)]),
    }),
  };
  const eigenvectors = await multivectorOf({ rows: 2, cols: 1, data: Float64Array.of(1, 0) }, 'float64');
  const pair = { ...A, eigenvalues: Float64Array.of(0), eigenvectors, residualNorms: Float64Array.of(1) };
  // (I - P) A (I - P) = 0, yet A has two eigenvalues of magnitude 1 and the record lists one pair
  expect((await apost(A, pair, { confidence: 0.999 })).missedEigenvalueBound).toBeGreaterThanOrEqual(1);
});

test('a complete basis misses nothing', async () => {
  const A = diagonalOperator([4, -3, 2, 1]);
  const cert = await apost(A, await seigh(A, 4, { seed: 1 }));
  expect(cert.missedEigenvalueBound).toBeLessThan(1e-13);
  expect(cert.gapIntervals!.every((interval) => interval !== null)).toBe(true);
  expect(cert.relativeError.upper).toBeLessThan(1e-13);
});
