/** Methods where the core is singular, what a sketch knows of its own error, and the memory that a decomposition gives back. */
import type { Block } from '../../src/core/block.ts';
import { denseOperator, type LinearOperator, type SeighOptions, seigh } from '../../src/index.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Multivector, Scope, Space } from '../../src/multivector/multivector.ts';
import { decompose, prepareRun } from '../../src/seigh/decompose.ts';
import { refinedHmt } from '../../src/seigh/hmt.ts';
import { METHOD_NAMES, type Method } from '../../src/seigh/methods.ts';
import { psdNystrom } from '../../src/seigh/nystrom.ts';
import { parseSketchCall } from '../../src/seigh/options.ts';
import type { RecoveryContext } from '../../src/spectrum/eigenpairs.ts';
import { describe, expect, test } from '../support/jest.ts';
import { orthonormalVectors } from '../support/krylov.ts';
import { distance, frobenius, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';
import {
  A,
  approximation,
  basisOf,
  definite,
  k,
  n,
  options,
  solve,
  symmetric,
  watched,
} from '../support/recoveries.ts';

describe('nystrom of low rank', () => {
  test.each([1, 2, 4, 5])('rank %i from six columns: all of it, where half of a full core is three', async (rank) => {
    const v = randomBlock(n, rank, 6);
    const signs = { ...v, data: v.data.map((value, at) => ((at % rank) % 2 ? -value : value)) as Float64Array };
    const low = multiply(v, transposed(signs));
    const result = await seigh(denseOperator(low), k, { ...options, method: 'nystrom' });
    expect(result.rank).toBe(rank);
    expect(distance(await approximation(result), low) / frobenius(low)).toBeLessThan(1e-10);
  });

  test.each([false, true])('of zero, psd %p: nothing', async (psd) => {
    const zero = denseOperator({ rows: n, cols: n, data: new Float64Array(n * n) });
    const result = await seigh(zero, k, { ...options, method: 'nystrom', psd });
    for (const value of result.eigenvalues) expect(value).toBe(0);
    expect(distance(await approximation(result), await zero.matmat(identity(n)))).toBe(0);
  });

  test('positive semidefinite: Y W^-1 Y^T with all columns, and no eigenvalue below zero', async () => {
    const { op, blocks } = watched(definite);
    const result = await seigh(op, k, { ...options, method: 'nystrom', psd: true });
    const { X: Omega, Y } = blocks[0]!;
    const expected = multiply(Y, solve(symmetric(multiply(transposed(Omega), Y)), transposed(Y)));
    expect(distance(await approximation(result), expected) / frobenius(expected)).toBeLessThan(1e-12);
    expect([result.rank, result.numMatvecs, result.assumes]).toEqual([k, k, ['psd']]);
    const v = randomBlock(n, 2, 6);
    const low = multiply(v, transposed(v));
    const found = await seigh(denseOperator(low), k, { ...options, method: 'nystrom', psd: true });
    expect(distance(await approximation(found), low) / frobenius(low)).toBeLessThan(1e-10);
    for (const value of found.eigenvalues) expect(value).toBeGreaterThanOrEqual(0);
    const rough = denseOperator(Float32Array.from(low.data), [n, n]);
    const single = await seigh(rough, k, { ...options, method: 'nystrom', psd: true });
    for (const value of single.eigenvalues) expect(value).toBeGreaterThanOrEqual(0);
    expect(distance(await approximation(single), low) / frobenius(low)).toBeLessThan(1e-4);
  });
});

test('nystrom: the shift that covers the rounding of Y is taken back', async () => {
  const space = hostSpace(4, 'float32');
  const [Omega, Y] = [await space.allocate(4), await space.allocate(4)];
  const values = [1024, 512, 256, 1];
  const diagonal = (of: number[]): Block => ({
    ...{ rows: 4, cols: 4 },
    data: Float32Array.from({ length: 16 }, (_, at) => (Math.floor(at / 4) === at % 4 ? of[at % 4]! : 0)),
  });
  await Omega.writeColumns(0, diagonal([1, 1, 1, 1]));
  await Y.writeColumns(0, diagonal(values));
  const context = { space, kernels: jsKernels, which: 'LM', rank: 4 } as RecoveryContext;
  const pairs = await psdNystrom({ Omega, Y }, context);
  // the shift is 2^-24 ||Y||_F, 7e-5: many roundings of the least eigenvalue
  for (const [i, value] of values.entries()) expect(Math.abs(pairs.values[i]! / value - 1)).toBeLessThan(1e-6);
});

describe('a refined decomposition', () => {
  test('in files: what it makes on the way is given back, and what it was given is not', async () => {
    const space = hostSpace(n, 'float64');
    const inUse = new Set<Multivector>();
    const released: Multivector[] = [];
    const files: Space = {
      ...{ rows: n, dtype: 'float64', inMemory: false, panelEntries: space.panelEntries },
      blockColumns: space.blockColumns,
      allocate: async (cols) => {
        const made = Object.defineProperty(await space.allocate(cols), 'space', { value: files });
        inUse.add(made);
        return made;
      },
      release: async (multivector) => {
        released.push(multivector);
        inUse.delete(multivector);
      },
      scope: () => ({ ...files, close: async () => {} }),
    };
    const [Q, Z] = [await files.allocate(k), await files.allocate(k)];
    const basis = basisOf(randomBlock(n, k, 9));
    await Q.writeColumns(0, basis);
    await Z.writeColumns(0, multiply(A, basis));
    const context = { space: files, kernels: jsKernels, which: 'LM', rank: 2 * k } as RecoveryContext;
    const { vectors } = await refinedHmt({ Q, Z }, context);
    expect([released.includes(Q), released.includes(Z), released.includes(vectors)]).toEqual([false, false, false]);
    // Q, Z and the vectors
    const columns = [...inUse].map(({ cols }) => cols).sort((a, b) => a - b);
    expect(columns).toEqual([k, k, 2 * k]);
  });

  // a power of two times diag(1, 2^-52, 2^-54, 0, ...): the unit roundoff is 2^-53
  test.each([2 ** 10, 1, 2 ** -10])('at the size %d has no pairs below a rounding of the largest', async (size) => {
    const space = hostSpace(n, 'float64');
    const entries = [1, 2 ** -52, 2 ** -54, 0];
    const [Q, Z] = [await space.allocate(4), await space.allocate(4)];
    const diagonal = (of: number[]): Block => ({
      ...{ rows: n, cols: 4 },
      data: Float64Array.from({ length: 4 * n }, (_, at) => (Math.floor(at / 4) === at % 4 ? of[at % 4]! : 0)),
    });
    await Q.writeColumns(0, diagonal([1, 1, 1, 1]));
    await Z.writeColumns(0, diagonal(entries.map((entry) => size * entry)));
    const pairs = await refinedHmt({ Q, Z }, { space, kernels: jsKernels, which: 'LM', rank: 8 } as RecoveryContext);
    expect(Array.from(pairs.values)).toEqual([size, size * 2 ** -52]);
    expect(pairs.orthogonalError).toBe(true);
  });
});

describe('the error that a sketch knows of itself', () => {
  test('only of all pairs, of a sketch of full rank, without power iterations', async () => {
    const exact = denseOperator(A);
    const known = async (op: LinearOperator, own: SeighOptions): Promise<boolean> =>
      (await seigh(op, k, { ...options, ...own } as SeighOptions)).leaveOneOutError !== undefined;
    expect(await known(exact, {})).toBe(true);
    expect(await known(exact, { rank: k })).toBe(true);
    expect(await known(exact, { rank: k - 1 })).toBe(false);
    expect(await known(exact, { refine: true })).toBe(false);
    expect(await known(exact, { powerIterations: 1 })).toBe(false);
    const v = randomBlock(n, 3, 6);
    const low = denseOperator(multiply(v, transposed(v)));
    expect(await known(low, {})).toBe(false);
    expect((await seigh(low, k, options)).dropped).toBe(k - 3);
  });

  test('from the sketch without each of its columns, and the residuals', async () => {
    const { op, blocks } = watched();
    const { leaveOneOutError, residualNorms } = await seigh(op, k, options);
    const columns = transposed(blocks[0]!.Y);
    let square = 0;
    for (let j = 0; j < k; j++) {
      const rows = Array.from({ length: k }, (_, i) => Array.from(columns.data.subarray(i * n, (i + 1) * n)));
      const [y] = rows.splice(j, 1);
      for (const q of orthonormalVectors(rows)) {
        const along = q.reduce((sum, value, i) => sum + value * y![i]!, 0);
        for (const [i, value] of q.entries()) y![i]! -= along * value;
      }
      square += y!.reduce((sum, value) => sum + value ** 2, 0) / k;
    }
    expect(leaveOneOutError).toBeCloseTo(Math.hypot(Math.sqrt(square), ...residualNorms!), 9);
  });
});

describe('memory of a decomposition', () => {
  const given = async (op: LinearOperator, method: Method) => {
    const call = parseSketchCall(op, k, { method, ...options });
    const kept: (readonly Multivector[])[] = [];
    const space = hostSpace(n, 'float64');
    const scope = (): Scope => ({
      ...{ rows: n, dtype: 'float64', inMemory: true, panelEntries: space.panelEntries },
      ...{ blockColumns: space.blockColumns, scope },
      allocate: (cols) => space.allocate(cols),
      release: (multivector) => space.release(multivector),
      close: async (keep = []) => void kept.push(keep),
    });
    return { kept, decomposed: decompose(call, { ...(await prepareRun(call)), space: scope() }) };
  };

  test.each(METHOD_NAMES)('%s: all but the eigenvectors is given back, all of it after an error', async (method) => {
    const { kept, decomposed } = await given(denseOperator(A), method);
    const { pairs, numMatvecs } = await decomposed;
    expect(kept).toEqual([[pairs.vectors]]);
    expect(numMatvecs).toBe({ hmt: 2 * k, nystrom: k, oversampled: 3 * k + 1, krylov: k }[method]);
    const failing: LinearOperator = { ...denseOperator(A), matmat: () => Promise.reject(new Error('lost')) };
    const failed = await given(failing, method);
    await expect(failed.decomposed).rejects.toThrow('lost');
    expect(failed.kept).toEqual([[]]);
  });
});

test('batches are collected one product after the other, although products of the operator overlap', async () => {
  let [under, most] = [0, 0];
  const exact = denseOperator(A);
  const matmat = async (given: Block): Promise<Block> => {
    most = Math.max(most, ++under);
    await new Promise((done) => setTimeout(done, 1));
    under--;
    return exact.matmat(given);
  };
  const matmatByBatch: LinearOperator['matmatByBatch'] = async (given, visit) => {
    const product = await matmat(given);
    for (const index of [0, 1]) await visit({ index, weight: 0.5, product });
    return product;
  };
  const op: LinearOperator = { ...exact, overlaps: true, matmat, matmatByBatch };
  await seigh(op, k, { ...options, blockSize: 1 });
  expect(most).toBe(2);
  const stages: number[] = [];
  const { samplingErrors } = await seigh(op, k, {
    ...{ ...options, blockSize: 1, perBatch: true },
    onProgress: ({ stage }) => {
      if (stage === 'recovery') stages.push(under);
    },
  });
  // while Q is multiplied
  expect(stages.slice(1).every((busy) => busy === 0)).toBe(true);
  for (const error of samplingErrors!) expect(error).toBeLessThan(1e-12);
});
