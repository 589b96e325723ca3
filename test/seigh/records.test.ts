/** What results of `seigh` record of the work: seconds by a clock that only products move, widths, reports, and how a search ended. */
import { certify } from '../../src/apost/apost.ts';
import { parseApostOptions } from '../../src/apost/options.ts';
import type { Block } from '../../src/core/block.ts';
import type { Progress } from '../../src/core/schedule.ts';
import {
  type AdaptiveOptions,
  diagonalOperator,
  type LinearOperator,
  type SeighOptions,
  seigh,
} from '../../src/index.ts';
import { METHOD_NAMES } from '../../src/seigh/methods.ts';
import { squaredFactors } from '../../src/stats/interval.ts';
import { levelAtLook } from '../../src/stats/sequential.ts';
import { afterEach, beforeEach, describe, expect, test } from '../support/jest.ts';

const n = 120;
const values = Float64Array.from({ length: n }, (_, i) => (i % 5 === 4 ? -1 : 1) / (i + 1));
const exact = diagonalOperator(values);
/** Of the same size in all directions, so that ||A||_F is large beside ||A||_2. */
const flat = diagonalOperator(Float64Array.from({ length: n }, (_, i) => 1 + (i % 7) / 20));
const sumOfSquares = (of: ArrayLike<number>): number => Array.from(of).reduce((sum, value) => sum + value ** 2, 0);

/** An operator that keeps the widths of its products, each of which tells `onProduct` of its columns. */
function watched(onProduct: (cols: number) => void = () => {}, of: LinearOperator = exact) {
  const widths: number[] = [];
  const matmat = async (X: Block): Promise<Block> => {
    widths.push(X.cols);
    onProduct(X.cols);
    return of.matmat(X);
  };
  return { widths, op: { ...of, matmat } as LinearOperator };
}

describe('seconds, where each column takes one and nothing else any', () => {
  const real = performance.now;
  let seconds = 0;
  const { op } = watched((cols) => {
    seconds += cols;
  });
  beforeEach(() => {
    performance.now = () => 1000 * seconds;
  });
  afterEach(() => {
    performance.now = real;
  });

  test.each<[string, SeighOptions, number, number]>([
    ['hmt', {}, 10, 10],
    ['hmt', { powerIterations: 2 }, 10, 30],
    ['nystrom', { method: 'nystrom' }, 10, 0],
    ['oversampled', { method: 'oversampled' }, 31, 0],
    ['krylov', { method: 'krylov' }, 10, 0],
  ])('%s with %p', async (_, options, sketch, recovery) => {
    expect((await seigh(op, 10, options)).secondsByStage).toEqual({ sketch, recovery });
  });

  test.each<[AdaptiveOptions['method'], number, number]>([
    ['hmt', 0.15, 4],
    ['krylov', 0.15, 4],
  ])('%s to an accuracy: without those of the certificate that ends the search', async (method, tol, dims) => {
    const result = await seigh(op, dims, { tol, method: method!, seed: 1 });
    const { sketch, recovery } = result.secondsByStage;
    expect(sketch + recovery).toBeCloseTo(result.numMatvecs - result.certificate.numMatvecs, 9);
    if (method === 'hmt') expect(sketch).toBeCloseTo(result.dims, 9);
    else expect(recovery).toBe(0);
  });
});

describe('columns of a product, where the caller does not say', () => {
  test.each([
    [25, 3],
    [30, 3],
    [31, 4],
    [5, 1],
  ])('krylov with %i columns: %i, a tenth', async (dims, width) => {
    const { op, widths } = watched();
    const result = await seigh(op, dims, { method: 'krylov' });
    expect([result.blockSize, Math.max(...widths)]).toEqual([width, width]);
    const asked = await seigh(op, dims, { method: 'krylov', blockSize: 2 });
    expect(asked.blockSize).toBe(2);
  });

  test.each(METHOD_NAMES.filter((name) => name !== 'krylov'))('%s: all of its sketch', async (method) => {
    const { op, widths } = watched();
    const result = await seigh(op, 25, { method } as SeighOptions);
    expect([result.blockSize, widths[0]]).toEqual([25, 25]);
  });

  test('a growing Krylov basis: the power of two up to a part in 32 of it, and no more than it may have', async () => {
    const flat = diagonalOperator(Float64Array.from({ length: 300 }, (_, i) => (i + 1) ** -0.1));
    const { op, widths } = watched(undefined, flat);
    const result = await seigh(op, 1, { tol: 0.01, maxDims: 201, tests: 3, seed: 1 });
    let held = 0;
    while (held < 8) held += widths.shift()!;
    let order = 0;
    while (order < 201) {
      const power = order < 64 ? 1 : order < 128 ? 2 : 4;
      expect([order, widths.shift()]).toEqual([order, Math.min(power, 201 - order)]);
      order += Math.min(power, 201 - order);
    }
    expect([result.blockSize, result.status, result.converged]).toEqual([4, 'maxDims', false]);
    const wide = watched(undefined, flat);
    const asked = await seigh(wide.op, 6, { tol: 0.01, maxDims: 100, blockSize: 10, tests: 3, seed: 1 });
    expect([asked.blockSize, wide.widths.slice(0, 4)]).toEqual([10, [8, 6, 10, 10]]);
  });

  test('a growing sketch: a block, or an eighth of what is there', async () => {
    const { op, widths } = watched();
    await seigh(op, { tol: 1e-6, method: 'hmt', maxDims: 100, blockSize: 4, seed: 1, tests: 2 });
    // sketch and basis alternate; products are at most a block wide
    const grown: number[] = [];
    let left = widths.slice();
    for (let dims = 0; dims < 100; ) {
      const width = Math.min(Math.max(4, Math.ceil(dims / 8)), 100 - dims);
      for (let half = 0; half < 2; half++) {
        let sum = 0;
        while (sum < width) sum += left.shift()!;
        grown.push(sum);
        expect(sum).toBe(width);
      }
      dims += width;
    }
    left = left.slice();
    // then one certificate
    expect(left.reduce((sum, width) => sum + width, 0)).toBeGreaterThanOrEqual(2);
  });
});

describe('the record of a search', () => {
  test.each(['krylov', 'hmt'] as const)('%s: what was asked for, and what was done', async (method) => {
    const options = { method, testMatrix: 'rademacher', seed: 7, tests: 6, confidence: 0.9, kernels: 'js' } as const;
    const result = await seigh(exact, { ...options, tol: 0.2, which: 'SA', blockSize: 4 });
    const { certificate } = result;
    expect(result).toMatchObject({ method, testMatrix: 'rademacher', seed: 7, blockSize: 4, tol: 0.2, dropped: 0 });
    expect(result).toMatchObject({ converged: true, status: 'converged', rank: result.dims, kernels: 'js' });
    expect(certificate).toMatchObject({ tests: 6, confidence: 0.9, seed: 7 });
    expect(Array.from(result.eigenvalues)).toEqual(Array.from(result.eigenvalues).sort((a, b) => a - b));
    // a certificate goes by the test vectors that it was told
    expect(result.residualNorms.length).toBe(result.rank);
    const other = await seigh(exact, { ...options, seed: 8, tol: 0.2, which: 'SA', blockSize: 4 });
    expect(Array.from(other.eigenvalues)).not.toEqual(Array.from(result.eigenvalues));
  });

  test.each(['krylov', 'hmt'] as const)('%s: why it ended', async (method) => {
    const low = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i < 5 ? 5 - i : 0)));
    const status = async (op: LinearOperator, options: Partial<AdaptiveOptions>) =>
      (await seigh(op, { tol: 0.1, method, seed: 1, ...options })).status;
    expect(await status(exact, {})).toBe('converged');
    expect(await status(exact, { tol: 0.01, maxDims: 12 })).toBe('maxDims');
    expect(await status(low, { tol: 1e-15, blockSize: 8 })).toBe('rounding');
  });

  test('krylov reports its columns after each product, of all that it may have', async () => {
    const reports: Progress[] = [];
    const { op, widths } = watched();
    const options = { tol: 0.15, maxDims: 90, blockSize: 3, seed: 1 };
    const result = await seigh(op, { ...options, onProgress: (report) => void reports.push(report) });
    const growth = reports.filter(({ stage, total }) => stage === 'sketch' && total === 90);
    for (const [at, { done }] of growth.entries()) {
      const width = done - (at > 0 ? growth[at - 1]!.done : 0);
      // as few as are needed at the end
      expect([done, width >= 1 && width <= 3]).toEqual([done, true]);
    }
    expect([growth[0]!.done, growth.at(-1)!.done]).toEqual([3, result.dims]);
    expect(widths.length).toBeGreaterThan(growth.length);
  });

  test('krylov ends in the middle of a block where that is enough', async () => {
    const ends: number[] = [];
    for (let seed = 1; seed <= 4; seed++) {
      ends.push((await seigh(exact, { tol: 0.2, blockSize: 16, seed, tests: 10 })).dims % 16);
    }
    expect(ends.some((columns) => columns !== 0)).toBe(true);
  });

  test.each([
    ['krylov', ['certificate', 'sketch']],
    ['hmt', ['certificate', 'recovery', 'sketch']],
  ] as const)('%s reports stages by name', async (method, stages) => {
    const seen = new Set<string>();
    await seigh(exact, { tol: 0.2, method, blockSize: 4, onProgress: ({ stage }) => void seen.add(stage) });
    expect([...seen].sort()).toEqual(stages);
  });

  test.each(['krylov', 'hmt'] as const)('%s: an aborted search ends with the reason', async (method) => {
    const abort = new AbortController();
    let products = 0;
    const { op, widths } = watched(() => {
      if (++products === 4) abort.abort(new Error('enough'));
    });
    const options = { tol: 0.01, method, blockSize: 4, signal: abort.signal };
    await expect(seigh(op, options)).rejects.toThrow('enough');
    expect(widths.length).toBeLessThan(6);
  });
});

test('hmt is certified where leaving columns out says that the certificate would succeed, and not before', async () => {
  let most = 0;
  for (const [op, tol, tests, seed] of [
    [exact, 0.25, 10, 1],
    [exact, 0.25, 4, 2],
    [exact, 0.15, 10, 3],
    [flat, 0.5, 10, 4],
    [flat, 0.9, 100, 5],
  ] as const) {
    const found = await seigh(op, { tol, tests, seed, method: 'hmt', blockSize: 4, confidence: 0.9 });
    expect(found.status).toBe('converged');
    // of the sketch of so many columns, which is the same at once
    const predicted = async (dims: number, look: number): Promise<number> => {
      const { leaveOneOutError, residualNorms, eigenvalues } = await seigh(op, dims, { seed });
      const coupled = sumOfSquares(residualNorms!);
      const outside = Math.max(0, leaveOneOutError! ** 2 - 2 * coupled);
      const missed = 2 * coupled + squaredFactors(tests, levelAtLook(0.9, look)).upper * outside;
      return Math.sqrt(missed / (sumOfSquares(eigenvalues) + missed));
    };
    let look = 1;
    for (let dims = 4; dims < found.dims; dims += Math.max(4, Math.ceil(dims / 8))) {
      if ((await predicted(dims, look)) <= tol) look++;
    }
    expect(found.certificate.looks).toBe(look);
    most = Math.max(most, look);
    // with test vectors that no earlier one has used
    const certifying = parseApostOptions({ tests, seed, confidence: 0.9 });
    const again = await certify(op, found, certifying, { number: look, testsUsed: (look - 1) * tests });
    expect(found.certificate.relativeError).toEqual(again.relativeError);
    expect(await predicted(found.dims, look)).toBeLessThanOrEqual(tol);
  }
  expect(most).toBeGreaterThan(1);
});
