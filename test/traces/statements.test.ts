/**
 * What estimators state besides their estimate: fields that scale with the operator, standard errors from the products that were
 * made, what an interval rests on, how often was looked, and what it cost.
 */
import { type Block, zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import {
  denseOperator,
  diagonal,
  diagonalOperator,
  frobeniusNorm,
  type LinearOperator,
  spectralNorm,
  trace,
} from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { multiply, randomBlock, transposed } from '../support/matrices.ts';
import { columnsOf, dot, mean, outside, recorded } from '../support/recorded.ts';

const n = 24;
const factor = randomBlock(n, n, 1);
/** Positive definite, dense. */
const S: Block = multiply(factor, transposed(factor));
const operator = (scale: number): LinearOperator =>
  denseOperator({ rows: n, cols: n, data: S.data.map((value) => scale * value) });

const timesS = (w: readonly number[]): number[] =>
  w.map((_, i) => w.reduce((sum, value, j) => sum + S.data[i * n + j]! * value, 0));

/** Numbers of a result, by name, those in lists and records too. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersOf(inner, `${path}.${name}`));
}

describe('every number in units of the operator scales with it, no other does', () => {
  const FAR = 2 ** 200;
  const UNITLESS = ['confidence', 'looks', 'samples', 'seed', 'steps', 'tests'].map((name) => `.${name}`);
  const calls: [string, (A: LinearOperator) => Promise<object>][] = [
    ...(['hutchinson', 'hutch++', 'xtrace', 'xnystrace'] as const).map((method): (typeof calls)[0] => [
      `trace, ${method}`,
      (A) => trace(A, { method, maxProducts: 15, seed: 3 }),
    ]),
    ...(['hutchinson', 'xdiag'] as const).map((method): (typeof calls)[0] => [
      `diagonal, ${method}`,
      (A) => diagonal(A, { method, maxProducts: 15, seed: 3 }),
    ]),
    ['frobeniusNorm', (A) => frobeniusNorm(A, { tests: 9, seed: 3 })],
    ['spectralNorm', (A) => spectralNorm(A, { seed: 3 })],
  ];
  test.each(calls)('%s', async (_, call) => {
    const [usual, far] = [numbersOf(await call(operator(1))), numbersOf(await call(operator(FAR)))];
    expect(far.map(([name]) => name)).toEqual(usual.map(([name]) => name));
    for (const [i, [name, value]] of usual.entries()) {
      // the first product is made again where the scale is found
      if (name === '.numMatvecs') continue;
      const factor = UNITLESS.includes(name) ? 1 : FAR;
      expect([name, far[i]![1] / factor]).toEqual([name, value === 0 ? 0 : expect.closeTo(value, 10)]);
    }
  });
});

test('standard errors of a diagonal by hutchinson are those of the mean of its samples', async () => {
  const W: number[][] = [];
  const A = operator(1);
  const op = {
    ...A,
    matmat: (X: Block, out?: Block) => {
      W.push(...columnsOf(X));
      return A.matmat(X, out);
    },
  };
  const q = 7;
  const result = await diagonal(op, { method: 'hutchinson', maxProducts: q, blockSize: 3, seed: 5 });
  expect([result.samples, result.numMatvecs, W.length]).toEqual([q, q, q]);
  for (let i = 0; i < n; i++) {
    const samples = W.map((w) => w[i]! * w.reduce((sum, value, j) => sum + S.data[i * n + j]! * value, 0));
    const center = mean(samples);
    const squares = samples.reduce((sum, value) => sum + (value - center) ** 2, 0);
    expect(result.diagonal[i]).toBeCloseTo(center, 10);
    expect(result.standardErrors[i]).toBeCloseTo(Math.sqrt(squares / (q * (q - 1))), 10);
  }
});

test('the standard error of hutchinson is that of the mean of its samples', async () => {
  const { op, products } = recorded(operator(1));
  const q = 7;
  const { estimate, standardError } = await trace(op, { method: 'hutchinson', maxProducts: q, seed: 5 });
  const samples = products.flat().map((w) => dot(w, timesS(w)));
  const squares = samples.reduce((sum, value) => sum + (value - mean(samples)) ** 2, 0);
  expect(samples).toHaveLength(q);
  expect(estimate).toBeCloseTo(mean(samples), 10);
  expect(standardError).toBeCloseTo(Math.sqrt(squares / (q * (q - 1))), 10);
});

test('hutch++ draws its range and its test vectors from streams of their own', async () => {
  const { op, products } = recorded(operator(1));
  await trace(op, { maxProducts: 12, seed: 5 });
  const stream = zeros(n, 4, 'float64');
  fillRandom(stream, 'gaussian', { seed: 5, purpose: 'traceRange' }, 0);
  expect(products[0]).toEqual(columnsOf(stream));
  const tests = zeros(n, 4, 'float64');
  fillRandom(tests, 'gaussian', { seed: 5, purpose: 'trace' }, 0);
  for (const [j, g] of columnsOf(tests).entries()) {
    for (const [i, value] of outside(g, products[1]!).entries()) expect(products[2]![j]![i]).toBeCloseTo(value, 12);
  }
});

describe('spectralNorm', () => {
  test('of a Krylov space that is everything has an upper end at rounding', async () => {
    const { estimate, upper, numMatvecs } = await spectralNorm(diagonalOperator([-7, 5, 3, 1]), { seed: 2 });
    expect(numMatvecs).toBe(4);
    expect(estimate).toBeCloseTo(7, 12);
    expect(upper).toBeGreaterThanOrEqual(7);
    expect(upper).toBeLessThan(7 * (1 + 1e-12));
  });

  test('an operator without adjoint is refused with what to say of it', async () => {
    const { selfAdjoint: _, ...op } = diagonalOperator([3, 2]);
    const { adjointMatmat: __, ...bare } = op;
    await expect(spectralNorm(bare)).rejects.toThrow(
      'spectralNorm: an operator that does not declare selfAdjoint needs an adjoint (adjointMatmat). ' +
        'If it is symmetric, say so: selfAdjoint: true',
    );
  });
});

test('a diagonal is never called certified', async () => {
  for (const method of ['hutchinson', 'xdiag'] as const) {
    expect((await diagonal(operator(1), { method, maxProducts: 8 })).certified).toBe(false);
  }
});

describe('what a trace rests on', () => {
  const { psd: _, ...plain } = operator(1);
  test.each<['hutchinson' | 'hutch++' | 'xtrace', 'gaussian' | 'rademacher', boolean, string[] | undefined]>([
    ['hutchinson', 'gaussian', true, ['psd']],
    ['hutchinson', 'gaussian', false, undefined],
    ['hutchinson', 'rademacher', true, undefined],
    ['hutch++', 'gaussian', true, ['psd']],
    ['hutch++', 'gaussian', false, undefined],
    ['hutch++', 'rademacher', true, undefined],
    ['xtrace', 'gaussian', true, undefined],
  ])('%s with %s vectors, psd declared: %p', async (method, testMatrix, psd, assumes) => {
    const result = await trace({ ...plain, ...(psd ? { psd } : {}) }, { method, testMatrix, maxProducts: 12 });
    expect(result.assumes).toEqual(assumes);
    expect(result.certified).toBe(method !== 'xtrace' && testMatrix === 'gaussian');
  });

  test('the declaration is refused where products contradict it', async () => {
    const values = Array.from({ length: n }, (_, i) => (i === 0 ? -5 : 0.01));
    for (const method of ['hutchinson', 'hutch++'] as const) {
      const A: LinearOperator = { ...diagonalOperator(values), psd: true };
      await expect(trace(A, { method, maxProducts: 12 })).rejects.toThrow(/psd/);
    }
  });
});

describe('with a tol that cannot be reached', () => {
  test.each([
    // a basis of all directions leaves nothing to sample
    ['hutch++', 12, 1],
    ['xtrace', 12, 1],
    ['xnystrace', 10, 1],
  ] as const)('%s stops when it has the whole of a 5 x 5 matrix', async (method, firstProducts, looks) => {
    const small = diagonalOperator([5, 4, 3, 2, 1]);
    const result = await trace(small, { method, firstProducts: firstProducts + 6, maxProducts: 500, tol: 1e-300 });
    expect(result.looks).toBe(looks);
    expect(result.estimate).toBeCloseTo(15, 10);
    expect(result.numMatvecs).toBeLessThan(30);
  });

  test('hutch++ takes no more columns into its range than are left', async () => {
    const small = diagonalOperator([5, 4, 3, 2, 1]);
    const result = await trace(small, { firstProducts: 6, maxProducts: 500, tol: 1e-300 });
    // 2 + 2 + 2, as many again, and 1 + 1 + 10
    expect([result.looks, result.numMatvecs]).toEqual([3, 24]);
  });

  test('xnystrace never multiplies more columns than there are rows', async () => {
    const result = await trace(operator(1), { method: 'xnystrace', firstProducts: 10, maxProducts: 500, tol: 1e-300 });
    expect([result.numMatvecs, result.samples, result.looks]).toEqual([n, n, 3]);
  });

  test('diagonals: looks and products are counted, each step as large as all before', async () => {
    // 5, 10, 20 and what is left, unless that is less than the first step
    for (const [maxProducts, looks, spent] of [
      [24, 3, 20],
      [26, 4, 26],
    ] as const) {
      const result = await diagonal(operator(1), { method: 'hutchinson', firstProducts: 5, maxProducts, tol: 1e-9 });
      expect([result.looks, result.numMatvecs, result.samples, result.converged]).toEqual([looks, spent, spent, false]);
    }
    const whole = await diagonal(operator(1), { firstProducts: 10, maxProducts: 500, tol: 1e-300 });
    expect(whole.numMatvecs).toBe(2 * n);
  });
});

describe('what a search may spend', () => {
  const A = operator(1);
  test.each<[object, string]>([
    [{ firstProducts: 5 }, 'firstProducts belongs to tol, which is not given; got 5'],
    [{ maxProducts: 3 }, 'maxProducts must be an integer at least 4, got 3'],
    [{ tol: 0.1, firstProducts: 3 }, 'firstProducts must be an integer at least 4, got 3'],
    [{ tol: 0.1, firstProducts: 30, maxProducts: 29 }, 'maxProducts must be an integer at least 30, got 29'],
  ])('%j', async (options, message) => {
    await expect(trace(A, options)).rejects.toThrow(`trace: ${message}`);
    await expect(diagonal(A, options)).rejects.toThrow(`diagonal: ${message}`);
  });

  test('by default 60 products, or sixteen times those of the first estimate', async () => {
    const big = diagonalOperator(Float64Array.from({ length: 300 }, (_, i) => (i % 2 ? 1 : -1) * (1 + i)));
    expect((await trace(big, { method: 'hutchinson' })).numMatvecs).toBe(60);
    const searched = await trace(big, { method: 'hutchinson', firstProducts: 5, tol: 1e-9 });
    expect([searched.numMatvecs, searched.looks]).toEqual([80, 5]);
    const limited = await trace(big, { method: 'hutchinson', maxProducts: 20, tol: 1e-9 });
    expect([limited.numMatvecs, limited.looks]).toEqual([20, 1]);
    expect((await trace(big, { method: 'hutchinson', firstProducts: 5, tol: 1e9 })).converged).toBe(true);
  });
});

describe('frobeniusNorm', () => {
  test('repeats one column, whatever the block size, and counts it', async () => {
    for (const blockSize of [2, 100]) {
      let columns = 0;
      const A = operator(1);
      const op = {
        ...A,
        matmat: (X: Block, out?: Block) => {
          columns += X.cols;
          return A.matmat(X, out);
        },
      };
      const { numMatvecs } = await frobeniusNorm(op, { tests: 9, blockSize });
      expect([numMatvecs, columns]).toEqual([10, 10]);
    }
  });

  test('products that differ from call to call widen the interval', async () => {
    let calls = 0;
    const A = operator(1);
    const shaky: LinearOperator = {
      ...A,
      async matmat(X) {
        const Y = await A.matmat(X);
        const out = zeros(Y.rows, Y.cols, 'float64');
        calls++;
        // another sign from call to call
        for (const [at, value] of Y.data.entries()) out.data[at] = value + (calls % 2 ? 1 : -1) * 1e-4 * value;
        return out;
      },
    };
    const [still, noisy] = [await frobeniusNorm(A, { tests: 9 }), await frobeniusNorm(shaky, { tests: 9 })];
    expect(noisy.estimate / still.estimate).toBeCloseTo(1, 3);
    expect(noisy.upper / noisy.estimate).toBeGreaterThan((still.upper / still.estimate) * (1 + 5e-5));
    expect(noisy.estimate / noisy.lower).toBeGreaterThan((still.estimate / still.lower) * (1 + 5e-5));
  });
});
