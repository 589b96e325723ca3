/** Lanczos runs from fresh vectors outside Ritz vectors: they are what their definition says, and what they would cost. */
import { denseOperator, diagonalOperator } from '../../src/index.ts';
import { expand, type KrylovContext, randomColumns } from '../../src/krylov/decomposition.ts';
import { aimAtRun, beginRun, isExhausted, record, spectrumBounds, stepsToExclude } from '../../src/krylov/fresh-run.ts';
import { ritzValues } from '../../src/krylov/ritz.ts';
import { krylovSubspace } from '../../src/krylov/subspace.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { identity } from '../../src/linalg/small.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';
import { describe, expect, test } from '../support/jest.ts';
import { apply, projected } from '../support/krylov.ts';
import { randomBlock, transposed } from '../support/matrices.ts';

const n = 20;
const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

/** The columns of parts of a basis. */
async function columnsOf(parts: readonly Multivector[]): Promise<number[][]> {
  const columns: number[][] = [];
  for (const part of parts) {
    const { cols, data } = await part.toBlock();
    for (let j = 0; j < cols; j++) columns.push(Array.from({ length: n }, (_, i) => data[i * cols + j]!));
  }
  return columns;
}

test.each([1, 3, 6])(
  'a run is Lanczos on (I - P) A (I - P) from (I - P) w, P of %d Ritz vectors, w Gaussian',
  async (p) => {
    const X = randomBlock(n, n, 2);
    const Xt = transposed(X);
    const A = { ...X, data: X.data.map((value, at) => value + Xt.data[at]!) as Float64Array };
    const op = denseOperator(A);
    const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed: 4, kernels: jsKernels };
    const before = await krylovSubspace({ dims: 6, blockSize: 2 }, context);
    const ritz = await ritzValues(before, 'LA', context);
    const basis = await columnsOf(before.V);
    const known = Array.from({ length: p }, (_, j) =>
      Array.from({ length: n }, (_, i) => basis.reduce((sum, v, l) => sum + v[i]! * ritz.S.data[l * 6 + j]!, 0)),
    );
    const outside = (v: readonly number[]): number[] => {
      const inside = projected(v, known);
      return v.map((value, i) => value - inside[i]!);
    };
    const [w] = await columnsOf([await randomColumns(context, before.drawn, 1)]);
    const begun = await beginRun(before, ritz, p, context);
    const { run } = begun;
    let { state } = begun;
    const g = outside(w!);
    expect([run.diagonal, run.offDiagonal, run.ended]).toEqual([[], [], undefined]);
    expect(Array.from(run.values)).toEqual(Array.from(ritz.values.subarray(0, p)));
    expect(run.length).toBeCloseTo(Math.hypot(...g), 11);
    // what A makes of the Ritz vectors outside of the basis
    const coupling = known.map((v) => {
      const image = apply(A, v);
      const inside = projected(image, basis);
      return Math.hypot(...image.map((value, i) => value - inside[i]!));
    });
    for (let j = 0; j < p; j++) {
      const column = Array.from({ length: run.coupling.rows }, (_, i) => run.coupling.data[i * p + j]!);
      expect(Math.hypot(...column)).toBeCloseTo(coupling[j]!, 11);
    }
    let v = g.map((value) => value / run.length);
    let previous = v.map(() => 0);
    let beta = 0;
    for (let step = 0; step < 5; step++) {
      state = await expand(await aimAtRun(run, state, context), context, 1);
      record(run, state, 1e-15);
      expect(isExhausted(run)).toBe(false);
      const product = outside(apply(A, v));
      const alpha = dot(v, product);
      const rest = product.map((value, i) => value - alpha * v[i]! - beta * previous[i]!);
      beta = Math.hypot(...rest);
      expect(run.diagonal[step]).toBeCloseTo(alpha, 10);
      expect(run.offDiagonal[step]).toBeCloseTo(beta, 10);
      [previous, v] = [v, rest.map((value) => value / beta)];
    }
    expect(state.H.rows).toBe(11);
  },
);

test('its length is that of the Gaussian vector without what it has in the Ritz vectors', async () => {
  const op = diagonalOperator(new Float64Array(n).fill(1));
  let mean = 0;
  for (let seed = 0; seed < 100; seed++) {
    const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed, kernels: jsKernels };
    const state = await krylovSubspace({ dims: 15, blockSize: 5 }, context);
    const S = identity(15);
    mean += (await beginRun(state, { values: new Float64Array(15), S }, 12, context)).run.length ** 2 / 100;
  }
  // chi-square with 8 degrees, deviation 4; five standard errors of a mean of 100
  expect(Math.abs(mean - 8)).toBeLessThan(5 * Math.sqrt(16 / 100));
});

describe('where nothing but rounding is left', () => {
  const op = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i < 2 ? 3 - i : 0)));
  const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed: 4, kernels: jsKernels };

  test('outside all Ritz vectors, it says how much, with that of the operator', async () => {
    const before = await krylovSubspace({ dims: 6, blockSize: 2 }, context);
    const { state, run } = await beginRun(before, { values: new Float64Array(6), S: identity(6) }, 6, context);
    record(run, { ...(await expand(state, context, 1)), lost: 3 }, 4);
    expect(run.offDiagonal).toEqual([5]);
    expect(isExhausted(run)).toBe(true);
    expect(Math.abs(run.diagonal[0]!)).toBeLessThan(1e-14);
  });

  test('a basis that A leaves invariant needs no further product: all eigenvalues of the rest are there', async () => {
    const before = await krylovSubspace({ dims: 6, blockSize: 2 }, context);
    const ritz = await ritzValues(before, 'LA', context);
    const { state, run } = await beginRun(before, ritz, 1, context);
    record(run, await expand(await aimAtRun(run, state, context), context, 1), 1e-14);
    expect(isExhausted(run)).toBe(true);
    const { smallest, largest } = await spectrumBounds(run, 0.9, jsKernels);
    expect([run.diagonal.length, Math.abs(smallest) < 1e-12]).toEqual([2, true]);
    expect(largest).toBeCloseTo(2, 12);
  });
});

test('the Ritz values of a run of three steps', async () => {
  // [[1, 2, 0], [2, -1, 2], [0, 2, 1]]: 1, 3 and -3
  const run = { length: 1, diagonal: [1, -1, 1], offDiagonal: [2, 2, 0] };
  const { smallest, largest, upper, lower } = await spectrumBounds(run, 0.9, jsKernels);
  for (const [value, exact] of [
    [smallest, -3],
    [largest, 3],
    [upper, 3],
    [lower, -3],
  ] as const) {
    expect(value).toBeCloseTo(exact, 12);
  }
});

describe('products that would exclude eigenvalues', () => {
  // Ritz values 0.2 -+ sqrt(0.13)
  const run = { length: 7, diagonal: [0.5, -0.1], offDiagonal: [0.2, 0.03] };
  // SciPy 1.17: sqrt(chi2.ppf(0.1, 1))
  const ratio = 7 / 0.12566134685507402;

  /** The least degree of a Chebyshev polynomial that grows by the ratio at x. */
  function degree(x: number): number {
    let [before, value] = [1, x];
    for (let d = 1; ; d++) {
      if (value >= ratio) return d;
      [before, value] = [value, 2 * x * value - before];
    }
  }

  test.each([
    [-0.5, 0.9],
    [-0.45, 3],
    [Number.NEGATIVE_INFINITY, 0.8],
    [-0.3, Number.POSITIVE_INFINITY],
  ])('outside of %d and %d', async (lower, upper) => {
    const distance = Math.min(upper - 0.2, 0.2 - lower) / Math.sqrt(0.13);
    const expected = degree(distance);
    expect(expected).toBeGreaterThan(3);
    expect(await stepsToExclude(run, 0.9, { lower, upper }, jsKernels)).toBe(expected);
  });

  test('at least one more than were made, at most those of the space', async () => {
    expect(await stepsToExclude(run, 0.9, { lower: -1e9, upper: 1e9 }, jsKernels)).toBe(3);
    // an end among the Ritz values is never excluded; ||g||^2 is about the dimensions outside the basis
    expect(await stepsToExclude(run, 0.9, { lower: -1, upper: 0.3 }, jsKernels)).toBe(49);
    expect(await stepsToExclude({ ...run, length: 0.1 }, 0.9, { lower: -1, upper: 0.3 }, jsKernels)).toBe(2);
  });
});
