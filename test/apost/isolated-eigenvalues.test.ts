/** Completeness, gaps and angles: Kuczynski & Wozniakowski 1992, Li & Li 2005, Davis & Kahan 1970. */
import { isolatedPairs, leadingSubspaces } from '../../src/apost/gaps.ts';
import type { Block } from '../../src/core/block.ts';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type EighResult,
  type LinearOperator,
  seigh,
} from '../../src/index.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { jacobi } from '../support/eigenvalues.ts';
import { describe, expect, test } from '../support/jest.ts';
import { orthonormalVectors } from '../support/krylov.ts';
import { long } from '../support/long.ts';
import { multiply, randomBlock, transposed, uniforms } from '../support/matrices.ts';

const n = 120;
const spectra: [string, Float64Array][] = [
  ['1/j', Float64Array.from({ length: n }, (_, i) => 10 / (i + 1))],
  ['geometric', Float64Array.from({ length: n }, (_, i) => 0.7 ** i)],
  ['plus-minus pairs', Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (1 + Math.floor(i / 2)) ** 2)],
  ['spikes over a flat bulk', Float64Array.from({ length: n }, (_, i) => (i < 5 ? 200 - 30 * i : i % 2 ? -1 : 1))],
];
const CONFIDENCE = 0.9;
const SEEDS = long ? 400 : 40;
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

/** Ritz pairs of a symmetric A on the span of V's orthonormal columns, with residuals and ||A (I - V V^T)||_2. */
function ritz(A: Block, V: Block) {
  const AV = multiply(A, V);
  const core = jacobi(multiply(transposed(V), AV));
  const r = V.cols;
  const U = {
    rows: r,
    cols: r,
    data: Float64Array.from({ length: r * r }, (_, at) => core.vectors[at % r]![Math.floor(at / r)]!),
  };
  const [vectors, products] = [multiply(V, U), multiply(AV, U)];
  const residualNorms = new Float64Array(r);
  for (const [at, value] of products.data.entries()) {
    residualNorms[at % r]! += (value - core.values[at % r]! * vectors.data[at]!) ** 2;
  }
  const rest = multiply(vectors, transposed(vectors));
  rest.data = rest.data.map((value, at) => (at % (A.rows + 1) === 0 ? 1 : 0) - value) as Float64Array;
  const B = multiply(A, rest);
  const missed = Math.sqrt(jacobi(multiply(transposed(B), B)).values.at(-1)!);
  return { theta: Float64Array.from(core.values), residualNorms: residualNorms.map(Math.sqrt), vectors, missed };
}

/** Indices of the `count` largest by magnitude. */
const leading = (values: ArrayLike<number>, count: number): number[] =>
  Array.from({ length: values.length }, (_, i) => i)
    .sort((i, j) => Math.abs(values[j]!) - Math.abs(values[i]!))
    .slice(0, count);

/** The sine of the largest angle between spans of as many orthonormal vectors: their cosines are the singular values of X^T Y. */
function sineBetween(X: readonly (readonly number[])[], Y: readonly (readonly number[])[]): number {
  const cosines = X.flatMap((x) => Y.map((y) => x.reduce((sum, value, row) => sum + value * y[row]!, 0)));
  const C: Block = { rows: X.length, cols: X.length, data: Float64Array.from(cosines) };
  return Math.sqrt(Math.max(0, 1 - jacobi(multiply(C, transposed(C))).values[0]!));
}

test.each([
  [4, long ? 20_000 : 1500],
  [7, long ? 5000 : 500],
])(
  'n = %i, %i random symmetric matrices: each gap interval holds one eigenvalue, whose vector is within the angle, and leading spans within theirs',
  (size, times) => {
    const next = uniforms(size);
    let stated = 0;
    let widest = 0;
    let sharpest = 0;
    for (let trial = 0; trial < times; trial++) {
      const rank = 1 + (trial % (size - 1));
      const X = randomBlock(size, size, 17 * trial + size);
      // eigenvalues from alike to far apart, of both signs, and a basis from near to far from the eigenvectors
      const spread = 1 + 2 * Math.abs(next());
      const shift = 10 ** (next() - 1);
      const A = { ...X, data: new Float64Array(size * size) };
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) A.data[i * size + j] = shift * (X.data[i * size + j]! + X.data[j * size + i]!);
        A.data[i * size + i]! += (i % 3 === 1 ? -1 : 1) * spread ** -i;
      }
      const start = orthonormalVectors(
        Array.from({ length: rank }, (_, j) =>
          Array.from({ length: size }, (_, i) => Number(i === j) + shift * next()),
        ),
      );
      const V = transposed({ rows: rank, cols: size, data: Float64Array.from(start.flat()) });
      const { vectors, ...known } = ritz(A, V);
      const exact = jacobi(A);
      for (const [i, pair] of isolatedPairs({ ...known, noise: 0, defect: 0 }).entries()) {
        if (!pair) continue;
        stated++;
        const { lower, upper } = pair.interval;
        // rounding of the two dense solvers
        const slack = 1e-13;
        const inside = exact.values.flatMap((value, j) =>
          value >= lower - slack && value <= upper + slack ? [j] : [],
        );
        expect([trial, i, inside.length]).toEqual([trial, i, 1]);
        const cosine = exact.vectors[inside[0]!]!.reduce(
          (sum, value, row) => sum + value * vectors.data[row * rank + i]!,
          0,
        );
        expect(Math.sqrt(Math.max(0, 1 - cosine ** 2))).toBeLessThanOrEqual(Math.sin(pair.angle) + 1e-7);
        widest = Math.max(widest, Math.abs(exact.values[inside[0]!]! - pair.interval.estimate) / (upper - lower));
      }
      for (const [at, sine] of leadingSubspaces({ ...known, noise: 0, defect: 0 }).entries()) {
        if (sine === null) continue;
        const computed = leading(known.theta, at + 1).map((i) =>
          Array.from({ length: size }, (_, row) => vectors.data[row * rank + i]!),
        );
        const truth = sineBetween(
          computed,
          leading(exact.values, at + 1).map((i) => [...exact.vectors[i]!]),
        );
        expect(truth).toBeLessThanOrEqual(sine + 1e-7);
        // beside rounding, which a sine near zero is made of
        if (sine > 1e-3) sharpest = Math.max(sharpest, truth / sine);
      }
    }
    // it says something, and not too cautiously: some eigenvalue lies in the outer part of its interval
    expect(stated).toBeGreaterThan(times / 4);
    expect(widest).toBeGreaterThan(0.25);
    expect(sharpest).toBeGreaterThan(0.5);
  },
);

test('gap intervals are quadratically small in the residual', async () => {
  const A = diagonalOperator(spectra[3]![1]);
  const result = await seigh(A, 40, { seed: 1, powerIterations: 2 });
  const { gapIntervals, eigenvalueIntervals } = await apost(A, result, { seed: 1 });
  const radius = ({ lower, upper }: { lower: number; upper: number }): number => (upper - lower) / 2;
  const residual = radius(eigenvalueIntervals![0]!);
  // the gap to the second spike is about 30
  expect(radius(gapIntervals![0]!)).toBeLessThan((1.5 * residual ** 2) / 30);
});

test('more Lanczos steps never make the bound worse, and cost a product each', async () => {
  const A = diagonalOperator(spectra[0]![1]);
  const result = await seigh(A, 20, { seed: 1 });
  const certificates = await Promise.all(
    [0, 1, 4, 12].map((lanczosSteps) => apost(A, result, { tests: 10, lanczosSteps })),
  );
  const bounds = certificates.map((cert) => cert.missedEigenvalueBound!);
  for (let i = 1; i < bounds.length; i++) expect(bounds[i]!).toBeLessThanOrEqual(bounds[i - 1]!);
  expect(bounds[3]! / bounds[0]!).toBeLessThan(0.1);
  expect(certificates.map((cert) => cert.numMatvecs)).toEqual([13, 14, 17, 25]);
});

// 10 spikes over a flat tail: what Lanczos can say after nine steps from a random vector (van Dorsselaer et al. 2000), where
// a power step, which grows like n^(1/4), says 3.3, 6.9 and 14.4. ||A (I - V V^T)||_2 is 1 to a percent
test.each([[1000, 1.1], [20_000, 1.2], ...(long ? [[400_000, 1.25] as const] : [])] as const)(
  'n = %i: what was missed is at most %f, from eight products beside the tests',
  async (size, most) => {
    const values = Float64Array.from({ length: size }, (_, i) => (i < 10 ? 100 - 5 * i : 1 / (1 + i / size)));
    const A = diagonalOperator(size > 100_000 ? Float32Array.from(values) : values);
    const result = await seigh(A, 20, { seed: 1, powerIterations: 2 });
    for (let seed = 1; seed <= (size > 100_000 ? 1 : 5); seed++) {
      const { missedEigenvalueBound, numMatvecs } = await apost(A, result, { tests: 2, confidence: 0.95, seed });
      expect(numMatvecs).toBe(2 + 3 + 8);
      expect(missedEigenvalueBound).toBeGreaterThan(0.99);
      expect(missedEigenvalueBound).toBeLessThan(most);
    }
  },
);

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
