/** Sparse operators against SciPy and against plain loops, on the threads and off them. */
import type { Block } from '../../src/core/block.ts';
import { denseOperator, eigsh, type SparseEntries, seigh, sparseOperator, ssvd } from '../../src/index.ts';
import { type CsrMatrix, multiplyRows } from '../../src/linalg/csr.ts';
import { Engine } from '../../src/linalg/kernels/wasm/engine.ts';
import { compileModule } from '../../src/linalg/kernels/wasm/module.ts';
import { balancedBounds, loadSparseEngine, SparseEngine } from '../../src/linalg/kernels/wasm/sparse.ts';
import { afterAll, describe, expect, test } from '../support/jest.ts';
import { distance, multiply, randomBlock, toDense, transposed, uniforms } from '../support/matrices.ts';
import { scipy, withScipy } from '../support/scipy.ts';

const engine = await loadSparseEngine();
afterAll(() => engine.close());

/** A random matrix whose first row is full, whose rows 2, 5, 8, ... are empty and whose others have `perRow` entries at most. */
function unbalanced(rows: number, cols: number, perRow: number, dtype: 'float32' | 'float64', seed = 1): CsrMatrix {
  const draw = uniforms(seed);
  const indptr = [0];
  const indices: number[] = [];
  for (let i = 0; i < rows; i++) {
    const count = i === 0 ? cols : i % 3 === 2 ? 0 : perRow;
    const chosen =
      count === cols
        ? Array.from({ length: cols }, (_, j) => j)
        : [...new Set(Array.from({ length: count }, () => Math.floor(Math.abs(draw()) * cols)))].sort((a, b) => a - b);
    indices.push(...chosen);
    indptr.push(indices.length);
  }
  const values = Array.from(indices, () => draw() - 0.5);
  const data = dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
  return { rows, cols, indptr: Int32Array.from(indptr), indices: Int32Array.from(indices), data };
}

function densified({ rows, cols, indptr, indices, data }: CsrMatrix): Block {
  const dense = { rows, cols, data: new Float64Array(rows * cols) };
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) dense.data[i * cols + indices[k]!] = data[k]!;
  }
  return dense;
}

const entriesOf = ({ rows, cols, indptr, indices, data }: CsrMatrix): SparseEntries => ({
  shape: [rows, cols],
  indptr,
  indices,
  data,
});

describe('products', () => {
  // 1, 2, 4 and 8 vectors of a register and what is left beside them, in both types
  const widths = [1, 2, 3, 4, 5, 8, 15, 16, 33, 67];

  test.each(widths)('of %i columns on the threads are those of the loop, bit for bit in float64', async (cols) => {
    const A = unbalanced(700, 500, 12, 'float64');
    const X = randomBlock(500, cols, 2);
    const [Y, expected] = [randomBlock(700, cols, 3), randomBlock(700, cols, 4)];
    expect(await engine.multiply(A, X, Y)).toBe(true);
    multiplyRows(A, X, expected);
    expect(Y.data).toEqual(expected.data);
  });

  test.each(widths)('of %i columns in float32 differ by the rounding of their sums', async (cols) => {
    const A = unbalanced(700, 500, 12, 'float32');
    const X = randomBlock(500, cols, 2, 'float32');
    const [Y, expected] = [randomBlock(700, cols, 3, 'float32'), randomBlock(700, cols, 4)];
    expect(await engine.multiply(A, X, Y)).toBe(true);
    multiplyRows(A, X, expected);
    const sizes = randomBlock(700, cols, 4);
    multiplyRows({ ...A, data: A.data.map(Math.abs) }, { ...X, data: X.data.map(Math.abs) }, sizes);
    // Higham 2002, section 3.1: gamma of the number of terms, times the sum of their sizes
    const bound = (at: number) => {
      const row = Math.floor(at / cols);
      return (A.indptr[row + 1]! - A.indptr[row]! + 2) * 2 ** -24 * sizes.data[at]!;
    };
    const worse = Array.from(Y.data.keys()).filter((at) => !(Math.abs(Y.data[at]! - expected.data[at]!) <= bound(at)));
    expect(worse).toEqual([]);
  });

  test.each([1, 3, 6, 9])('of the loop, %i columns, are those of the dense matrix', (cols) => {
    const A = unbalanced(40, 30, 7, 'float64');
    const X = randomBlock(30, cols, 5);
    const Y = randomBlock(40, cols, 6);
    multiplyRows(A, X, Y);
    expect(distance(Y, multiply(densified(A), X))).toBeLessThan(1e-13);
  });

  test('matrices in turn, and many of them, keep to themselves', async () => {
    const matrices = Array.from({ length: 5 }, (_, i) => unbalanced(300 + i, 200, 5 + i, 'float64', i + 1));
    const X = randomBlock(200, 8, 2);
    for (const round of [0, 1]) {
      const products = await Promise.all(
        matrices.map(async (A) => {
          const Y = randomBlock(A.rows, 8, round);
          await engine.multiply(A, X, Y);
          return Y;
        }),
      );
      for (const [i, A] of matrices.entries()) {
        expect(distance(products[i]!, multiply(densified(A), X))).toBeLessThan(1e-12);
      }
    }
  });

  test('little memory: matrices take turns, columns go some at a time, and what never fits is refused', async () => {
    const [A, B] = [unbalanced(300, 200, 5, 'float64', 1), unbalanced(310, 200, 5, 'float64', 2)];
    const X = randomBlock(200, 24, 2);
    const bytes = 12 * A.data.length + 4 * A.rows + 4096;
    const narrow = new SparseEngine(new Engine(await compileModule(), 2), 2, bytes + 8 * 500 * 10);
    const small = new SparseEngine(new Engine(await compileModule(), 2), 2, bytes);
    try {
      for (const each of [A, B, A]) {
        const Y = randomBlock(each.rows, 24, 3);
        expect(await narrow.multiply(each, X, Y)).toBe(true);
        expect(distance(Y, multiply(densified(each), X))).toBeLessThan(1e-12);
      }
      expect(await small.multiply(A, X, randomBlock(300, 24, 3))).toBe(false);
    } finally {
      await narrow.close();
      await small.close();
    }
  });

  test('parts of the work are balanced by entries, not by rows', () => {
    const A = unbalanced(3000, 400, 6, 'float64');
    const bounds = balancedBounds(A, 32);
    const cost = (from: number, to: number) => A.indptr[to]! - A.indptr[from]! + 2 * (to - from);
    expect([bounds[0], bounds[32]]).toEqual([0, 3000]);
    const longestRow = 402;
    for (let part = 0; part < 32; part++) {
      expect(cost(bounds[part]!, bounds[part + 1]!)).toBeLessThanOrEqual(cost(0, 3000) / 32 + longestRow);
    }
  });

  test.each(['float64', 'float32'] as const)('large %s operators multiply with A and with A^T', async (dtype) => {
    const A = unbalanced(2000, 1500, 40, dtype);
    const op = sparseOperator(entriesOf(A));
    const X = randomBlock(1500, 20, 2, dtype);
    const Y = randomBlock(2000, 20, 3, dtype);
    // enough work for the threads
    expect(2 * A.data.length * 20).toBeGreaterThan(1e6);
    const dense = densified(A);
    const tolerance = dtype === 'float64' ? 1e-12 : 1e-4;
    expect(op.dtype).toBe(dtype);
    expect(distance(await op.matmat(X), multiply(dense, X))).toBeLessThan(tolerance);
    expect(distance(await op.adjointMatmat!(Y), multiply(transposed(dense), Y))).toBeLessThan(tolerance);
  });
});

describe('formats', () => {
  const PROGRAM = `
rng = np.random.default_rng(5)
m, n, k = 17, 11, 90
# many places twice, in any order
row, col, data = rng.integers(0, m, k), rng.integers(0, n, k), rng.standard_normal(k)
A = scipy.sparse.coo_matrix((data, (row, col)), shape=(m, n))
order = np.lexsort((rng.random(k), row))
csr = dict(indptr=np.concatenate(([0], np.cumsum(np.bincount(row, minlength=m)))), indices=col[order], data=data[order])
order = np.lexsort((rng.random(k), col))
csc = dict(indptr=np.concatenate(([0], np.cumsum(np.bincount(col, minlength=n)))), indices=row[order], data=data[order])
X = rng.standard_normal((n, 5)); Y = rng.standard_normal((m, 5))
tolist = lambda d: {name: value.tolist() for name, value in d.items()}
canonical = A.tocsr(); canonical.sum_duplicates()
print(json.dumps(dict(csr=tolist(csr), csc=tolist(csc), coo=dict(row=row.tolist(), col=col.tolist(), data=data.tolist()),
  canonical=dict(indptr=canonical.indptr.tolist(), indices=canonical.indices.tolist(), data=canonical.data.tolist()),
  X=X.tolist(), Y=Y.tolist(), AX=(A @ X).tolist(), AtY=(A.T @ Y).tolist())))
`;
  interface Answers {
    csr: { indptr: number[]; indices: number[]; data: number[] };
    csc: { indptr: number[]; indices: number[]; data: number[] };
    coo: { row: number[]; col: number[]; data: number[] };
    canonical: { indptr: number[]; indices: number[]; data: number[] };
    X: number[][];
    Y: number[][];
    AX: number[][];
    AtY: number[][];
  }
  const blockOf = (rows: number[][]): Block => ({
    rows: rows.length,
    cols: rows[0]!.length,
    data: Float64Array.from(rows.flat()),
  });

  withScipy('unsorted rows with places twice are SciPy matrices in all three formats', async () => {
    const answers = scipy<Answers>(PROGRAM);
    const shape = [17, 11] as const;
    const all: SparseEntries[] = [
      { shape, ...answers.csr },
      { shape, format: 'csc', ...answers.csc },
      { shape, format: 'coo', ...answers.coo },
      { shape, format: 'csr', ...answers.csr, indices: BigInt64Array.from(answers.csr.indices.map(BigInt)) },
    ];
    for (const entries of all) {
      const A = sparseOperator(entries);
      expect(Array.from(A.entries.indptr)).toEqual(answers.canonical.indptr);
      expect(Array.from(A.entries.indices)).toEqual(answers.canonical.indices);
      expect(distance({ ...asColumn(A.entries.data) }, asColumn(answers.canonical.data))).toBeLessThan(1e-14);
      expect(distance(await A.matmat(blockOf(answers.X)), blockOf(answers.AX))).toBeLessThan(1e-13);
      expect(distance(await A.adjointMatmat!(blockOf(answers.Y)), blockOf(answers.AtY))).toBeLessThan(1e-13);
    }
  });

  const asColumn = (values: ArrayLike<number>): Block => ({
    rows: values.length,
    cols: 1,
    data: Float64Array.from(values),
  });

  test.each(['lower', 'upper'] as const)('the %s triangle stands for the whole matrix', async (symmetric) => {
    // [[4, 1, 0], [1, 0, 2], [0, 2, 5]], and (2, 1) in two parts
    const [row, col] = [
      [0, 1, 2, 2, 2],
      [0, 0, 1, 1, 2],
    ];
    const place = symmetric === 'lower' ? { row: row!, col: col! } : { row: col!, col: row! };
    const A = sparseOperator({ format: 'coo', shape: [3, 3], ...place, data: [4, 1, 1.5, 0.5, 5], symmetric });
    expect(A.selfAdjoint).toBe(true);
    expect((await toDense(A)).data).toEqual(Float64Array.of(4, 1, 0, 1, 0, 2, 0, 2, 5));
    expect(A.entries.indices).toHaveLength(6);
  });

  test('selfAdjoint is found from the entries, and so is the worst of those that break it', () => {
    const symmetric = { shape: [2, 2] as const, indptr: [0, 2, 3], indices: [0, 1, 0], data: [1, 3, 3] };
    expect(sparseOperator(symmetric).selfAdjoint).toBe(true);
    const A = sparseOperator({ ...symmetric, data: [1, 3, 2.5] });
    expect(A.selfAdjoint).toBeUndefined();
    expect(A.asymmetry).toEqual({ row: 0, column: 1, value: 3, transposed: 2.5 });
    const B = sparseOperator({
      format: 'coo',
      shape: [3, 3],
      row: [0, 1, 2, 2],
      col: [1, 0, 0, 2],
      data: [1, 1.1, -7, 2],
    });
    expect(B.asymmetry).toEqual({ row: 0, column: 2, value: 0, transposed: -7 });
    expect(sparseOperator({ shape: [1, 2], indptr: [0, 1], indices: [1], data: [1] }).asymmetry).toBeUndefined();
  });
});

describe('solvers', () => {
  withScipy('eigsh and ssvd find what SciPy finds', async () => {
    const answers = scipy<{ S: number[][]; R: number[][]; values: number[]; singular: number[] }>(`
rng = np.random.default_rng(7)
R = scipy.sparse.random(120, 80, density=0.05, random_state=3, format="csr")
S = scipy.sparse.random(150, 150, density=0.04, random_state=4, format="csr"); S = S + S.T
coo = lambda A: [A.tocoo().row.tolist(), A.tocoo().col.tolist(), A.tocoo().data.tolist()]
values = scipy.sparse.linalg.eigsh(S, 5, which="LA", tol=1e-12)[0]
print(json.dumps(dict(S=coo(S), R=coo(R), values=sorted(values.tolist(), reverse=True),
  singular=np.linalg.svd(R.toarray(), compute_uv=False).tolist())))
`);
    const read = ([row, col, data]: number[][], shape: [number, number]) =>
      sparseOperator({ format: 'coo', shape, row: row!, col: col!, data: data! });
    const { eigenvalues } = await eigsh(read(answers.S, [150, 150]), 5, { which: 'LA', tol: 1e-10 });
    for (const [i, value] of answers.values.entries()) expect(eigenvalues[i]).toBeCloseTo(value, 8);
    const { singularValues } = await ssvd(read(answers.R, [120, 80]), 80);
    for (let i = 0; i < 10; i++) expect(singularValues[i]).toBeCloseTo(answers.singular[i]!, 10);
  });

  test('a matrix that is not symmetric is refused with its worst entry', async () => {
    const rows = [
      [2, 1, 0],
      [1, 3, 5],
      [0, 0.5, 1],
    ];
    const message =
      /not symmetric: .*; the worst entry is \((1, 2\): 5, and 0\.5|2, 1\): 0\.5, and 5) across the diagonal/;
    const sparse = sparseOperator({
      format: 'coo',
      shape: [3, 3],
      row: [0, 0, 1, 1, 1, 2, 2],
      col: [0, 1, 0, 1, 2, 1, 2],
      data: [2, 1, 1, 3, 5, 0.5, 1],
    });
    await expect(seigh(sparse, 2)).rejects.toThrow(message);
    await expect(eigsh(sparse, 2)).rejects.toThrow(message);
    await expect(seigh(denseOperator(rows), 2)).rejects.toThrow(message);
  });
});

describe('bad input is named', () => {
  const good = { shape: [2, 3] as [number, number], indptr: [0, 2, 3], indices: [0, 2, 1], data: [1, 2, 3] };
  const square = { shape: [2, 2] as const, indptr: [0, 1, 2], indices: [0, 1], data: [1, 2] };
  test.each<[unknown, RegExp]>([
    [{ ...good, indices: [0, 3, 1] }, /indices\[1\] is 3, columns are 0\.\.2/],
    [{ ...good, indices: [0, -1, 1] }, /indices\[1\] is -1, columns are 0\.\.2/],
    [{ ...good, indices: [0, 0.5, 1] }, /indices\[1\] is 0\.5/],
    [{ ...good, indices: BigInt64Array.of(0n, 2n ** 40n, 1n) }, /indices\[1\] is 1099511627776, columns are 0\.\.2/],
    [{ ...good, indices: [0, 2] }, /indices and data have 2 and 3 entries/],
    [{ ...good, indptr: [0, 3] }, /2 rows need 3 numbers in indptr, got 2/],
    [{ ...good, format: 'csc' }, /3 columns need 4 numbers in indptr, got 3/],
    [{ ...good, indptr: [0, 3, 2] }, /indptr must not descend: indptr\[1\] is 3, indptr\[2\] is 2/],
    [{ ...good, indptr: [1, 2, 3] }, /indptr\[0\] must be 0, got 1/],
    [{ ...good, indptr: [0, 1, 2] }, /indptr ends at 2, there are 3 entries/],
    [{ ...good, indptr: [0, 4, 3] }, /indptr\[1\] is 4, there are 3 entries/],
    [{ ...good, data: [1, Number.NaN, 3] }, /data\[1\] is NaN; every entry must be finite/],
    [{ ...good, data: ['1', 2, 3] }, /data must be a Float32Array/],
    [{ ...good, data: BigInt64Array.of(1n, 2n, 3n) }, /data must be a Float32Array/],
    [{ ...good, shape: [2 ** 31, 3] }, /shape\[0\] must be an integer in 1\.\.2147483647, got 2147483648/],
    [{ ...good, shape: [0, 3] }, /shape\[0\] must be an integer in 1/],
    [{ ...good, shape: undefined }, /shape must be \[rows, cols\]/],
    [{ ...good, values: [1] }, /there is no values; there are shape, format, indptr/],
    [{ ...good, format: 'bsr' }, /format must be one of 'csr', 'csc', 'coo', got 'bsr'/],
    [{ ...good, symmetric: 'lower' }, /symmetric needs a square matrix, got 2 x 3/],
    [{ ...square, indices: [1, 1], symmetric: 'lower' }, /only that triangle is given, but there is entry \(0, 1\)/],
    [{ ...square, symmetric: 'both' }, /symmetric must be one of 'lower', 'upper', got 'both'/],
    [{ format: 'coo', shape: [2, 2], row: [0, 2], col: [0, 0], data: [1, 2] }, /row\[1\] is 2, rows are 0\.\.1/],
    // arrays of that length would take 8 GB
    [
      { format: 'coo', shape: [2e9, 2], row: [0], col: [0], data: [1] },
      /shape is 2000000000 x 2 and there are 1 entries: nearly all rows or columns would be empty/,
    ],
    [{ ...good, shape: [2, 2e9] }, /nearly all rows or columns would be empty/],
    [{ format: 'coo', shape: [2, 2], row: [0], col: [0, 0], data: [1, 2] }, /have 1, 2 and 2 entries/],
    [{ format: 'coo', shape: [2, 2], row: [0, 0], col: [0, 0], data: [1e308, 1e308] }, /data\[0\] is Infinity/],
    [undefined, /expected \{ shape, indptr, indices, data \}, got undefined/],
    [{ ...good, indptr: undefined }, /indptr must be an array of whole numbers/],
  ])('%#', (entries, message) => {
    expect(() => sparseOperator(entries as SparseEntries)).toThrow(message);
    expect(() => sparseOperator(entries as SparseEntries)).toThrow(/^sparseOperator: /);
  });

  test('the arrays of the caller stay as they are', () => {
    const indices = Int32Array.of(2, 0, 2, 1);
    const data = Float64Array.of(1, 2, 3, 4);
    const A = sparseOperator({ shape: [2, 3], indptr: [0, 3, 4], indices, data });
    expect([...A.entries.indices]).toEqual([0, 2, 1]);
    expect([...A.entries.data]).toEqual([2, 4, 4]);
    expect([...indices]).toEqual([2, 0, 2, 1]);
    expect([...data]).toEqual([1, 2, 3, 4]);
  });
});
