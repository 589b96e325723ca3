/** `lazyVectors`: the same pairs, whose vectors nobody has to pay for. */
import { certify } from '../../src/apost/apost.ts';
import { rotatedCore } from '../../src/apost/completeness.ts';
import { boundsOfSeen, freeOfSpan } from '../../src/apost/deflated.ts';
import { parseApostOptions } from '../../src/apost/options.ts';
import { readCertificate } from '../../src/apost/read-certificate.ts';
import { asDType } from '../../src/core/block.ts';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type EighResult,
  type LinearOperator,
  seigh,
} from '../../src/index.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { identity } from '../../src/linalg/small.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { RotatedColumns } from '../../src/multivector/rotated.ts';
import { chiSquareQuantile } from '../../src/stats/distributions.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, transposed } from '../support/matrices.ts';

const n = 200;
const values = Float64Array.from({ length: n }, (_, i) => (i % 3 ? 1 : -1) / (i + 1));
const A = operatorWithSpectrum(Array.from(values), { seed: 1 });
const isUnread = ({ eigenvectors }: EighResult): boolean => eigenvectors.factors !== undefined;

/** ||A v_i - theta_i v_i||, from products. */
async function exactNorms({ eigenvectors, eigenvalues }: EighResult): Promise<Float64Array> {
  const V = await eigenvectors.toBlock();
  const AV = await A.matmat(V);
  return eigenvalues.map((theta, j) => {
    let square = 0;
    for (let i = 0; i < n; i++) square += (AV.data[i * V.cols + j]! - theta * V.data[i * V.cols + j]!) ** 2;
    return Math.sqrt(square);
  });
}

describe.each([30, 130])('%i columns', (dims) => {
  const options = { seed: 3, lazyVectors: true } as const;

  test('the same eigenvalues and, read, the same vectors, through which it multiplied before', async () => {
    const eager = await seigh(A, dims, { seed: 3 });
    const lazy = await seigh(A, dims, options);
    expect(lazy.eigenvalues).toEqual(eager.eigenvalues);
    expect([lazy.numMatvecs, lazy.rank, lazy.coreAsymmetry]).toEqual([
      eager.numMatvecs,
      eager.rank,
      eager.coreAsymmetry,
    ]);
    const X = randomBlock(n, 3, 5);
    const product = await lazy.matmat(X);
    expect(isUnread(lazy)).toBe(true);
    expect(JSON.parse(JSON.stringify(lazy)).eigenvectors).toBeUndefined();
    expect(distance(product, await eager.matmat(X))).toBeLessThan(1e-13);
    // two readers at once, of which one reads rows and one columns
    const [column, row] = await Promise.all([
      lazy.eigenvectors.readColumns(1, 2),
      lazy.eigenvectors.readRows(7, 1),
      lazy.eigenvectors.toBlock(),
    ]);
    expect(isUnread(lazy)).toBe(false);
    const [V, W] = [await lazy.eigenvectors.toBlock(), await eager.eigenvectors.toBlock()];
    expect(distance(V, W)).toBeLessThan(1e-12);
    expect([column.data[7], row.data[1]]).toEqual([V.data[7 * dims + 1], V.data[7 * dims + 1]]);
    expect(distance(await lazy.matmat(X), product)).toBeLessThan(1e-13);
  });

  test('a certificate does not read them, and says the same of them once they are read', async () => {
    const lazy = await seigh(A, dims, options);
    const spend = async (): Promise<Certificate> => apost(A, lazy, { tests: 10, seed: 4 });
    const before = await spend();
    expect(isUnread(lazy)).toBe(true);
    await lazy.eigenvectors.readRows(0, 1);
    const after = await spend();
    expect(before.residualSamples).toBe(100);
    expect(readCertificate('it', JSON.parse(JSON.stringify(before))).residualSamples).toBe(100);
    for (const name of ['relativeError', 'errorFrob', 'operatorFrob'] as const) {
      for (const end of ['estimate', 'lower', 'upper'] as const)
        expect(before[name][end]).toBeCloseTo(after[name][end], 9);
    }
    expect(before.missedEigenvalueBound).toBeCloseTo(after.missedEigenvalueBound!, 9);
    for (const [i, { upper }] of before.eigenvalueIntervals!.entries()) {
      expect(upper).toBeCloseTo(after.eigenvalueIntervals![i]!.upper, 12);
    }
    expect(before.inertia).toEqual(after.inertia);
  });

  test('while they are formed the certificate goes on with what they are formed of', async () => {
    const alone = await apost(A, await seigh(A, dims, options), { tests: 10, seed: 4 });
    const lazy = await seigh(A, dims, options);
    const reading: LinearOperator = {
      ...A,
      matmat: async (X) => {
        await lazy.eigenvectors.toBlock();
        return A.matmat(X);
      },
    };
    const beside = await apost(reading, lazy, { tests: 10, seed: 4 });
    expect(isUnread(lazy)).toBe(false);
    expect({ ...beside, seconds: 0 }).toEqual({ ...alone, seconds: 0 });
  });
});

test('residual norms are bounds from Gaussian numbers: their mean squares follow chi-square, and none is too small', async () => {
  const [dims, seeds] = [20, 15];
  const [low, high] = [0.1, 0.9].map((probability) => chiSquareQuantile(probability, 100)) as [number, number];
  let inside = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const lazy = await seigh(A, dims, { seed, lazyVectors: true });
    expect(lazy.residualSamples).toBe(100);
    const truth = await exactNorms(lazy);
    for (const [i, bound] of lazy.residualNorms!.entries()) {
      expect(bound).toBeGreaterThan(truth[i]!);
      const statistic = 100 * (bound / 2 / truth[i]!) ** 2;
      if (statistic > low && statistic < high) inside++;
    }
  }
  // 240 of 300 are expected, with a standard deviation of 7 where they are independent
  expect(Math.abs(inside - 240)).toBeLessThan(40);
});

test('the leave-one-out error is that of the norms, not of their bounds', async () => {
  const [eager, lazy] = [await seigh(A, 30, { seed: 3 }), await seigh(A, 30, { seed: 3, lazyVectors: true })];
  expect(lazy.leaveOneOutError! / eager.leaveOneOutError!).toBeGreaterThan(0.95);
  expect(lazy.leaveOneOutError! / eager.leaveOneOutError!).toBeLessThan(1.05);
});

test('fewer pairs than columns: the certificate is of those', async () => {
  const lazy = await seigh(A, 30, { seed: 3, rank: 4, lazyVectors: true });
  const eager = await seigh(A, 30, { seed: 3, rank: 4 });
  const options = { tests: 10, seed: 4 };
  const [ours, theirs] = [await apost(A, lazy, options), await apost(A, eager, options)];
  expect(lazy.eigenvalues).toEqual(eager.eigenvalues);
  expect(ours.missedEigenvalueBound! / theirs.missedEigenvalueBound!).toBeCloseTo(1, 1);
  expect(ours.relativeError.upper).toBeGreaterThan(theirs.relativeError.estimate);
});

test('an operator far from 1 in size: bounds are in its units', async () => {
  const size = 2 ** 200;
  const large = diagonalOperator(values.map((value) => size * value));
  const lazy = await seigh(large, 20, { seed: 3, lazyVectors: true });
  const usual = await seigh(diagonalOperator(values), 20, { seed: 3, lazyVectors: true });
  expect(lazy.residualNorms).toEqual(usual.residualNorms!.map((norm) => size * norm));
  const options = { tests: 10, seed: 4 };
  const [ours, theirs] = [await apost(large, lazy, options), await apost(diagonalOperator(values), usual, options)];
  expect(isUnread(lazy)).toBe(true);
  expect(ours.relativeError).toEqual(theirs.relativeError);
});

describe.each([3, 120])('%i columns that are not quite orthogonal', (k) => {
  test('what they lack is counted before they are formed, as it is afterwards', async () => {
    const [rows, size, tilt] = [150, 2, 1e-4];
    const op = diagonalOperator(Float64Array.from({ length: rows }, (_, i) => (i < k ? size : 0)));
    const Q = { rows, cols: k, data: new Float64Array(rows * k) };
    for (let j = 0; j < k; j++) {
      Q.data[j * k + j] = j === 0 ? 1 : 1 / Math.hypot(1, tilt);
      if (j > 0) Q.data[j] = tilt / Math.hypot(1, tilt);
    }
    // a reflection: the columns of Q U are off length 1, where those of Q are not
    const w = randomBlock(k, 1, 2);
    const length = Math.hypot(...w.data);
    const U = identity(k);
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) U.data[i * k + j]! -= (2 * w.data[i]! * w.data[j]!) / length ** 2;
    }
    const pairs = {
      ...op,
      eigenvalues: new Float64Array(k).fill(size),
      eigenvectors: new RotatedColumns({ basis: await multivectorOf(Q, 'float64'), rotation: U }, jsKernels),
      residualNorms: new Float64Array(k),
    };
    const spend = () => certify(op, pairs, parseApostOptions({ tests: 10, seed: 3, kernels: 'js' }));
    const before = await spend();
    expect(pairs.eigenvectors.factors).toBeDefined();
    const V = await pairs.eigenvectors.toBlock();
    const after = await spend();
    const gramOfV = multiply(transposed(V), V);
    // E = A - 2 V V^T is off by the defect alone
    let square = 0;
    const product = multiply(V, transposed(V));
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        const entry = (i === j && i < k ? size : 0) - size * product.data[i * rows + j]!;
        square += entry ** 2;
      }
    }
    expect(before.errorFrob.upper).toBeGreaterThan(Math.sqrt(square));
    // noise that vectors off length 1 bring is none of a product of factors
    expect(before.errorFrob.upper).toBeLessThan(after.errorFrob.upper);
    expect(before.missedEigenvalueBound).toBeGreaterThan(Math.sqrt(square / (2 * k)));

    const Omega = await hostSpace(rows, 'float64').allocate(1);
    await Omega.writeColumns(0, randomBlock(rows, 1, 5));
    const run = { Omega, verbs: { kernels: jsKernels }, stream: { seed: 3, firstColumn: 0 } };
    const core = rotatedCore(U, pairs.eigenvalues, jsKernels);
    const seen = await freeOfSpan(run, await multivectorOf(Q, 'float64'), core);
    const { rotated } = boundsOfSeen(seen, 0.95).seen;
    const D = distance(gramOfV, identity(k));
    for (const [i, bound] of rotated!.entries()) {
      expect(bound).toBeGreaterThan(Math.abs(gramOfV.data[i * k + i]! - 1));
      // 120 are estimated, with a factor of 2
      expect(bound).toBeLessThan(3 * D);
    }
  });
});

test('Ritz values of columns off length 1 are no Rayleigh quotients: what is quadratic in a residual says so', async () => {
  const [rows, off] = [50, 1e-4];
  const op = diagonalOperator(Float64Array.from({ length: rows }, (_, i) => [2, 1][i] ?? 0));
  const Q = { rows, cols: 2, data: new Float64Array(2 * rows) };
  Q.data[0] = 1 + off;
  Q.data[3] = 1;
  const theta = 2 * (1 + off) ** 2;
  const pairs = {
    ...op,
    eigenvalues: Float64Array.of(theta, 1),
    eigenvectors: new RotatedColumns({ basis: await multivectorOf(Q, 'float64'), rotation: identity(2) }, jsKernels),
    residualNorms: Float64Array.of((theta - 2) * (1 + off), 0),
  };
  const { gapIntervals } = await certify(op, pairs, parseApostOptions({ tests: 10, seed: 3, kernels: 'js' }));
  expect(pairs.eigenvectors.factors).toBeDefined();
  expect(gapIntervals![0]!.lower).toBeLessThan(2);
  expect(gapIntervals![0]!.upper).toBeGreaterThan(2);
});

test('float32 columns are their product, rounded once', async () => {
  const [k, rows] = [40, 300];
  const basis = await multivectorOf(randomBlock(rows, k, 1), 'float32');
  const rotation = { rows: k, cols: k, data: Float64Array.from(randomBlock(k, k, 2).data) };
  for (const name of ['js', 'wasm'] as const) {
    const V = new RotatedColumns({ basis, rotation }, await selectKernels(name));
    const exact = multiply(asDType(await basis.toBlock(), 'float64'), rotation);
    for (const [at, entry] of (await V.toBlock()).data.entries()) {
      expect(Math.abs(entry - exact.data[at]!)).toBeLessThan(2 ** -23.9 * Math.abs(exact.data[at]!) + 1e-12);
    }
  }
});
