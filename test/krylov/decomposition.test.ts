/** The Krylov decomposition: what holds after every step, whichever steps came before. */
import type { Block, Matrix } from '../../src/core/block.ts';
import { denseOperator, diagonalOperator, type LinearOperator } from '../../src/index.ts';
import { append, combine, join, type Parts, someColumns } from '../../src/krylov/basis.ts';
import {
  appendRandom,
  begin,
  compress,
  type Decomposition,
  expand,
  type KrylovContext,
  randomColumns,
  refill,
  rotateWaiting,
  scaleOf,
} from '../../src/krylov/decomposition.ts';
import { floorsOf, leadingRitzPairs, orderWanted, ritzValues, roundingOf } from '../../src/krylov/ritz.ts';
import { krylovSubspace } from '../../src/krylov/subspace.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import type { Multivector, Space } from '../../src/multivector/multivector.ts';
import { jacobi } from '../support/eigenvalues.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';

const n = 24;

/** Columns side by side. */
async function sideBySide(parts: readonly Multivector[], rows: number = n): Promise<Block> {
  const blocks = await Promise.all(parts.map((part) => part.toBlock()));
  const cols = blocks.reduce((sum, block) => sum + block.cols, 0);
  const data = new Float64Array(rows * cols);
  let first = 0;
  for (const block of blocks) {
    for (const [at, value] of block.data.entries()) {
      data[Math.floor(at / block.cols) * cols + first + (at % block.cols)] = value;
    }
    first += block.cols;
  }
  return { rows, cols, data };
}

/** A space that knows how many columns are in use. */
function countingSpace(rows: number, dtype: 'float32' | 'float64' = 'float64') {
  const space = hostSpace(rows, dtype);
  const inUse = new Set<Multivector>();
  const made = { columns: 0 };
  const counting: Space = {
    ...{ rows, dtype, inMemory: true, panelEntries: space.panelEntries, blockColumns: space.blockColumns },
    allocate: async (cols) => {
      const multivector = await space.allocate(cols);
      made.columns += cols;
      inUse.add(multivector);
      return multivector;
    },
    allocateColumns: async (capacity) => {
      const columns = await space.allocateColumns!(capacity);
      inUse.add(columns);
      return columns;
    },
    // given back once, and not written to by anyone afterwards: filled with what would show
    release: async (multivector) => {
      expect(inUse.delete(multivector)).toBe(true);
      (multivector.transposed ?? multivector.viewRows!(0, rows)).data.fill(Number.NaN);
    },
    scope: () => space.scope(),
  };
  const columns = (): number => [...inUse].reduce((sum, { cols }) => sum + cols, 0);
  return { space: counting, columns, made };
}

function setUp(A: LinearOperator, seed = 1, isNarrow = false) {
  const { space, columns } = countingSpace(A.shape[0], A.dtype);
  let products = 0;
  const op: LinearOperator = {
    ...A,
    matmat: async (X, out) => {
      products += X.cols;
      return A.matmat(X, out);
    },
  };
  const context: KrylovContext = { op, space, seed, kernels: jsKernels, isNarrow };
  return { context, columns, products: () => products };
}

function symmetric(seed: number, size: number = n): Block {
  const X = randomBlock(size, size, seed);
  const Xt = transposed(X);
  return { ...X, data: X.data.map((value, at) => value + Xt.data[at]!) as Float64Array };
}

const frobeniusOfColumn = ({ rows, cols, data }: Block, j: number): number =>
  Math.hypot(...Array.from({ length: rows }, (_, i) => data[i * cols + j]!));

/** A V - V H - W B, and how far [V, W] is from orthonormal. */
async function laws(A: Block, { V, H, W, B }: Decomposition): Promise<{ relation: Block; defect: number }> {
  const [basis, waiting] = [await sideBySide(V, A.rows), await sideBySide([W], A.rows)];
  const [AV, VH, WB] = [multiply(A, basis), multiply(basis, H), multiply(waiting, B)];
  const relation = { ...AV, data: AV.data.map((value, at) => value - VH.data[at]! - WB.data[at]!) as Float64Array };
  const all = await sideBySide([...V, W], A.rows);
  const G = multiply(transposed(all), all);
  for (let i = 0; i < G.rows; i++) G.data[i * (G.rows + 1)]! -= 1;
  return { relation, defect: frobenius(G) };
}

/** The part of X outside the span of orthonormal Q. */
function outside(X: Block, Q: Block): number {
  return distance(X, multiply(Q, multiply(transposed(Q), X)));
}

const last = (X: Block, count: number): Block => ({
  rows: X.rows,
  cols: count,
  data: X.data.filter((_, at) => at % X.cols >= X.cols - count),
});
const lastOf = async (X: Multivector, count: number): Promise<Multivector> =>
  multivectorOf(last(await X.toBlock(), count), 'float64');

describe.each([
  ['row by row', false],
  ['column by column', true],
] as const)('A V = V H + W B with V and W orthonormal together, kept %s', (_, isNarrow) => {
  const step: Record<string, (state: Decomposition, context: KrylovContext) => Promise<Decomposition>> = {
    expand: (state, context) => expand(state, context),
    'expand by the last one': (state, context) => expand(state, context, 1),
    'expand by the last two': (state, context) => expand(state, context, 2),
    'two random directions': async (state, context) => (await appendRandom(state, 2, context)).state,
    rotate: (state, context) =>
      rotateWaiting(state, { ...state.B, data: Float64Array.from(state.B.data) } as Matrix, context),
    'compress to three': async (state, context) => {
      const { S } = await ritzValues(state, 'LM', context);
      const kept = { rows: S.rows, cols: 3, data: S.data.filter((_, at) => at % S.cols < 3) };
      return compress(state, kept, context);
    },
    refill: (state, context) => refill(state, 4, context),
  };

  test.each([
    ['expand', 'expand', 'expand', 'expand'],
    ['expand', 'expand by the last one', 'expand by the last one', 'expand by the last two', 'expand'],
    ['expand', 'two random directions', 'expand by the last one', 'expand by the last two', 'expand'],
    ['expand', 'expand', 'compress to three', 'expand', 'expand', 'compress to three', 'expand by the last one'],
    ['expand', 'expand', 'rotate', 'expand by the last one', 'rotate', 'expand by the last two', 'expand'],
    ['expand', 'refill', 'expand', 'compress to three', 'rotate', 'two random directions', 'expand by the last one'],
  ])('%s, %s, %s, ...', async (...names) => {
    const A = symmetric(3);
    const { context, columns, products } = setUp(denseOperator(A), 1, isNarrow);
    let state = await begin(await randomColumns(context, 0, 2), 2, context);
    let multiplied = 0;
    for (const name of names) {
      const before = {
        m: state.H.rows,
        drawn: state.drawn,
        W: await sideBySide([state.W]),
        V: await sideBySide(state.V),
      };
      state = await step[name]!(state, context);
      const { V, H, W, B, newest, lost } = state;
      const { relation, defect } = await laws(A, state);
      expect(frobenius(relation)).toBeLessThan(1e-12);
      expect(defect).toBeLessThan(1e-13);
      const m = V.reduce((sum, { cols }) => sum + cols, 0);
      expect([H.rows, H.cols, B.rows, B.cols]).toEqual([m, m, W.cols, m]);
      expect(lost).toBe(0);
      // nothing but the basis and the columns that wait is kept
      expect(columns()).toBe(m + W.cols);
      const [basis, all] = [await sideBySide(V), await sideBySide([...V, W])];
      // the waiting columns are not forgotten: they are in the basis or still wait
      expect(outside(before.W, all)).toBeLessThan(1e-12);
      if (name.startsWith('expand')) {
        const taken = m - before.m;
        multiplied += taken;
        const width = before.W.cols;
        expect(taken).toBe(name === 'expand' ? width : name.endsWith('one') ? 1 : 2);
        // the basis grows at its end, by the last columns that waited
        const expected = await sideBySide([
          ...(await Promise.all([multivectorOf(before.V, 'float64'), multivectorOf(before.W, 'float64')])),
        ]);
        const kept = expected.data.filter((_, at) => {
          const column = at % expected.cols;
          return column < before.m || column >= before.m + width - taken;
        });
        expect(distance(basis, { ...basis, data: kept as Float64Array })).toBe(0);
        expect(newest).toBe(taken);
        // what the product brought stands at the end
        const product = multiply(A, last(basis, taken));
        expect(outside(product, await sideBySide([...V, await lastOf(W, newest)]))).toBeLessThan(1e-12);
      }
      if (name === 'two random directions') {
        expect([newest, W.cols, state.drawn]).toEqual([2, before.W.cols + 2, before.drawn + 2]);
        const drawn = await (
          await randomColumns({ ...context, space: hostSpace(n, 'float64') }, before.drawn, 2)
        ).toBlock();
        expect(outside(drawn, await sideBySide([...V, await lastOf(W, 2)]))).toBeLessThan(1e-12);
      }
      if (name === 'rotate') {
        // rows of B are orthogonal, the longest last: the directions in which the products reach farthest out
        const G = multiply(B, transposed(B));
        for (let i = 0; i < G.rows; i++) {
          for (let j = 0; j < i; j++) expect(Math.abs(G.data[i * G.cols + j]!)).toBeLessThan(1e-12);
          if (i > 0) expect(G.data[i * (G.cols + 1)]!).toBeGreaterThan(G.data[(i - 1) * (G.cols + 1)]!);
        }
        expect(newest).toBe(0);
      }
      expect(scaleOf(state)).toBeCloseTo(
        Math.max(...Array.from({ length: m }, (_, j) => frobeniusOfColumn(multiply(A, basis), j))),
        11,
      );
    }
    expect(products()).toBe(multiplied);
  });

  test('a product that has been made already is not made again', async () => {
    const A = symmetric(4);
    const { context, columns, products } = setUp(denseOperator(A));
    const state = await begin(await randomColumns(context, 0, 2), 2, context);
    const known = await context.space.allocate(2);
    await known.writeColumns(0, multiply(A, await state.W.toBlock()));
    const next = await expand(state, context, 2, known);
    expect(frobenius((await laws(A, next)).relation)).toBeLessThan(1e-13);
    expect([products(), columns()]).toEqual([0, 4]);
  });

  test('a product that is not finite is refused with its place in the run', async () => {
    const A = diagonalOperator(Float64Array.from({ length: n }, (_, i) => i));
    let calls = 0;
    const op: LinearOperator = {
      ...A,
      matmat: async (X) => {
        const Y = await A.matmat(X);
        // the second column of the third product: 0, 1, 2; 3, 4, 5; 6, 7, 8
        if (++calls === 3) Y.data[1] = Number.NaN;
        return Y;
      },
    };
    const context: KrylovContext = { op, space: hostSpace(n, 'float64'), seed: 1, kernels: jsKernels };
    await expect(krylovSubspace({ dims: 9, blockSize: 3 }, context)).rejects.toThrow(/column 7\b/);
  });
});

describe('where the basis becomes invariant', () => {
  /** A symmetric matrix of rank 3 with eigenvalues 3, 2, -1. */
  function lowRank(dtype: 'float32' | 'float64') {
    const { vectors } = jacobi(symmetric(5));
    const data = new Float64Array(n * n);
    for (const [value, v] of [3, 2, -1].map((value, i) => [value, vectors[i]!] as const)) {
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j]! += value * v[i]! * v[j]!;
    }
    const typed = dtype === 'float32' ? Float32Array.from(data) : data;
    return { op: denseOperator(typed, [n, n]), A: { rows: n, cols: n, data: Float64Array.from(typed) } };
  }

  test.each(['float64', 'float32'] as const)('in %s: nothing waits, and what was dropped is said', async (dtype) => {
    const { op, A } = lowRank(dtype);
    const { context, columns } = setUp(op);
    const u = dtype === 'float64' ? 2 ** -53 : 2 ** -24;
    let state = await begin(await randomColumns(context, 0, 2), 2, context);
    const widths: number[] = [];
    for (let step = 0; step < 2; step++) {
      state = await expand(state, context);
      widths.push(state.W.cols);
    }
    // two random vectors and what the products have outside of them: two directions, and the third of the range
    expect(widths).toEqual([2, 1]);
    state = await expand(state, context);
    const { W, B, newest, lost, H } = state;
    expect([W.cols, B.rows, B.cols, newest, H.rows]).toEqual([0, 0, 5, 0, 5]);
    const { relation } = await laws(A, state);
    // the relation is off by what was dropped and its own rounding, column by column
    expect(lost).toBeLessThan(64 * Math.sqrt(2) * u * 3);
    for (let j = 0; j < 5; j++) {
      expect(frobeniusOfColumn(relation, j)).toBeLessThanOrEqual(Math.hypot(lost, roundingOf(state)));
    }
    // a random direction goes on, and brings nothing
    const { state: more, length } = await appendRandom(state, 1, context);
    expect([more.W.cols, more.newest, more.drawn]).toEqual([1, 1, 3]);
    // a Gaussian vector of 19 dimensions: chi-square, 19 degrees, is outside 1.7..74 once in 1e7
    expect(length ** 2).toBeGreaterThan(1.7);
    expect(length ** 2).toBeLessThan(74);
    const next = await expand(more, context);
    expect([next.W.cols, next.newest, next.H.rows]).toEqual([0, 0, 6]);
    expect(columns()).toBe(6);
  });

  test('one random direction more for each that is missing, and none where the space has no more', async () => {
    const { op } = lowRank('float64');
    const { context } = setUp(op);
    let state = await begin(await randomColumns(context, 0, 2), 2, context);
    const full = await refill(state, 2, context);
    expect(full).toBe(state);
    state = await refill(state, 5, context);
    expect([state.W.cols, state.drawn]).toEqual([5, 5]);
    while (state.H.rows < n) {
      state = await refill(await expand(state, context), 5, context);
      expect(state.W.cols).toBe(Math.min(5, n - state.H.rows));
    }
    expect([state.H.rows, state.W.cols]).toEqual([n, 0]);
  });

  test('dropped directions of a restarted decomposition count as they enter the relation', async () => {
    // W and a new random direction that lies in its span: what B has there is taken over
    const { op, A } = lowRank('float64');
    const { context } = setUp(op);
    let state = await krylovSubspace({ dims: n - 1, blockSize: 3 }, context);
    state = await refill(state, 1, context);
    const { W, B, lost } = (await appendRandom(state, 1, context)).state;
    expect(W.cols).toBe(1);
    const { relation, defect } = await laws(A, { ...state, W, B });
    expect(frobenius(relation)).toBeLessThan(1e-12);
    expect(defect).toBeLessThan(1e-12);
    expect(lost).toBeLessThan(1e-12);
  });
});

describe('a subspace of given width', () => {
  test('dims columns, told as they come, whatever the block size', async () => {
    const A = symmetric(7);
    for (const [dims, blockSize] of [
      [7, 3],
      [6, 3],
      [2, 5],
    ] as const) {
      const { context, products } = setUp(denseOperator(A));
      const told: unknown[] = [];
      const state = await krylovSubspace({ dims, blockSize, onProgress: (progress) => told.push(progress) }, context);
      expect([state.H.rows, products()]).toEqual([dims, dims]);
      const done = Array.from({ length: Math.ceil(dims / blockSize) + 1 }, (_, i) => Math.min(dims, i * blockSize));
      expect(told).toEqual(done.map((columns) => ({ stage: 'sketch', done: columns, total: dims })));
      // the span of Omega, A Omega, ...
      let power = await (await randomColumns(context, 0, Math.min(dims, blockSize))).toBlock();
      const basis = await sideBySide(state.V);
      for (let step = 0; (step + 1) * blockSize <= dims; step++) {
        expect(outside(power, basis) / frobenius(power)).toBeLessThan(1e-12);
        power = multiply(A, power);
      }
    }
  });

  test('random directions follow an invariant space', async () => {
    const A = diagonalOperator(new Float64Array(n).fill(2));
    const { context } = setUp(A);
    const state = await krylovSubspace({ dims: 8, blockSize: 3 }, context);
    expect([state.H.rows, state.drawn]).toEqual([8, 9]);
    expect(
      (
        await laws(
          { ...symmetric(1), data: Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) ? 0 : 2)) },
          state,
        )
      ).defect,
    ).toBeLessThan(1e-13);
  });

  test('ends when it is told to', async () => {
    const { context, products } = setUp(denseOperator(symmetric(7)));
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 6) abort.abort(new Error('enough'));
    };
    await expect(krylovSubspace({ dims: 20, blockSize: 3, onProgress, signal: abort.signal }, context)).rejects.toThrow(
      'enough',
    );
    expect(products()).toBe(6);
  });
});

describe('column blocks side by side', () => {
  async function columnsOf(block: Block, start: number, end: number, space: Space): Promise<Multivector> {
    const part = await space.allocate(end - start);
    const data = block.data.filter((_, at) => at % block.cols >= start && at % block.cols < end);
    await part.writeColumns(0, { rows: block.rows, cols: end - start, data });
    return part;
  }

  test('stay what they are, in order, while narrow ones are joined: never more than a few', async () => {
    const X = randomBlock(n, 120, 3);
    for (const width of [1, 3, 10]) {
      const { space, columns, made } = countingSpace(n);
      let parts: Parts = [];
      for (let start = 0; start < 120; start += width) {
        parts = await append(parts, await columnsOf(X, start, start + width, space), space);
        const cols = start + width;
        expect(columns()).toBe(cols);
        // so many of at least 32, so many of at least 8, and fewer than 8 columns of narrower ones
        expect(parts.length).toBeLessThanOrEqual(Math.floor(cols / 32) + 4 + 7);
        expect(await sideBySide(parts)).toEqual({
          rows: n,
          cols,
          data: X.data.filter((_, at) => at % 120 < cols),
        });
      }
      // each column is copied at most twice
      expect(made.columns).toBeLessThanOrEqual(3 * 120);
      // wide ones are left alone
      expect(parts.some(({ cols }) => cols >= 32 && cols < 64)).toBe(true);
    }
  });

  test('joined: those without columns are left out, a single one is not copied', async () => {
    const { space, columns } = countingSpace(n);
    const X = randomBlock(n, 5, 3);
    const [none, two, three] = [
      await space.allocate(0),
      await columnsOf(X, 0, 2, space),
      await columnsOf(X, 2, 5, space),
    ];
    expect(await join([none, two], space)).toBe(two);
    const joined = await join([two, none, three], space);
    expect([await joined.toBlock(), columns()]).toEqual([X, 5]);
  });

  test('some columns: all of them are the multivector itself', async () => {
    const { space } = countingSpace(n);
    const X = randomBlock(n, 5, 3);
    const W = await columnsOf(X, 0, 5, space);
    expect(await someColumns(W, 0, 5, space)).toBe(W);
    for (const [start, end] of [
      [0, 3],
      [2, 5],
      [1, 1],
    ] as const) {
      const part = await someColumns(W, start, end, space);
      expect(part).not.toBe(W);
      expect(await part.toBlock()).toEqual(await (await columnsOf(X, start, end, space)).toBlock());
    }
  });

  test('combined: [parts] C', async () => {
    const { space } = countingSpace(n);
    const [X, C] = [randomBlock(n, 6, 3), randomBlock(6, 4, 4) as Matrix];
    const parts = await Promise.all([columnsOf(X, 0, 1, space), columnsOf(X, 1, 4, space), columnsOf(X, 4, 6, space)]);
    const out = await combine(parts, C, space, { kernels: jsKernels });
    expect(distance(await out.toBlock(), multiply(X, C))).toBeLessThan(1e-14);
  });
});

describe('Ritz values', () => {
  test('wanted ones first; from both ends: the largest, the smallest, the second largest, ...', () => {
    const ordered = (values: number[], which: 'LM' | 'LA' | 'SA' | 'BE'): number[] =>
      orderWanted(Float64Array.from(values), which).map((i) => values[i]!);
    const values = [3, -5, 1, 4, -2];
    expect(ordered(values, 'BE')).toEqual([4, -5, 3, -2, 1]);
    expect(ordered(values.slice(1), 'BE')).toEqual([4, -5, 1, -2]);
    expect(ordered(values, 'LM')).toEqual([-5, 4, 3, -2, 1]);
    expect(ordered(values, 'LA')).toEqual([4, 3, 1, -2, -5]);
    expect(ordered(values, 'SA')).toEqual([-5, -2, 1, 3, 4]);
  });

  test('are those of V^T A V, and their residual norms those of the vectors V s', async () => {
    // not symmetric by 1e-3, which is in the residuals and not in the values
    const A = {
      ...symmetric(9),
      data: symmetric(9).data.map((value, at) => value + 1e-3 * ((at * 7) % 5)) as Float64Array,
    };
    const { context } = setUp(denseOperator(A));
    const state = await krylovSubspace({ dims: 9, blockSize: 2 }, context);
    for (const which of ['LM', 'LA', 'SA', 'BE'] as const) {
      const ritz = await ritzValues(state, which, context);
      const { values, vectors, residualNorms } = await leadingRitzPairs(state, ritz, which, 4, context);
      expect([values.length, vectors.cols, residualNorms.length]).toEqual([4, 4, 4]);
      const v = await vectors.toBlock();
      const Av = multiply(A, v);
      for (let j = 0; j < 4; j++) {
        const residual = Av.data.map((value, at) => (at % 4 === j ? value - values[j]! * v.data[at]! : 0));
        expect(residualNorms[j]! - Math.hypot(...residual)).toBeCloseTo(0, 12);
        let quotient = 0;
        for (let i = 0; i < n; i++) quotient += v.data[i * 4 + j]! * Av.data[i * 4 + j]!;
        expect(values[j]).toBeCloseTo(quotient, 12);
      }
      // those of both ends are returned from the largest down
      if (which === 'BE') expect(Array.from(values)).toEqual(Array.from(values).sort((x, y) => y - x));
      // more than there are: all
      expect((await leadingRitzPairs(state, ritz, which, 20, context)).values.length).toBe(9);
    }
  });

  test('what was dropped, and the rounding of the relation, are in the residual norms', async () => {
    const { context } = setUp(denseOperator(symmetric(9)));
    const state = await krylovSubspace({ dims: 5, blockSize: 2 }, context);
    const exact = (await ritzValues(state, 'LM', context)).residualNorms;
    const dropped = (await ritzValues({ ...state, lost: 3 }, 'LM', context)).residualNorms;
    const worn = (await ritzValues({ ...state, roundings: 2 ** 44 }, 'LM', context)).residualNorms;
    for (const [i, norm] of exact.entries()) {
      expect(dropped[i]).toBeCloseTo(Math.hypot(norm, 3), 12);
      expect(worn[i]! - norm).toBeCloseTo(scaleOf(state) / 512, 12);
    }
  });

  test('rounding: each column of the relation is within what is stated, through restarts, in float32', async () => {
    const A = symmetric(11);
    const single = { ...A, data: Float32Array.from(A.data) };
    const { context } = setUp(denseOperator(single));
    let state = await krylovSubspace({ dims: 9, blockSize: 2 }, context);
    for (let restart = 0; restart < 6; restart++) {
      const { S } = await ritzValues(state, 'LM', context);
      state = await compress(state, { rows: 9, cols: 3, data: S.data.filter((_, at) => at % 9 < 3) }, context);
      while (state.H.rows < 9) state = await expand(state, context, Math.min(state.W.cols, 9 - state.H.rows));
      const { relation } = await laws({ ...A, data: Float64Array.from(single.data) }, state);
      for (let j = 0; j < 9; j++) expect(frobeniusOfColumn(relation, j)).toBeLessThan(roundingOf(state));
    }
    // 16 roundings of the largest product, and 8 for each restart
    expect(roundingOf(state) / (64 * 2 ** -24 * scaleOf(state))).toBeCloseTo(1, 12);
  });
});

test('the rounding of a returned vector is in its residual norm: 2 (1 + sqrt(m)) roundings of the largest product', async () => {
  const A = symmetric(11);
  const single = { ...A, data: Float32Array.from(A.data) };
  const { context } = setUp(denseOperator(single));
  const state = await krylovSubspace({ dims: 9, blockSize: 2 }, context);
  const ritz = await ritzValues(state, 'LM', context);
  const { values, vectors, residualNorms } = await leadingRitzPairs(state, ritz, 'LM', 4, context);
  const v = await vectors.toBlock();
  const Av = multiply({ ...A, data: Float64Array.from(single.data) }, { ...v, data: Float64Array.from(v.data) });
  for (const [j, norm] of residualNorms.entries()) {
    expect((norm - ritz.residualNorms[j]!) / (8 * 2 ** -24 * scaleOf(state))).toBeCloseTo(1, 6);
    const residual = Av.data.map((value, at) => (at % 4 === j ? value - values[j]! * v.data[at]! : 0));
    expect(Math.hypot(...residual)).toBeLessThanOrEqual(norm);
  }
});

describe('floors', () => {
  const state = (H: number[], rows: number, lost = 0): Decomposition => {
    const m = Math.sqrt(H.length);
    return {
      V: [],
      H: { rows: m, cols: m, data: Float64Array.from(H) },
      W: { rows, cols: 1, dtype: 'float64' } as Multivector,
      B: { rows: 1, cols: m, data: new Float64Array(m) },
      ...{ drawn: 1, newest: 1, lost, roundings: 16 },
    };
  };

  test('noise: the mean square of what H lacks in symmetry is 2 e^2 / n', () => {
    // differences 0.1, 0.2, 0.2: mean square 0.03, e = sqrt(0.03 n / 2)
    const asymmetric = [3, 0.4, 0.7, 0.5, 2, 0.1, 0.9, 0.3, 1];
    const { noise, rounding } = floorsOf(state(asymmetric, 50));
    expect(noise).toBeCloseTo(Math.sqrt(0.03 * 25), 14);
    // twice 16 roundings of the longest column
    const longest = Math.hypot(3, 0.5, 0.9);
    expect(rounding / (32 * 2 ** -53 * longest)).toBeCloseTo(1, 12);
    expect(floorsOf(state(asymmetric, 50, 0.25)).rounding).toBeCloseTo(0.25, 12);
  });

  test('what sums in float64 leave is no noise, nor is that of one column', () => {
    const nearly = floorsOf(state([3, 1, 1 + 2 ** -51, 2], 1e6));
    expect(nearly.noise).toBe(nearly.rounding);
    const one = floorsOf(state([3], 1e6));
    expect(one.noise).toBe(one.rounding);
    // noise is at least the rounding
    const small = floorsOf(state([3, 1, 1 + 2 ** -46, 2], 1));
    expect(small.noise).toBeGreaterThanOrEqual(small.rounding);
  });
});
