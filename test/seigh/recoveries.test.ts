/** Each method from its formula in dense algebra, what it costs, and the memory that it takes beside what it is said to take. */
import type { Block } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { denseOperator, planSketch, type SeighOptions, seigh } from '../../src/index.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import type { Multivector, Scope } from '../../src/multivector/multivector.ts';
import { prepareRun } from '../../src/seigh/decompose.ts';
import { innerMatrix } from '../../src/seigh/method.ts';
import { METHOD_NAMES, METHODS, STORED_METHODS } from '../../src/seigh/methods.ts';
import { adaptiveFields, dimsField, ownFields, parseSketchCall, sketchFields } from '../../src/seigh/options.ts';
import { BUDGET_FIELDS } from '../../src/seigh/plan.ts';
import { materialise } from '../../src/sketch/test-matrix.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';
import {
  A,
  approximation,
  basisOf,
  definite,
  k,
  n,
  ofEigenvalues,
  options,
  sideBySide,
  solve,
  symmetric,
  watched,
} from '../support/recoveries.ts';

describe('formulas', () => {
  test('hmt: Q Q^T A Q Q^T', async () => {
    const { op, blocks } = watched();
    const result = await seigh(op, k, options);
    const Q = basisOf(blocks[0]!.Y);
    const core = multiply(transposed(Q), multiply(A, Q));
    expect(distance(await approximation(result), multiply(Q, multiply(symmetric(core), transposed(Q))))).toBeLessThan(
      1e-12,
    );
    expect([result.numMatvecs, result.dims, result.dropped, result.rank, result.method]).toEqual([
      2 * k,
      k,
      0,
      k,
      'hmt',
    ]);
  });

  test('hmt with power iterations: the range of A^3 Omega', async () => {
    const { op, blocks } = watched();
    const result = await seigh(op, k, { ...options, powerIterations: 2 });
    const Q = basisOf(multiply(A, multiply(A, blocks[0]!.Y)));
    const core = multiply(transposed(Q), multiply(A, Q));
    const expected = multiply(Q, multiply(symmetric(core), transposed(Q)));
    expect(distance(await approximation(result), expected)).toBeLessThan(1e-9);
    expect([result.numMatvecs, blocks.length, result.leaveOneOutError]).toEqual([4 * k, 4, undefined]);
  });

  test('refined: Q Z^T + Z Q^T - Q H Q^T', async () => {
    const { op, blocks } = watched();
    const result = await seigh(op, k, { ...options, refine: true });
    const Q = basisOf(blocks[0]!.Y);
    const Z = multiply(A, Q);
    const QZ = multiply(Q, transposed(Z));
    const QHQ = multiply(Q, multiply(transposed(Q), multiply(Z, transposed(Q))));
    const data = QZ.data.map((value, at) => value + transposed(QZ).data[at]! - QHQ.data[at]!);
    expect(distance(await approximation(result), { rows: n, cols: n, data: data as Float64Array })).toBeLessThan(1e-11);
    expect([result.rank, result.numMatvecs, result.residualNorms, result.orthogonalError]).toEqual([
      2 * k,
      2 * k,
      undefined,
      true,
    ]);
    const cut = await seigh(op, k, { ...options, refine: true, rank: 5 });
    expect([cut.rank, cut.orthogonalError]).toEqual([5, undefined]);
  });

  test.each([undefined, 2, 4])(
    'nystrom, rank %p: Y W_r^+ Y^T with the r largest of the core, half of them by default',
    async (rank) => {
      const { op, blocks } = watched();
      const result = await seigh(op, 5, { ...options, method: 'nystrom', ...(rank === undefined ? {} : { rank }) });
      const { X: Omega, Y } = blocks[0]!;
      const r = rank ?? 3;
      const inverse = ofEigenvalues(symmetric(multiply(transposed(Omega), Y)), (value, all) => {
        const larger = all.filter((other) => Math.abs(other) > Math.abs(value)).length;
        return larger < r ? 1 / value : 0;
      });
      const expected = multiply(Y, multiply(inverse, transposed(Y)));
      expect(distance(await approximation(result), expected) / frobenius(expected)).toBeLessThan(1e-10);
      expect([result.rank, result.numMatvecs, result.dims]).toEqual([r, 5, 5]);
    },
  );

  test('oversampled: (L^T Q)^+ (L^T A R) (Q^T R)^+ between Q and Q^T', async () => {
    for (const innerDims of [undefined, 15]) {
      const { op, blocks } = watched();
      const result = await seigh(op, k, { ...options, method: 'oversampled', ...(innerDims ? { innerDims } : {}) });
      const s = innerDims ?? 13;
      const Q = basisOf(blocks[0]!.Y);
      const side = (of: 'X' | 'Y'): Block => sideBySide(blocks.slice(1).map((block) => block[of]));
      const [R, AR] = [side('X'), side('Y')];
      expect([R.cols, result.numMatvecs]).toEqual([s, k + s]);
      const left = innerMatrix({ n, seed: 2, testMatrix: 'gaussian' }, s);
      const L = await (await materialise({ ...left, firstColumn: s }, hostSpace(n, 'float64'), 7)).toBlock();
      const half = solve(multiply(transposed(L), Q), multiply(transposed(L), AR));
      const C = transposed(solve(multiply(transposed(R), Q), transposed(half)));
      const expected = multiply(Q, multiply(symmetric(C), transposed(Q)));
      expect(distance(await approximation(result), expected) / frobenius(expected)).toBeLessThan(1e-9);
      expect(result.coreAsymmetry).toBeCloseTo(distance(C, transposed(C)) / frobenius(C), 9);
    }
  });

  test.each(METHOD_NAMES)('%s: fewer pairs are the first of all, in the order asked for', async (method) => {
    const exact = denseOperator(A);
    const order = { LM: (x: number) => -Math.abs(x), LA: (x: number) => -x, SA: (x: number) => x };
    for (const which of ['LM', 'LA', 'SA'] as const) {
      const some = await seigh(exact, k, { ...options, method, which, rank: 2 } as SeighOptions);
      const values = Array.from(some.eigenvalues);
      expect(values).toEqual(values.toSorted((x, y) => order[which](x) - order[which](y)));
      expect(some.rank).toBe(2);
      if (method === 'nystrom') continue;
      const all = await seigh(exact, k, { ...options, method, which } as SeighOptions);
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(all.eigenvalues[i]!, 12);
    }
  });
});

test('sketches are the columns of the stream of that name, inner ones of another', async () => {
  const column = (purpose: 'sketch' | 'inner', cols: number): Block => {
    const Omega = { rows: n, cols, data: new Float64Array(n * cols) };
    fillRandom(Omega, 'gaussian', { seed: 2, purpose }, 0);
    return Omega;
  };
  const first = async (columns: number, changes: SeighOptions) => {
    const { op, blocks } = watched();
    await seigh(op, columns, { ...options, ...changes } as SeighOptions);
    return blocks.map(({ X: block }) => block);
  };
  expect((await first(k, {}))[0]).toEqual(column('sketch', k));
  expect((await first(k, { method: 'nystrom' }))[0]).toEqual(column('sketch', k));
  const { op, blocks } = watched();
  await seigh(op, 5, { ...options, method: 'hmt', tol: 0.9 });
  expect(blocks[0]!.X).toEqual(column('sketch', 5));
  const both = await first(2, { method: 'oversampled', blockSize: 5 });
  expect(sideBySide(both)).toEqual(sideBySide([column('sketch', 2), column('inner', 5)]));
});

describe('an operator of rank three', () => {
  const v = randomBlock(n, 3, 6);
  const low = multiply(v, transposed(v));

  test.each<[string, SeighOptions]>([
    ['hmt', { refine: true }],
    ['nystrom', { method: 'nystrom' }],
  ])('%s: three eigenvalues, and no rounding beside them', async (_, changes) => {
    const result = await seigh(denseOperator(low), k, { ...options, ...changes } as SeighOptions);
    expect(result.rank).toBe(3);
    expect(distance(await approximation(result), low)).toBeLessThan(1e-12);
  });
});

describe('to an accuracy', () => {
  test.each<[string, number | undefined, object, number]>([
    ['eight columns', undefined, {}, 8],
    ['the columns asked for', 4, {}, 4],
    ['a block', undefined, { blockSize: 5 }, 5],
    ['no more than a block', 7, { blockSize: 5 }, 5],
  ])('krylov begins with %s', async (_, dims, changes, expected) => {
    const { op, blocks } = watched();
    const goal = { ...options, ...changes, tol: 0.9 };
    const result = dims === undefined ? await seigh(op, goal) : await seigh(op, dims, goal);
    // after eight vectors that the basis never sees
    const widths = blocks.map(({ X: block }) => block.cols);
    let held = 0;
    while (held < 8) held += widths.shift()!;
    expect([held, widths[0], result.method]).toEqual([8, expected, 'krylov']);
  });

  test.each(['krylov', 'hmt'] as const)(
    '%s: the seconds of its stages are within those of the call',
    async (method) => {
      const startedAt = performance.now();
      const { secondsByStage } = await seigh(denseOperator(A), { ...options, tol: 0.5, method });
      const seconds = (performance.now() - startedAt) / 1000;
      const { sketch, recovery } = secondsByStage;
      expect(sketch).toBeGreaterThan(0);
      expect(recovery).toBeGreaterThanOrEqual(0);
      expect(sketch + recovery).toBeLessThanOrEqual(seconds);
    },
  );
});

describe('costs', () => {
  // columns of the tall blocks that exist at once
  test.each<[string, object, { products: number; columns: number; rank: number; innerDims: number }]>([
    ['hmt', {}, { products: 20, columns: 30, rank: 10, innerDims: 0 }],
    ['hmt', { refine: true }, { products: 20, columns: 50, rank: 20, innerDims: 0 }],
    ['hmt', { lazyVectors: true }, { products: 20, columns: 3 * 10, rank: 10, innerDims: 0 }],
    ['hmt', { powerIterations: 3 }, { products: 50, columns: 30, rank: 10, innerDims: 0 }],
    ['nystrom', {}, { products: 10, columns: 40, rank: 5, innerDims: 0 }],
    ['nystrom', { psd: true }, { products: 10, columns: 40, rank: 10, innerDims: 0 }],
    ['oversampled', {}, { products: 31, columns: 20 + 3 * 21, rank: 10, innerDims: 21 }],
    ['oversampled', { innerDims: 30 }, { products: 40, columns: 20 + 3 * 30, rank: 10, innerDims: 30 }],
    ['krylov', {}, { products: 10, columns: 20 + 3, rank: 10, innerDims: 0 }],
  ])('%s with %p', async (method, own, { products, columns, rank, innerDims }) => {
    const plan = planSketch({ n: 100, maxProducts: products, method, ...own } as Parameters<typeof planSketch>[0]);
    expect(plan).toEqual({ method, dims: 10, innerDims, rank, numMatvecs: products, bytes: 4 * 100 * columns });
    const byMemory = planSketch({ n: 100, memory: 8 * 100 * columns, dtype: 'float64', method, ...own } as Parameters<
      typeof planSketch
    >[0]);
    expect([byMemory.dims, byMemory.bytes]).toEqual([10, 8 * 100 * columns]);

    // what a run has at once is no more, and no less than half
    const run = await prepareRun(
      parseSketchCall(denseOperator('psd' in own ? definite : A), 10, { method, ...own, ...options, blockSize: 2 }),
    );
    const inUse = new Set<Multivector>();
    let most = 0;
    const space = hostSpace(n, 'float64');
    const counting: Scope = {
      ...{
        rows: n,
        dtype: 'float64',
        inMemory: true,
        panelEntries: space.panelEntries,
        blockColumns: space.blockColumns,
      },
      allocate: async (cols) => {
        const made = await space.allocate(cols);
        inUse.add(made);
        most = Math.max(
          most,
          [...inUse].reduce((sum, { cols: each }) => sum + each, 0),
        );
        return made;
      },
      release: async (multivector) => void inUse.delete(multivector),
      scope: () => counting,
      close: async () => {},
    };
    const descriptor = METHODS[method as keyof typeof METHODS];
    const scoped = { ...run, space: counting, kernels: jsKernels };
    const { measured, numMatvecs } = await descriptor.measure(scoped);
    const { pairs, dropped } = await descriptor.recover(measured, scoped);
    expect([numMatvecs, dropped, pairs.values.length]).toEqual([products, 0, Math.min(n, rank)]);
    expect(pairs.residualNorms !== undefined).toBe(descriptor.hasResidualNorms({ ...run }));
    expect(most).toBeLessThanOrEqual(columns);
    expect(most).toBeGreaterThanOrEqual(columns / 2);
  });

  test('krylov: blocks of a tenth', () => {
    expect(METHODS.krylov.cost(30, {})).toEqual({ products: 30, columns: 60 + 3 * 3, innerDims: 0, rank: 30 });
  });

  test('more columns than the inner sketch allows cannot be had', () => {
    expect(planSketch({ n: 100, maxProducts: 1000, method: 'oversampled', innerDims: 21 }).dims).toBe(10);
    expect(planSketch({ n: 100, maxProducts: 1000, method: 'oversampled', innerDims: 22 }).dims).toBe(10);
    // rank is at most n
    expect(planSketch({ n: 7, maxProducts: 1000, refine: true })).toMatchObject({ dims: 7, rank: 7, numMatvecs: 14 });
  });

  test('in directories: the widest multivector, temporary columns and the result', () => {
    const stored = (method: keyof typeof METHODS, own: object) => METHODS[method].storedColumns!(10, own);
    expect(STORED_METHODS).toEqual(['hmt', 'nystrom', 'oversampled']);
    expect(stored('hmt', {})).toEqual({ widest: 10, temporary: 10, result: 10 });
    expect(stored('hmt', { refine: true })).toEqual({ widest: 20, temporary: 30, result: 20 });
    expect(stored('nystrom', {})).toEqual({ widest: 10, temporary: 40, result: 10 });
    expect(stored('oversampled', {})).toEqual({ widest: 21, temporary: 20 + 42, result: 10 });
    expect(stored('oversampled', { innerDims: 30 })).toEqual({ widest: 30, temporary: 20 + 60, result: 10 });
  });

  test('the steps of hmt by name: directories have them', () => {
    const measured = (name: string, basis: string) => ({ kind: 'measured', name, input: { basis }, cols: 9 });
    expect(METHODS.hmt.stages!({ dims: 9, powerIterations: 2 } as { dims: number })).toEqual({
      steps: [
        { kind: 'measured', name: 'sketch', input: 'outer', cols: 9 },
        { kind: 'basis', name: 'power-1-basis', from: 'sketch' },
        measured('power-1-product', 'power-1-basis'),
        { kind: 'basis', name: 'power-2-basis', from: 'power-1-product' },
        measured('power-2-product', 'power-2-basis'),
        { kind: 'basis', name: 'basis', from: 'power-2-product' },
        measured('product', 'basis'),
      ],
      recoveredFrom: ['basis', 'product'],
    });
    expect(METHODS.nystrom.stages!({ dims: 9 })).toEqual({
      steps: [{ kind: 'measured', name: 'sketch', input: 'outer', cols: 9 }],
      recoveredFrom: ['sketch'],
    });
    expect(METHODS.oversampled.stages!({ dims: 9 })).toEqual({
      steps: [
        { kind: 'measured', name: 'sketch', input: 'outer', cols: 9 },
        { kind: 'measured', name: 'inner', input: 'inner', cols: 19 },
      ],
      recoveredFrom: ['sketch', 'inner'],
    });
  });
});

describe('help', () => {
  test('every method and every option says in words what it is', () => {
    for (const method of METHOD_NAMES) {
      expect(METHODS[method].summary).toMatch(/\w+ \w+/);
      expect(METHODS[method].products).toMatch(/\bk\b/);
    }
    const fields: Record<string, { help?: string | undefined; kind: string }> = {
      dims: dimsField({}),
      ...ownFields({}),
      ...sketchFields({}),
      ...adaptiveFields({}),
      ...BUDGET_FIELDS,
    };
    for (const [name, { help, kind }] of Object.entries(fields)) {
      if (name === 'onProgress' || name === 'signal') continue;
      // beside the method that it belongs to
      expect([name, help?.replace(/ \(\w+\)$/, '')]).toEqual([name, expect.stringMatching(/\w\w+/)]);
      expect([name, kind]).toEqual([name, expect.stringMatching(/\w\w+/)]);
    }
    // an option of one method names it
    expect(fields.refine!.help).toMatch(/\(hmt\)$/);
  });
});
