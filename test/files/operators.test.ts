/** Operators from files that NumPy, SciPy and h5py write: the same matrices, in memory and in row panels. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Block } from '../../src/core/block.ts';
import { readOperator } from '../../src/files/index.ts';
import { graphLaplacian, type SparseOperator, ssvd } from '../../src/index.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { distance, identity, randomBlock, toDense, transposed } from '../support/matrices.ts';
import { hasModule, needing } from '../support/programs.ts';
import { scipy, withScipy } from '../support/scipy.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-operators-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A file, its matrix as NumPy has it, and the element type of its operator. */
interface Case {
  file: string;
  matrix: number[][];
  dtype: 'float32' | 'float64';
}

const blockOf = (rows: number[][]): Block => ({
  rows: rows.length,
  cols: rows[0]!.length,
  data: Float64Array.from(rows.flat()),
});

async function expectMatrix({ file, matrix, dtype }: Case, memory?: number): Promise<void> {
  const op = await readOperator(file, memory === undefined ? {} : { memory });
  const expected = blockOf(matrix);
  expect({ file, shape: op.shape, dtype: op.dtype }).toEqual({ file, shape: [expected.rows, expected.cols], dtype });
  const tolerance = dtype === 'float32' ? 1e-5 : 1e-12;
  expect(distance(await toDense(op), expected)).toBeLessThan(tolerance);
  const adjoint = await op.adjointMatmat!(identity(expected.rows, dtype));
  expect(distance(adjoint, transposed(expected))).toBeLessThan(tolerance);
}

const DENSE = `
home, cases = sys.argv[1], []
rng = np.random.default_rng(1)
def add(file, A, dtype="float64"): cases.append(dict(file=file, matrix=np.asarray(A, dtype=float).tolist(), dtype=dtype))
A = rng.standard_normal((23, 9))
for order in "CF":
    for name, dtype in (("f8", "float64"), (">f8", "float64"), ("f4", "float32"), ("f2", "float32"), ("i8", "float64"), ("u1", "float64"), ("?", "float64")):
        B = np.array(np.round(A * 20) if name[0] in "iu?" else A, dtype=name, order=order) if name != "u1" else np.array(np.abs(np.round(A * 20)), dtype="u1", order=order)
        file = f"{home}/{order}{len(cases)}.npy"; np.save(file, B); add(file, B, dtype)
    np.savez(f"{home}/{order}.npz", other=A[:2], A=np.asarray(A, order=order)); add(f"{home}/{order}.npz:A", A)
    np.savez_compressed(f"{home}/packed{order}.npz", A=np.asarray(A, order=order)); add(f"{home}/packed{order}.npz", A)
`;

describe('readOperator', () => {
  withScipy('.npy and .npz: whole, and in row panels where memory is short', async () => {
    const cases = scipy<Case[]>(`${DENSE}\nprint(json.dumps(cases))`, home);
    for (const each of cases) {
      await expectMatrix(each);
      // panels of two rows, the last one of one
      await expectMatrix(each, 650);
    }
  });

  withScipy('sparse .npz of SciPy: csr, csc, coo; the others are refused by name', async () => {
    const cases = scipy<Case[]>(
      `
home, cases = sys.argv[1], []
for format in ("csr", "csc", "coo", "bsr", "dia"):
    for dtype in ("float64", "float32", "int32"):
        A = scipy.sparse.random(20, 30, density=0.1, random_state=2); A.data = np.round(A.data * 10, 3)
        A = A.astype(dtype).asformat(format)
        file = f"{home}/{format}{dtype}.npz"; scipy.sparse.save_npz(file, A, compressed=dtype != "float32")
        cases.append(dict(file=file, matrix=A.toarray().tolist(), dtype="float32" if dtype == "float32" else "float64"))
print(json.dumps(cases))
`,
      home,
    );
    for (const each of cases) {
      const format = /(bsr|dia)\w+\.npz/.exec(each.file)?.[1];
      if (format === undefined) await expectMatrix(each);
      else
        await expect(readOperator(each.file)).rejects.toThrow(
          new RegExp(`format '${format}'; read are csr, csc and coo`),
        );
    }
  });

  withScipy('.mtx of SciPy: coordinate and array, every symmetry, integers and patterns', async () => {
    const cases = scipy<(Case & { sparse: boolean })[]>(
      `
home, cases = sys.argv[1], []
def add(A, **options):
    file = f"{home}/{len(cases)}.mtx"; scipy.io.mmwrite(file, A, **options)
    back = scipy.io.mmread(file); sparse = scipy.sparse.issparse(back)
    cases.append(dict(file=file, matrix=np.asarray(back.toarray() if sparse else back, dtype=float).tolist(), dtype="float64", sparse=sparse))
R = scipy.sparse.random(12, 12, density=0.15, random_state=3)
D = R.toarray()
add(R, comment="two lines\\nof comment"); add(scipy.sparse.random(9, 5, density=0.3, random_state=1))
add(R + R.T, symmetry="symmetric"); add(R - R.T, symmetry="skew-symmetric"); add(R, field="pattern")
add((R * 10).astype(int)); add(D); add(D[:, :5]); add(D + D.T, symmetry="symmetric"); add(D - D.T, symmetry="skew-symmetric")
add(np.round(D * 9).astype(int))
print(json.dumps(cases))
`,
      home,
    );
    for (const each of cases) {
      await expectMatrix(each);
      const op = (await readOperator(each.file)) as SparseOperator;
      expect(op.entries !== undefined).toBe(each.sparse);
    }
    expect((await readOperator(cases[2]!.file)).selfAdjoint).toBe(true);
    expect((await readOperator(cases[3]!.file)).selfAdjoint).toBeUndefined();
  });

  withScipy('.csv of numpy.savetxt and of spreadsheets', async () => {
    const cases = scipy<Case[]>(
      `
home, cases = sys.argv[1], []
A = np.random.default_rng(4).standard_normal((7, 3))
for at, options in enumerate((dict(delimiter=","), dict(delimiter=" "), dict(delimiter=";", header="a;b;c"), dict(delimiter=",", header="x,y,z", comments=""), dict(delimiter="\\t", newline="\\r\\n"))):
    file = f"{home}/{at}.csv"; np.savetxt(file, A, **options); cases.append(dict(file=file, matrix=A.tolist(), dtype="float64"))
print(json.dumps(cases))
`,
      home,
    );
    for (const each of cases) await expectMatrix(each);
  });

  needing(hasModule('h5py') && hasModule('scipy'), 'python3-h5py')(
    '.h5 of h5py: a dataset by its path, whole and in row panels, compressed, big-endian, integers',
    async () => {
      const cases = scipy<Case[]>(
        `
import h5py
home, cases = sys.argv[1], []
A = np.random.default_rng(5).standard_normal((23, 9))
with h5py.File(home + "/runs.h5", "w") as file:
    def add(name, A, dtype="float64", **options):
        file.create_dataset(name, data=A, **options); cases.append(dict(file=f"{home}/runs.h5:/{name}", matrix=np.asarray(A, dtype=float).tolist(), dtype=dtype))
    add("A", A); add("group/single", A.astype("f4"), "float32"); add("packed", A, chunks=(5, 4), compression="gzip")
    add("big", A.astype(">f8")); add("whole", np.round(A * 100).astype("i4")); add("long", np.round(A * 100).astype("i8"))
    file["vector"] = A[0]; file["text"] = np.array([[b"a"]])
with h5py.File(home + "/one.hdf5", "w") as file: file["only"] = A
cases.append(dict(file=home + "/one.hdf5", matrix=A.tolist(), dtype="float64"))
print(json.dumps(cases))
`,
        home,
      );
      for (const each of cases) {
        await expectMatrix(each);
        await expectMatrix(each, 650);
      }
      await expect(readOperator(join(home, 'runs.h5'))).rejects.toThrow(
        /say which dataset as .*runs\.h5:\/NAME; there are .*\/group\/single/,
      );
      await expect(readOperator(join(home, 'runs.h5:/B'))).rejects.toThrow(/has no dataset \/B; there are/);
      await expect(readOperator(join(home, 'runs.h5:/group'))).rejects.toThrow(/has no dataset \/group/);
      await expect(readOperator(join(home, 'runs.h5:/vector'))).rejects.toThrow(
        /has the shape 9; a matrix has two axes/,
      );
      await expect(readOperator(join(home, 'runs.h5:/text'))).rejects.toThrow(/holds neither integers nor float/);
    },
  );

  withScipy('a matrix larger than its memory is sketched from its file', async () => {
    const { file, singular } = scipy<{ file: string; singular: number[] }>(
      `
A = np.random.default_rng(6).standard_normal((400, 30)) * 0.8 ** np.arange(30)
np.save(sys.argv[1] + "/tall.npy", np.asfortranarray(A))
print(json.dumps(dict(file=sys.argv[1] + "/tall.npy", singular=np.linalg.svd(A, compute_uv=False).tolist())))
`,
      home,
    );
    const { singularValues } = await ssvd(await readOperator(file, { memory: '20KB' }), 30, { seed: 1 });
    for (const [i, value] of singularValues.entries()) expect(value).toBeCloseTo(singular[i]!, 10);
  });

  test('the graph of a pattern file has its Laplacian', async () => {
    const file = join(home, 'path.mtx');
    await writeFile(file, '%%MatrixMarket matrix coordinate pattern symmetric\n% a path\n3 3 2\n2 1\n3 2\n');
    const L = await toDense(graphLaplacian(await readOperator(file)));
    expect(L.data).toEqual(Float64Array.of(1, -1, 0, -1, 2, -1, 0, -1, 1));
  });

  test('a file that has changed since is refused by the next product', async () => {
    const file = join(home, 'changed.npy');
    const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }`.padEnd(118);
    await writeFile(
      file,
      Buffer.concat([
        Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
        Buffer.from(header),
        Buffer.from(Float64Array.from({ length: 16 }, (_, at) => at).buffer),
      ]),
    );
    const op = await readOperator(file, { memory: 64 });
    const X = randomBlock(4, 2, 1);
    const [first, second] = [await op.matmat(X), await op.matmat(X)];
    expect(first.data).toEqual(second.data);
    await utimes(file, 1, 1);
    await expect(op.matmat(X)).rejects.toThrow(/changed\.npy: has changed since the operator was made/);
  });
});
