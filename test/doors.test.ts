/** The door of every public function: what is wrong is refused before the operator multiplies anything, and named once. */
import * as core from '../src/index.js';
import { ArgumentError, type LinearOperator } from '../src/index.js';
import { operatorWithSpectrum } from '../src/testing/index.js';
import { checkRefusals } from './laws/linop.ts';
import { expectRefusal, failureOf } from './support/doors.ts';
import { describe, expect, test } from './support/jest.ts';

const N = 12;

/** A symmetric operator whose every product fails the test, as does calibrating it. */
const untouched = (): LinearOperator & { touched: number } => {
  const op = {
    shape: [N, N] as const,
    dtype: 'float64' as const,
    selfAdjoint: true,
    psd: true,
    touched: 0,
    matmat(): never {
      op.touched++;
      throw new Error('multiplied');
    },
    async calibrate() {
      op.touched++;
    },
  };
  return op;
};

const INTEGERS = [null, 'x', {}, [1], Number.NaN, 1.5, -1, Number.POSITIVE_INFINITY];
const FRACTIONS = [null, 'x', {}, Number.NaN, 2, 95, -0.1, 1];
const SIZES = [null, 'x', {}, Number.NaN, -1];
const NAMES = [null, 3, 'no such name', {}, ''];
const SEEDS = [null, 'x', -1, 0.5, Number.NaN, 2 ** 53];
const FUNCTIONS = [null, 'x', 3, {}];
const VECTORS = [null, 'x', 3, {}, new Float64Array(N - 1), new Float64Array(N).fill(Number.NaN)];

const CONTROL = { onProgress: FUNCTIONS, signal: [null, 'x', 3, {}] };
const COMMON = { seed: SEEDS, kernels: NAMES, ...CONTROL };

interface Door {
  call: (op: LinearOperator, options: never) => unknown;
  /** Bad values by option. */
  options: Record<string, readonly unknown[]>;
}

const b = new Float64Array(N).fill(1);
const estimator = { confidence: [...FRACTIONS, 0], blockSize: [...INTEGERS, 0], ...COMMON };
const goal = { tol: SIZES, maxProducts: [...INTEGERS, 0], firstProducts: [...INTEGERS, 0, 5] };
const solver = { shift: [null, 'x', Number.NaN], tol: SIZES, maxIterations: INTEGERS, x0: VECTORS, ...CONTROL };
const density = {
  grid: [null, 'x', 1, [1], [2, 1], [0, Number.NaN]],
  sigma: [...SIZES, 0],
  scale: NAMES,
  epsilon: [...SIZES, 0],
};

const DOORS: Record<string, Door> = {
  apost: {
    call: (op, options) => core.apost(op, core.diagonalOperator(b), options),
    options: { tests: [...INTEGERS, 0], confidence: [...FRACTIONS, 0], blockSize: [...INTEGERS, 0], ...COMMON },
  },
  eigsh: {
    call: (op, options) => core.eigsh(op, 3, options),
    options: {
      which: NAMES,
      tol: [null, 'x', Number.NaN, -1, 1],
      confidence: FRACTIONS,
      blockSize: [...INTEGERS, 0],
      maxProducts: [...INTEGERS, 0],
      maxMemory: [...INTEGERS, 0, 8],
      store: [null, 3, '', {}],
      memory: [null, 'much', -1, '3 XB', '1GB'],
      sigma: [null, 'x', Number.NaN, Number.POSITIVE_INFINITY],
      innerTol: [null, 'x', Number.NaN, 0, 1, 0.5],
      preconditioner: [null, 3, {}],
      ...COMMON,
    },
  },
  ssvd: {
    call: (op, options) => core.ssvd(op, 3, options),
    options: {
      testMatrix: NAMES,
      rank: [...INTEGERS, 0, N + 1],
      powerIterations: INTEGERS,
      blockSize: [...INTEGERS, 0],
      ...COMMON,
    },
  },
  lanczos: { call: (op, options) => core.lanczos(op, 3, options), options: { start: VECTORS.slice(0, 5), ...COMMON } },
  spectralDensity: {
    call: (op, options) => core.spectralDensity(op, options),
    options: {
      order: [...INTEGERS, 0, N + 1],
      runs: [...INTEGERS, 0],
      confidence: [null, 'x', 0.4, 1, 95],
      ...density,
      ...COMMON,
    },
  },
  trace: {
    call: (op, options) => core.trace(op, options),
    options: { method: NAMES, testMatrix: NAMES, ...goal, ...estimator },
  },
  diagonal: { call: (op, options) => core.diagonal(op, options), options: { method: NAMES, ...goal, ...estimator } },
  frobeniusNorm: {
    call: (op, options) => core.frobeniusNorm(op, options),
    options: { tests: [...INTEGERS, 0], ...estimator },
  },
  spectralNorm: {
    call: (op, options) => core.spectralNorm(op, options),
    options: { order: [...INTEGERS, 0, N + 1], confidence: [...FRACTIONS, 0], ...COMMON },
  },
  traceFunction: {
    call: (op, options) => core.traceFunction(op, Math.exp, options),
    options: { order: [...INTEGERS, 0, N + 1], runs: [...INTEGERS, 0, 1], confidence: [...FRACTIONS, 0], ...COMMON },
  },
  logdet: {
    call: (op, options) => core.logdet(op, options),
    options: { order: [...INTEGERS, 0, N + 1], runs: [...INTEGERS, 0, 1], confidence: [...FRACTIONS, 0], ...COMMON },
  },
  cg: { call: (op, options) => core.cg(op, b, options), options: { ...solver, preconditioner: [null, 3, {}, 'x'] } },
  minres: {
    call: (op, options) => core.minres(op, b, options),
    options: { ...solver, preconditioner: [null, 3, {}, 'x'] },
  },
};

describe.each(Object.entries(DOORS))('%s', (name, { call, options }) => {
  const given = Object.entries(options).flatMap(([option, values]) => values.map((value) => ({ option, value })));

  test.each(given)('refuses $option: $value before any product', async ({ option, value }) => {
    const op = untouched();
    const failure = await failureOf(() => call(op, { [option]: value } as never));
    expectRefusal(failure, name);
    expect((failure as Error).message).toContain(option === 'maxMemory' ? 'maxMemory' : option);
    expect(op.touched).toBe(0);
  });

  test.each([[null], [3], ['x'], [[]]])('refuses options that are %p', async (value) => {
    const op = untouched();
    expectRefusal(await failureOf(() => call(op, value as never)), name);
    expect(op.touched).toBe(0);
  });

  test('names the option that an unknown one most likely is', async () => {
    for (const option of Object.keys(options).filter(({ length }) => length > 2)) {
      const misspelt = `${option.slice(0, 1)}${option.slice(2)}${option[1]}`;
      const op = untouched();
      const failure = await failureOf(() => call(op, { [misspelt]: 1 } as never));
      expectRefusal(failure, name);
      expect((failure as Error).message).toContain(`unknown option '${misspelt}'`);
      expect(op.touched).toBe(0);
    }
    const failure = await failureOf(() => call(untouched(), { sead: 1 } as never));
    if ('seed' in options) expect((failure as Error).message).toContain("did you mean 'seed'?");
  });

  test.each([
    ['null', null],
    ['an object', {}],
    ['a matrix as an array', [[1, 0]]],
    ['a shape without sizes', { shape: [], dtype: 'float64', matmat: () => null }],
    ['a function', () => 0],
  ])('refuses %s for an operator', async (_, op) => {
    expectRefusal(await failureOf(() => call(op as never, {} as never)), name);
  });
});

describe('counts', () => {
  test.each([
    ['eigsh', (op: LinearOperator, k: unknown) => core.eigsh(op, k as number)],
    ['ssvd', (op: LinearOperator, k: unknown) => core.ssvd(op, k as number)],
    ['lanczos', (op: LinearOperator, k: unknown) => core.lanczos(op, k as number)],
  ] as const)('%s refuses what is no number of columns', async (name, call) => {
    for (const value of [...INTEGERS, 0, N + 1, undefined]) {
      const op = untouched();
      expectRefusal(await failureOf(() => call(op, value)), name);
      expect(op.touched).toBe(0);
    }
  });
});

const WITHOUT_PRODUCTS: readonly (readonly [name: string, call: () => unknown])[] = [
  ['planTests', () => core.planTests(null as never)],
  ['planTests', () => core.planTests({ factor: 1, confidence: 0.9 })],
  ['planTests', () => core.planTests({ factor: 1.2, confidence: 95 })],
  ['apostErrorBounds', () => core.apostErrorBounds(0, 1.2)],
  ['apostErrorBounds', () => core.apostErrorBounds(10, Number.NaN)],
  ['smallestRank', () => core.smallestRank(null as never, 0.1)],
  ['smallestRank', () => core.smallestRank({}, 0)],
  ['tridiagToDensity', () => core.tridiagToDensity(null as never)],
  ['nystromPreconditioner', () => core.nystromPreconditioner(null as never)],
  ['nystromPreconditioner', () => core.nystromPreconditioner({} as never)],
  ['sum', () => core.sum(null as never)],
  ['sum', () => core.sum([null as never])],
  ['sum', () => core.sum([])],
  ['sum', () => core.sum([core.diagonalOperator([1])], [Number.NaN])],
  ['product', () => core.product(undefined as never)],
  ['product', () => core.product([core.diagonalOperator([1]), {} as never])],
  ['denseOperator', () => core.denseOperator(null as never)],
  ['denseOperator', () => core.denseOperator([[1, 2], [3]])],
  ['denseOperator', () => core.denseOperator([null as never])],
  ['diagonalOperator', () => core.diagonalOperator(null as never)],
  ['diagonalOperator', () => core.diagonalOperator('12' as never)],
  ['lowRankOperator', () => core.lowRankOperator(null as never, [1])],
  ['lowRankOperator', () => core.lowRankOperator({ rows: 1, cols: 1, data: new Float64Array(1) }, null as never)],
  ['fromMatvec', () => core.fromMatvec(null as never)],
  ['fromMatvec', () => core.fromMatvec({ shape: null, dtype: 'float64' } as never)],
  ['fromMatvec', () => core.fromMatvec({ shape: [2, 2], dtype: 'float64', matvec: 3 } as never)],
  ['fromMatvec', () => core.fromMatvec({ shape: [2, 2], dtype: 'float64' } as never)],
  [
    'fromMatvec',
    () => core.fromMatvec({ shape: [2, 2], dtype: 'float64', matvec: (x: never) => x, symmetric: true } as never),
  ],
  ['smallestRank', () => core.smallestRank({ scree: 3 } as never, 0.1)],
  ['smallestRank', () => core.smallestRank({ scree: [null] } as never, 0.1)],
  ...[
    ...[null, undefined, 3, 'x', [], {}, new Float64Array(2)],
    ...[{ shape: null }, { shape: 3 }, { shape: [2] }, { data: null }, { data: ['a'] }, { indptr: null }],
    ...[{ indptr: [0, 1] }, { indices: 'x' }, { indices: [0, 5] }, { format: 'x' }, { symmetric: 'x' }, { size: 1 }],
  ].flatMap((wrong, i) => {
    const entries =
      i < 7 ? wrong : { shape: [2, 2], indptr: [0, 1, 2], indices: [0, 1], data: [1, 2], ...(wrong as object) };
    return [
      ['sparseOperator', () => core.sparseOperator(entries as never)] as const,
      ['graphLaplacian', () => core.graphLaplacian(entries as never)] as const,
    ];
  }),
  ['graphLaplacian', () => core.graphLaplacian(core.diagonalOperator([1]))],
  ...[null, 3, { normalised: 3 }, { normalized: true }].map(
    (options) =>
      [
        'graphLaplacian',
        () => {
          const edge = { format: 'coo', shape: [2, 2], row: [1], col: [0], data: [1], symmetric: 'lower' } as const;
          return core.graphLaplacian(edge, options as never);
        },
      ] as const,
  ),
  ...[null, undefined, 3, 'x', {}, [1], { rows: 1, cols: 2, data: [1] }].map(
    (X) => ['covarianceOperator', () => core.covarianceOperator(X as never)] as const,
  ),
  ...[null, 3, { centre: 3 }, { center: true }].map(
    (options) =>
      ['covarianceOperator', () => core.covarianceOperator(core.diagonalOperator([1, 2]), options as never)] as const,
  ),
  ...[
    ...[null, undefined, 3, {}, { eigenvalues: [1] }, { eigenvalues: null, eigenvectors: null }],
    { eigenvalues: [1], eigenvectors: 3 },
    { eigenvalues: [1], eigenvectors: { rows: 2, cols: 2, data: new Float64Array(4) } },
    { eigenvalues: ['a'], eigenvectors: { rows: 2, cols: 1, data: new Float64Array(2) } },
  ].map((pairs) => ['ritzPairs', () => core.ritzPairs(pairs as never)] as const),
];

describe('functions without products', () => {
  test.each(WITHOUT_PRODUCTS)('%s: %s', async (name, call) => {
    expectRefusal(await failureOf(call), name);
  });
});

describe('operators and results', () => {
  const A = core.diagonalOperator([4, 3, 2, 1]);
  // a cycle of four nodes, from 0 to 1 to 2 to 3 to 0
  const places = { row: [0, 1, 2, 0], col: [1, 2, 3, 3], data: [1, 1, 1, 1] };
  const entries = { format: 'coo', shape: [4, 4], symmetric: 'upper', ...places } as const;
  test.each([
    ['diagonalOperator', async () => A],
    [
      'denseOperator',
      async () =>
        core.denseOperator([
          [1, 0, 0, 0],
          [0, 1, 0, 0],
          [0, 0, 1, 0],
          [0, 0, 0, 1],
        ]),
    ],
    ['sum', async () => core.sum([A, A])],
    ['product', async () => core.product([A, A])],
    ['fromMatvec', async () => core.fromMatvec({ shape: [4, 4], dtype: 'float64', matvec: (x) => x })],
    ['lowRankOperator', async () => core.lowRankOperator({ rows: 4, cols: 1, data: new Float64Array(4).fill(1) }, [1])],
    ['result', () => core.seigh(A, 2)],
    ['result', () => core.eigsh(A, 2)],
    ['result', () => core.ssvd(A, 2)],
    ['nystromPreconditioner', async () => core.nystromPreconditioner(await core.seigh(A, 2), { shift: 1 })],
    ['sparseOperator', async () => core.sparseOperator(entries)],
    ['graphLaplacian', async () => core.graphLaplacian(entries)],
    [
      'covarianceOperator',
      async () => core.covarianceOperator({ rows: 9, cols: 4, data: new Float64Array(36).fill(1) }),
    ],
    [
      'ritzPairs',
      () => core.ritzPairs({ eigenvalues: [1], eigenvectors: { rows: 4, cols: 1, data: Float64Array.of(1, 0, 0, 0) } }),
    ],
    ['operatorWithSpectrum', async () => operatorWithSpectrum([4, 3, 2, 1])],
  ] as const)('%s multiplies blocks, and single vectors by apply', async (name, make) => {
    const op = (await make()) as LinearOperator & { apply(x: unknown): Promise<Float64Array> };
    await checkRefusals(op, name);
    const x = Float64Array.of(1, -2, 0.5, 3);
    const Y = await op.matmat({ rows: 4, cols: 1, data: x });
    expect(Array.from(await op.apply(x))).toEqual(Array.from(Y.data));
    expect(Array.from(await op.apply([1, -2, 0.5, 3]))).toEqual(Array.from(Y.data));
  });

  test('what an operator says of itself reaches who works with a sum of it', async () => {
    let calibrated = 0;
    const op: LinearOperator = {
      ...A,
      backend: 'a device',
      overlaps: true,
      get preferredBlockSize() {
        return calibrated > 0 ? 7 : 3;
      },
      async calibrate() {
        calibrated++;
      },
    };
    const total = core.sum([op, core.diagonalOperator([1, 1, 1, 1])]);
    expect([total.backend, total.overlaps, total.preferredBlockSize]).toEqual(['a device', true, 3]);
    await total.calibrate!();
    expect([calibrated, total.preferredBlockSize]).toEqual([1, 7]);
    expect((await core.eigsh(op, 2)).backend).toBe('a device');
    expect((await core.ssvd(op, 2)).backend).toBe('a device');
  });

  test('every driver that chooses a block size calibrates first', async () => {
    for (const [call, expected] of [
      [(op: LinearOperator) => core.ssvd(op, 3), 1],
      [(op: LinearOperator) => core.trace(op), 1],
      [(op: LinearOperator) => core.diagonal(op), 1],
      [(op: LinearOperator) => core.frobeniusNorm(op), 1],
      [(op: LinearOperator) => core.apost(op, A), 1],
      [(op: LinearOperator) => core.seigh(op, 2), 1],
      [(op: LinearOperator) => core.seigh(op, 2, { blockSize: 2 }), 0],
    ] as const) {
      let calibrated = 0;
      await call({ ...A, calibrate: async () => void calibrated++ });
      expect(calibrated).toBe(expected);
    }
  });
});

describe('progress', () => {
  test.each([
    [
      'at once',
      () => {
        throw new Error('enough');
      },
    ],
    [
      'later',
      async () => {
        throw new Error('enough');
      },
    ],
  ] as const)('a callback that fails %s ends the call with its error', async (_, onProgress) => {
    const A = core.diagonalOperator(Float64Array.from({ length: 50 }, (_, i) => 1 / (i + 1)));
    for (const call of [
      () => core.eigsh(A, 3, { onProgress }),
      () => core.ssvd(A, 5, { onProgress, blockSize: 1 }),
      () => core.trace(A, { onProgress, blockSize: 2 }),
      () => core.apost(A, A, { onProgress, blockSize: 2 }),
      () => core.lanczos(A, 5, { onProgress }),
      () => core.cg(A, new Float64Array(50).fill(1), { onProgress }),
    ]) {
      await expect(call()).rejects.toThrow('enough');
    }
  });
});

test('errors of the library say where, and keep their kind and values', async () => {
  const failure = (await failureOf(() => core.eigsh(core.diagonalOperator([1, 2]), 3))) as ArgumentError;
  expect(failure).toBeInstanceOf(ArgumentError);
  expect(failure.where).toBe('eigsh');
  expect(failure.values).toMatchObject({ k: 3 });
  expect(failure.stack).toContain('eigsh: k must be');
});

test('every function of the entry is among the cases', () => {
  const named = new Set([
    ...Object.keys(DOORS),
    ...WITHOUT_PRODUCTS.map(([name]) => name),
    // theirs are in refused-before-products.test.ts
    ...['seigh', 'planSketch'],
  ]);
  const isFunction = (value: unknown): boolean => typeof value === 'function' && !/^class\b/.test(String(value));
  const all = Object.entries(core).flatMap(([name, value]) => (isFunction(value) ? [name] : []));
  expect(all.filter((name) => !named.has(name))).toEqual([]);
});
