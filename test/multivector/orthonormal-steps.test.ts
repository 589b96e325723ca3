/** Each way from a Gram matrix G to T: columns of Y T are as orthonormal as the step promises, and R undoes T. */
import type { Block, Matrix } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import {
  choleskyStep,
  inverseOf,
  nearestStep,
  polishingStep,
  type Step,
  spectralStep,
} from '../../src/multivector/orthonormal-steps.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';

const kernels = await selectKernels();
const gramOf = (Y: Block): Matrix => multiply(transposed(Y), Y) as Matrix;

/** The pivoted Cholesky step in the form of the others. */
async function triangular(G: Matrix, cutoff: number): Promise<Step> {
  const step = await choleskyStep(G, kernels, cutoff);
  return { T: await inverseOf(step, kernels), R: step.R };
}

const keepAll = (value: number): number => value;

describe.each<[string, (G: Matrix) => Promise<Step>]>([
  ['spectral', (G) => spectralStep(G, kernels, keepAll)],
  ['Cholesky', (G) => triangular(G, 1e-7)],
  ['nearest', (G) => nearestStep(G, kernels, keepAll)],
])('%s', (_, step) => {
  test.each([1, 2, 7])('%d columns', async (k) => {
    const Y = randomBlock(30, k, k);
    const { T, R } = await step(gramOf(Y));
    const Q = multiply(Y, T);
    expect(distance(gramOf(Q), identity(k))).toBeLessThan(1e-12);
    expect(distance(multiply(Q, R), Y)).toBeLessThan(1e-12);
  });

  test('columns of rank 3: three are kept', async () => {
    const Y = multiply(randomBlock(30, 3, 1), randomBlock(3, 6, 2));
    const kept = (value: number, largest: number): number => (value > 1e-12 * largest ? value : 0);
    const steps: Record<string, typeof spectralStep> = { spectral: spectralStep, nearest: nearestStep };
    const { T, R } = await (steps[_]?.(gramOf(Y), kernels, kept) ?? step(gramOf(Y)));
    expect([T.cols, R.rows, R.cols]).toEqual([3, 3, 6]);
    const Q = multiply(Y, T);
    expect(distance(gramOf(Q), identity(3))).toBeLessThan(1e-9);
    expect(distance(multiply(Q, R), Y)).toBeLessThan(1e-9);
  });
});

test('nearest: the symmetric inverse root, so that columns stay where they are', async () => {
  // columns 4 e_1, 3 e_2 and 2 e_3, turned a little into each other: spectral steps would sort them by length
  const Y = multiply(
    { rows: 3, cols: 3, data: Float64Array.of(2, 0, 0, 0, 4, 0, 0, 0, 3) },
    { rows: 3, cols: 3, data: Float64Array.of(1, 0.1, 0, -0.1, 1, 0, 0, 0, 1) },
  );
  const { T, R } = await nearestStep(gramOf(Y), kernels, keepAll);
  expect(distance(T, transposed(T))).toBeLessThan(1e-14);
  expect(distance(R, transposed(R))).toBeLessThan(1e-14);
  expect(distance(multiply(multiply(T, gramOf(Y)), T), identity(3))).toBeLessThan(1e-13);
  const Q = multiply(Y, T);
  for (let i = 0; i < 3; i++) expect(Q.data[4 * i]).toBeGreaterThan(0.97);
});

test('spectral: the largest comes first, and the scale is what was asked for', async () => {
  const G: Matrix = { rows: 3, cols: 3, data: Float64Array.of(4, 0, 0, 0, 25, 0, 0, 0, 0) };
  const asked: [number, number][] = [];
  const { T, R } = await spectralStep(G, kernels, (value, largest) => {
    asked.push([value, largest]);
    return value > 10 ? 100 : value;
  });
  expect(asked).toEqual([
    [0, 25],
    [4, 25],
    [25, 25],
  ]);
  expect(Array.from(T.data, Math.abs)).toEqual([0, 0.5, 0.1, 0, 0, 0]);
  expect(Array.from(R.data, Math.abs)).toEqual([0, 10, 0, 2, 0, 0]);
});

test('polishing: T is the inverse root of G to the cube of its distance from I, and R its inverse to rounding', async () => {
  for (const size of [0.03, 1e-3, 1e-5]) {
    const noise = randomBlock(5, 5, 3);
    const G = identity(5) as Matrix;
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 5; j++) G.data[5 * i + j]! += (size / 5) * (noise.data[5 * i + j]! + noise.data[5 * j + i]!);
    }
    const d = distance(G, identity(5));
    const { T, R } = await polishingStep(G, kernels);
    expect(distance(multiply(transposed(T), multiply(G, T)), identity(5))).toBeLessThan(Math.max(d ** 3, 1e-15));
    expect(distance(multiply(T, R), identity(5))).toBeLessThan(2e-15);
    expect(distance(G, identity(5))).toBe(d);
  }
});
