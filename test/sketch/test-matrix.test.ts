/** Test matrices: a column is the same wherever and however often it is made. */
import type { Block } from '../../src/core/block.ts';
import { diagonalOperator, seigh } from '../../src/index.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { materialise, type TestMatrix, testColumns } from '../../src/sketch/test-matrix.ts';
import { describe, expect, test } from '../support/jest.ts';

const Omega: TestMatrix = { distribution: 'gaussian', key: { seed: 7, purpose: 'sketch' }, rows: 40, cols: 9 };

/** Column `j` of a row-major array. */
const column = (data: ArrayLike<number>, cols: number, j: number): number[] =>
  Array.from({ length: data.length / cols }, (_, i) => data[i * cols + j]!);

test('columns of a part are those of the whole, and `firstColumn` is where the stream begins', async () => {
  const whole = await testColumns(Omega, 0, 9, 'float64');
  expect(new Set(whole.data).size).toBe(360);
  const part = await testColumns(Omega, 2, 5, 'float64');
  const later = await testColumns({ ...Omega, firstColumn: 4 }, 1, 3, 'float64');
  expect([part.rows, part.cols, later.cols]).toEqual([40, 3, 2]);
  for (let j = 0; j < 3; j++) expect(column(part.data, 3, j)).toEqual(column(whole.data, 9, 2 + j));
  for (let j = 0; j < 2; j++) expect(column(later.data, 2, j)).toEqual(column(whole.data, 9, 5 + j));
});

test('memory that is given is used', async () => {
  const into = { rows: 40, cols: 2, data: new Float64Array(80) };
  expect(await testColumns(Omega, 3, 5, 'float64', into)).toBe(into);
  expect(into.data).toEqual((await testColumns(Omega, 3, 5, 'float64')).data);
});

test.each([1, 3, 4, 9, 100])('the whole matrix in blocks of %d columns', async (blockSize) => {
  for (const matrix of [Omega, { ...Omega, firstColumn: 5 }]) {
    const X = await materialise(matrix, hostSpace(40, 'float32'), blockSize);
    expect([X.rows, X.cols]).toEqual([40, 9]);
    expect((await X.toBlock()).data).toEqual((await testColumns(matrix, 0, 9, 'float32')).data);
  }
});

test('an abort ends it after the block that is being made', async () => {
  const controller = new AbortController();
  const space = hostSpace(40, 'float64');
  const X = await space.allocate(9);
  (await X.readRows(0, 40)).data.fill(0);
  space.allocate = async () => X;
  const write = X.writeColumns.bind(X);
  X.writeColumns = async (start, block) => {
    await write(start, block);
    if (start === 3) controller.abort(new Error('enough'));
  };
  await expect(materialise(Omega, space, 3, controller.signal)).rejects.toThrow('enough');
  expect((await X.readColumns(6, 9)).data.every((value) => value === 0)).toBe(true);
});

describe('the option testMatrix', () => {
  const A = diagonalOperator([3, 2, 1, 0, 0, 0]);
  test('every entry of a Rademacher matrix is 1 or -1', async () => {
    const seen: number[] = [];
    const matmat = (X: Block) => {
      seen.push(...X.data);
      return A.matmat(X);
    };
    const { testMatrix } = await seigh({ ...A, matmat }, 4, { testMatrix: 'rademacher', method: 'nystrom' });
    expect(testMatrix).toBe('rademacher');
    expect(new Set(seen.slice(0, 24).map(Math.abs))).toEqual(new Set([1]));
  });

  test('what does not exist is refused with what does', async () => {
    expect((await seigh(A, 4, { testMatrix: 'gaussian' })).testMatrix).toBe('gaussian');
    const run = seigh(A, 4, { testMatrix: 'uniform' as 'gaussian' });
    await expect(run).rejects.toThrow(/testMatrix must be .*gaussian.*rademacher.*sparseSign.*uniform/);
  });
});
