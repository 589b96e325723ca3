/** What users get wrong: every case names the function, the argument and the value. */
import {
  denseOperator,
  diagonalOperator,
  EigensketchError,
  fromMatvec,
  type LinearOperator,
  type Progress,
  type SeighOptions,
  seigh,
  ssvd,
} from '../src/index.ts';
import { describe, expect, test } from './support/jest.ts';
import { orthonormalityDefect, randomBlock, toDense } from './support/matrices.ts';

const ten = diagonalOperator([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);

async function failure(run: Promise<unknown>): Promise<EigensketchError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EigensketchError);
  return error as EigensketchError;
}

describe('seigh: dims and options', () => {
  test.each<[unknown, string]>([
    [0, 'seigh: dims must be an integer in 1..10, got 0 for n = 10'],
    [-3, 'seigh: dims must be an integer in 1..10, got -3 for n = 10'],
    [2.5, 'seigh: dims must be an integer in 1..10, got 2.5 for n = 10'],
    [11, 'seigh: dims must be an integer in 1..10, got 11 for n = 10'],
    ['4', "seigh: dims must be an integer in 1..10, got '4' for n = 10"],
    [Number.NaN, 'seigh: dims must be an integer in 1..10, got NaN for n = 10'],
  ])('dims = %p', async (dims, message) => {
    const error = await failure(seigh(ten, dims as number));
    expect(error.message).toBe(message);
    expect(error.code).toBe('ARGUMENT');
  });

  test.each<[object, string]>([
    [{ method: 'lanczos' }, "seigh: method must be one of 'hmt', 'nystrom', 'oversampled', 'krylov', got 'lanczos'"],
    [{ which: 'XX' as never }, "seigh: which must be one of 'LM', 'LA', 'SA', got 'XX'"],
    [
      { testMatrix: 'cauchy' as never },
      "seigh: testMatrix must be one of 'gaussian', 'rademacher', 'sparseSign', got 'cauchy'",
    ],
    [{ kernels: 'cuda' as never }, 'seigh: kernels must be one of'],
    [{ rank: 0 }, 'seigh: rank must be an integer in 1..10, got 0 for n = 10'],
    [{ blockSize: 0 }, 'seigh: blockSize must be an integer at least 1, got 0'],
    [{ seed: 1.5 }, 'seigh: seed must be an integer at least 0, got 1.5'],
    [{ powerIterations: -1 }, 'seigh: powerIterations must be an integer at least 0, got -1'],
    [{ method: 'oversampled', innerDims: 8 }, 'seigh: innerDims must be an integer at least 9, got 8'],
    [{ method: 'nystrom', refine: true }, "seigh: refine belongs to method 'hmt', got method 'nystrom'"],
    [
      { method: 'oversampled', powerIterations: 1 },
      "seigh: powerIterations belongs to method 'hmt', got method 'oversampled'",
    ],
    [{ psd: true }, "seigh: psd belongs to method 'nystrom', got method 'hmt'"],
  ])('%p', async (options, message) => {
    expect((await failure(seigh(ten, 4, options as SeighOptions))).message).toContain(message);
  });
});

describe('seigh: operators that are not what they should be', () => {
  test('rectangular', async () => {
    const error = await failure(seigh(denseOperator(randomBlock(4, 3, 1)), 2));
    expect(error.message).toBe('seigh: the operator must be square, got 4 x 3');
    expect(error.code).toBe('SHAPE');
  });

  test('not symmetric: probed, refused with the measured asymmetry', async () => {
    const error = await failure(seigh(denseOperator(randomBlock(50, 50, 1)), 10));
    expect(error.message).toMatch(/^seigh: the operator is not symmetric: measured asymmetry \d\.\de[+-]\d/);
    expect(error.values.asymmetry).toBeGreaterThan(0.01);
    expect(error.code).toBe('NUMERICAL');
  });

  test.each(['hmt', 'nystrom'] as const)('claims to be symmetric but is not: %s finds out', async (method) => {
    const liar = { ...denseOperator(randomBlock(50, 50, 1)), selfAdjoint: true };
    expect((await failure(seigh(liar, 10, { method }))).message).toContain('the operator is not symmetric');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'returns %d: says where',
    async (value) => {
      const broken: LinearOperator = {
        ...ten,
        matmat: (X) => {
          const data = new Float64Array(X.rows * X.cols).fill(1);
          data[3 * X.cols + 2] = value;
          return { rows: X.rows, cols: X.cols, data };
        },
      };
      const error = await failure(seigh(broken, 8, { blockSize: 4 }));
      expect(error.message).toBe(`seigh: the operator returned ${value} in row 3 of column 2 (block of columns 0..3)`);
    },
  );

  test('returns a later block that is not finite: the column counts over the whole sketch', async () => {
    let call = 0;
    const broken: LinearOperator = {
      ...ten,
      matmat: (X) => ({
        rows: 10,
        cols: X.cols,
        data: new Float64Array(10 * X.cols).fill(call++ < 1 ? 1 : Number.NaN),
      }),
    };
    const error = await failure(seigh(broken, 8, { blockSize: 4 }));
    expect(error.message).toContain('in row 0 of column 4 (block of columns 4..7)');
  });

  test('returns the wrong shape or length', async () => {
    const transposing: LinearOperator = { ...ten, matmat: (X) => ({ rows: X.cols, cols: X.rows, data: X.data }) };
    expect((await failure(seigh(transposing, 4))).message).toBe(
      'seigh: product of the operator: expected a 10 x 4 block, got 4 x 10',
    );
    const short: LinearOperator = { ...ten, matmat: (X) => ({ ...X, data: X.data.subarray(1) }) };
    expect((await failure(seigh(short, 4))).message).toBe(
      'seigh: product of the operator: a 10 x 4 block needs 40 numbers, its data has 39',
    );
    const nothing: LinearOperator = { ...ten, matmat: () => undefined as never };
    expect((await failure(seigh(nothing, 4))).message).toContain('expected a Block { rows, cols, data');
  });

  test('throws: its own error comes through', async () => {
    const own = new Error('out of memory on the device');
    const throwing = fromMatvec({
      shape: [5, 5],
      dtype: 'float64',
      selfAdjoint: true,
      matvec: () => Promise.reject(own),
    });
    await expect(seigh(throwing, 2)).rejects.toBe(own);
  });
});

describe('degenerate operators give correct results without NaN', () => {
  test.each(['hmt', 'nystrom', 'oversampled'] as const)('the zero operator by %s', async (method) => {
    const result = await seigh(diagonalOperator(new Float64Array(9)), 4, { method });
    expect(result.rank).toBe(0);
    expect(result.eigenvalues).toHaveLength(0);
    expect((await toDense(result)).data.every((value) => value === 0)).toBe(true);
  });

  test.each(['hmt', 'nystrom', 'oversampled'] as const)('the identity by %s', async (method) => {
    for (const [n, dims] of [
      [30, 8],
      [8, 8],
    ] as const) {
      const result = await seigh(diagonalOperator(new Float64Array(n).fill(1)), dims, { method, seed: 3 });
      expect(await orthonormalityDefect(result.eigenvectors)).toBeLessThan(1e-13);
      if (method === 'hmt') for (const value of result.eigenvalues) expect(value).toBeCloseTo(1, 13);
      expect(result.eigenvalues.every(Number.isFinite)).toBe(true);
    }
  });

  test('n = 1', async () => {
    expect(Array.from((await seigh(diagonalOperator([-2]), 1)).eigenvalues)).toEqual([-2]);
  });
});

describe('long runs', () => {
  test('an aborted signal stops before the first product', async () => {
    const signal = AbortSignal.abort();
    await expect(seigh(ten, 3, { signal })).rejects.toThrow('This operation was aborted');
  });

  test('aborting in the middle stops at the next block', async () => {
    const controller = new AbortController();
    const reports: Progress[] = [];
    const run = seigh(ten, 10, {
      blockSize: 2,
      signal: controller.signal,
      onProgress: (progress) => {
        reports.push(progress);
        if (progress.done === 4) controller.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(reports.at(-1)).toEqual({ stage: 'sketch', done: 4, total: 10 });
  });

  test('progress counts every column of every pass', async () => {
    const reports: Progress[] = [];
    await seigh(ten, 6, { blockSize: 4, onProgress: (progress) => reports.push(progress) });
    const done = (stage: string): number[] => reports.filter((r) => r.stage === stage).map((r) => r.done);
    expect(done('sketch')).toEqual([0, 4, 6]);
    expect(done('recovery')).toEqual([0, 4, 6]);
  });
});

describe('ssvd', () => {
  test('needs an adjoint', async () => {
    const oneWay = fromMatvec({ shape: [4, 3], dtype: 'float64', matvec: () => [1, 2, 3, 4] });
    const error = await failure(ssvd(oneWay, 2));
    expect([error.code, error.message]).toEqual([
      'UNSUPPORTED',
      'ssvd: the operator has no adjoint product (adjointMatmat)',
    ]);
  });
  test('dims beyond the smaller side', async () => {
    const error = await failure(ssvd(denseOperator(randomBlock(4, 3, 1)), 4));
    expect(error.message).toBe('ssvd: dims must be an integer in 1..3, got 4 for a 4 x 3 operator');
  });
});
