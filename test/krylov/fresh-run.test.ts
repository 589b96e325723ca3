/** Lanczos runs from fresh vectors outside a basis: they are what their definition says, and what they would cost. */
import { denseOperator, diagonalOperator } from '../../src/index.ts';
import { expand, type KrylovContext } from '../../src/krylov/decomposition.ts';
import { beginRun, record, spectrumBounds, stepsToExclude } from '../../src/krylov/fresh-run.ts';
import { krylovSubspace } from '../../src/krylov/subspace.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { describe, expect, test } from '../support/jest.ts';
import { apply, projected } from '../support/krylov.ts';
import { randomBlock, transposed } from '../support/matrices.ts';

const n = 20;
const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

test('a run is Lanczos on (I - P) A (I - P) from a Gaussian vector outside the basis', async () => {
  const X = randomBlock(n, n, 2);
  const Xt = transposed(X);
  const A = { ...X, data: X.data.map((value, at) => value + Xt.data[at]!) as Float64Array };
  const context: KrylovContext = { op: denseOperator(A), space: hostSpace(n, 'float64'), seed: 4, kernels: jsKernels };
  const before = await krylovSubspace({ dims: 6, blockSize: 2 }, context);
  const basis: number[][] = [];
  for (const part of before.V) {
    const { cols, data } = await part.toBlock();
    for (let j = 0; j < cols; j++) basis.push(Array.from({ length: n }, (_, i) => data[i * cols + j]!));
  }
  const begun = await beginRun(before, [3, 2], context);
  const { run } = begun;
  let { state } = begun;
  expect([run.diagonal, run.offDiagonal, run.wanted, run.ended]).toEqual([[], [], [3, 2], undefined]);
  const outside = (v: readonly number[]): number[] => {
    const inside = projected(v, basis);
    return v.map((value, i) => value - inside[i]!);
  };
  // the vector that waits last is g at length one
  const W = await state.W.toBlock();
  let v = Array.from({ length: n }, (_, i) => W.data[(i + 1) * W.cols - 1]!);
  expect(dot(v, v)).toBeCloseTo(1, 12);
  expect(Math.hypot(...projected(v, basis))).toBeLessThan(1e-12);
  let previous = v.map(() => 0);
  let beta = 0;
  for (let step = 0; step < 4; step++) {
    state = await expand(state, context, 1);
    record(run, state, 1e-15);
    const product = outside(apply(A, v));
    const alpha = dot(v, product);
    const rest = product.map((value, i) => value - alpha * v[i]! - beta * previous[i]!);
    beta = Math.hypot(...rest);
    expect(run.diagonal[step]).toBeCloseTo(alpha, 11);
    expect(run.offDiagonal[step]).toBeCloseTo(beta, 11);
    [previous, v] = [v, rest.map((value) => value / beta)];
  }
});

test('its length is that of the Gaussian vector without what it has in the basis', async () => {
  const op = diagonalOperator(new Float64Array(n).fill(1));
  let mean = 0;
  for (let seed = 0; seed < 100; seed++) {
    const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed, kernels: jsKernels };
    const state = await krylovSubspace({ dims: 15, blockSize: 5 }, context);
    mean += (await beginRun(state, [], context)).run.length ** 2 / 100;
  }
  // chi-square with 5 degrees, deviation sqrt(10); five standard errors of a mean of 100
  expect(Math.abs(mean - 5)).toBeLessThan(5 * Math.sqrt(10 / 100));
});

test('where only rounding is left outside the basis it says how much, with that of the operator', async () => {
  const op = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i < 2 ? 3 - i : 0)));
  const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed: 4, kernels: jsKernels };
  const { state: start, run } = await beginRun(await krylovSubspace({ dims: 6, blockSize: 2 }, context), [], context);
  const state = await expand(start, context, 1);
  expect(state.newest).toBe(0);
  record(run, { ...state, lost: 3 }, 4);
  expect(run.offDiagonal).toEqual([5]);
  expect(Math.abs(run.diagonal[0]!)).toBeLessThan(1e-14);
});

test('the Ritz values of a run of three steps', async () => {
  // [[1, 2, 0], [2, -1, 2], [0, 2, 1]]: 1, 3 and -3
  const run = { length: 1, diagonal: [1, -1, 1], offDiagonal: [2, 2, 0], wanted: [], ended: undefined };
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
  const run = { length: 7, diagonal: [0.5, -0.1], offDiagonal: [0.2, 0.03], wanted: [], ended: undefined };
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
