/** `JSON.stringify` of every result: plain arrays, and the record without its vectors and products. */
import {
  cg,
  diagonal,
  diagonalOperator,
  eigsh,
  lanczos,
  seigh,
  spectralDensity,
  ssvd,
  tridiagToDensity,
} from '../src/index.js';
import { expect, test } from './support/jest.ts';

const A = diagonalOperator([5, -4, 3, 2, 1]);
const parsed = (result: object): Record<string, unknown> => JSON.parse(JSON.stringify(result));

test('decompositions: numbers and options, no vectors and no functions', async () => {
  for (const result of [await seigh(A, 3, { seed: 1 }), await eigsh(A, 3, { seed: 1 }), await seigh(A, { tol: 0.5 })]) {
    const record = parsed(result);
    expect(record.eigenvalues).toEqual(Array.from(result.eigenvalues));
    expect(record.residualNorms).toEqual(Array.from(result.residualNorms!));
    expect(record).toMatchObject({ shape: [5, 5], rank: result.rank, method: result.method, seconds: result.seconds });
    const stages = record.secondsByStage as Record<string, number>;
    expect(Object.values(stages).reduce((total, each) => total + each, 0)).toBeCloseTo(result.seconds, 9);
    expect(record).not.toHaveProperty('eigenvectors');
    expect(Object.keys(record)).not.toContain('matmat');
    // a copy of the record is one too
    expect(parsed({ ...result, seed: 7 })).toEqual({ ...record, seed: 7 });
  }
  const svd = await ssvd(A, 2);
  expect(parsed(svd).singularValues).toEqual(Array.from(svd.singularValues));
  expect(parsed(svd)).not.toHaveProperty('leftVectors');
});

test('solves, diagonals, Lanczos and densities', async () => {
  const solve = await cg(diagonalOperator([1, 2, 4]), [1, 1, 1]);
  expect(parsed(solve)).toMatchObject({ solution: Array.from(solve.solution), converged: true });
  const d = await diagonal(A, { maxProducts: 4 });
  expect(parsed(d).diagonal).toEqual(Array.from(d.diagonal));
  const { T, V: _, ...steps } = await lanczos(A, 3);
  const record = parsed(await lanczos(A, 3));
  expect(record.T).toEqual({ diagonal: Array.from(T.diagonal), offDiagonal: Array.from(T.offDiagonal) });
  expect(record).toMatchObject({ krylovOrder: steps.krylovOrder });
  expect(record).not.toHaveProperty('V');
  const density = await spectralDensity(A, { order: 3, runs: 2, grid: 5 });
  expect(parsed(density).density).toEqual(Array.from(density.density));
  const curve = await tridiagToDensity(T, { grid: 5 });
  expect(parsed(curve).grid).toEqual(Array.from(curve.grid));
});
