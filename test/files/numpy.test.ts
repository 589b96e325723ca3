/** Arrays to and from NumPy: every element type, both byte orders, both axis orders. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileArray, readArray, type TypedArray, writeArray } from '../../src/files/index.ts';
import { diagonalOperator, seigh } from '../../src/index.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { scipy, withScipy } from '../support/scipy.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-files-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const numbersOf = (data: TypedArray): number[] => Array.from(data as Float64Array, Number);

describe('readArray', () => {
  withScipy('reads what numpy.save writes', async () => {
    const cases = scipy<{ file: string; shape: number[]; dtype: string; values: number[] }[]>(
      `
home, cases = sys.argv[1], []
kinds = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
shapes = [(), (5,), (1,), (0,), (3, 4), (4, 1), (0, 3), (2, 3, 4)]
for kind in kinds:
    for byteorder in "<>":
        for order in "CF":
            for shape in shapes:
                values = np.arange(int(np.prod(shape))) * 7 % 90
                if kind[0] in "if": values = values - 40
                if kind == "?": values = values % 2
                A = np.array(values.reshape(shape), dtype=np.dtype(kind).newbyteorder(byteorder), order=order)
                if kind[0] == "f" and A.ndim: A *= 0.375
                file = f"{home}/{len(cases)}.npy"
                np.save(file, A)
                cases.append(dict(file=file, shape=list(shape), dtype=A.dtype.name, values=A.ravel().astype(float).tolist()))
print(json.dumps(cases))
`,
      home,
    );
    expect(cases).toHaveLength(12 * 2 * 2 * 8);
    for (const { file, shape, dtype, values } of cases) {
      const read = await readArray(file);
      expect({ file, shape: read.shape, dtype: read.dtype, values: numbersOf(read.data) }).toEqual({
        file,
        shape,
        dtype,
        values,
      });
    }
  });

  withScipy('float16 with subnormal numbers, infinities and NaN are exact', async () => {
    const values = scipy<(number | string)[]>(
      `
bits = np.array([0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0xc248, 0x7c00, 0xfc00], dtype="<u2")
np.save(sys.argv[1], bits.view("<f2"))
print(json.dumps([repr(float(v)) for v in bits.view("<f2")]))
`,
      join(home, 'half.npy'),
    );
    const { data } = await readArray(join(home, 'half.npy'));
    const expected = values.map((value) =>
      String(value).endsWith('inf') ? Number(String(value).replace('inf', 'Infinity')) : Number(value),
    );
    expect(Array.from(data as Float32Array)).toEqual(expected);
  });

  withScipy('reads numpy.savez and numpy.savez_compressed by name', async () => {
    scipy(
      `
A, b = np.arange(6.0).reshape(2, 3), np.arange(3, dtype=np.int64)
np.savez(sys.argv[1] + "/stored.npz", A=A, b=b)
np.savez_compressed(sys.argv[1] + "/packed.npz", A=np.tile(A, (1, 50)), b=b)
np.savez(sys.argv[1] + "/one.npz", only=b)
print(0)
`,
      home,
    );
    expect(await readArray(`${home}/stored.npz:A`)).toEqual({
      shape: [2, 3],
      dtype: 'float64',
      data: Float64Array.of(0, 1, 2, 3, 4, 5),
    });
    expect((await readArray(`${home}/packed.npz:b`)).data).toEqual(BigInt64Array.of(0n, 1n, 2n));
    const { shape, data } = await readArray(`${home}/packed.npz:A`);
    expect([shape, numbersOf(data).slice(0, 4), data.length]).toEqual([[2, 150], [0, 1, 2, 0], 300]);
    expect((await readArray(`${home}/one.npz`)).dtype).toBe('int64');
    await expect(readArray(`${home}/stored.npz`)).rejects.toThrow(
      /has 2 arrays; say which as .*stored\.npz:NAME; there are A, b/,
    );
    await expect(readArray(`${home}/stored.npz:C`)).rejects.toThrow(/has no array 'C'; there are A, b/);
  });
});

describe('writeArray', () => {
  const arrays: [string, TypedArray | (Omit<FileArray, 'dtype'> & { dtype?: 'bool' })][] = [
    ['int8', { shape: [2, 3], data: Int8Array.of(1, -2, 3, -4, 5, -6) }],
    ['uint8', { shape: [6], data: Uint8Array.of(1, 2, 3, 4, 5, 255) }],
    ['bool', { shape: [3], data: Uint8Array.of(1, 0, 1), dtype: 'bool' }],
    ['int16', { shape: [3, 2], data: Int16Array.of(1, -2, 3, -4, 5, -6) }],
    ['uint16', { shape: [3, 2], data: Uint16Array.of(1, 2, 3, 4, 5, 65535) }],
    ['int32', { shape: [1, 2, 3], data: Int32Array.of(1, -2, 3, -4, 5, -6) }],
    ['uint32', { shape: [], data: Uint32Array.of(4294967295) }],
    ['int64', { shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) }],
    ['uint64', { shape: [2], data: BigUint64Array.of(1n, 2n ** 40n) }],
    ['float32', { shape: [2, 0], data: new Float32Array(0) }],
    ['float64', Float64Array.of(0.1, -1e300, 5e-324)],
    ['float64', { shape: [2, 3, 4], data: Float64Array.from({ length: 24 }, (_, at) => at / 7) }],
  ];

  withScipy('NumPy opens what is written, in either order and in archives', async () => {
    for (const order of ['C', 'F'] as const) {
      const files: string[] = [];
      for (const [at, [, array]] of arrays.entries()) {
        files.push(join(home, `w${at}${order}.npy`));
        await writeArray(files.at(-1)!, array, { order });
      }
      await writeArray(
        join(home, `all${order}.npz`),
        Object.fromEntries(arrays.map(([, array], at) => [`a${at}`, array])),
        { order },
      );
      const seen = scipy<{ dtype: string; shape: number[]; fortran: boolean; values: number[] }[][]>(
        `
look = lambda A: dict(dtype=A.dtype.name, shape=list(A.shape), fortran=bool(A.flags.f_contiguous and not A.flags.c_contiguous), values=A.ravel().astype(float).tolist())
with np.load(sys.argv[1]) as archive: inside = [look(archive[name]) for name in archive.files]
print(json.dumps([[look(np.load(file)) for file in sys.argv[2:]], inside]))
`,
        join(home, `all${order}.npz`),
        ...files,
      );
      const expected = arrays.map(([dtype, array]) => {
        const { shape, data } = ArrayBuffer.isView(array) ? { shape: [array.length], data: array } : array;
        const fortran = order === 'F' && shape.filter((size) => size > 1).length > 1;
        return { dtype, shape: [...shape], fortran, values: numbersOf(data) };
      });
      for (const each of seen) expect(each).toEqual(expected);
    }
  });

  test('what is written is read back: eigenvectors, blocks, vectors', async () => {
    const { eigenvalues, eigenvectors } = await seigh(diagonalOperator([5, -3, 2, 1]), 3, { seed: 1 });
    const block = await eigenvectors.toBlock();
    for (const order of ['C', 'F'] as const) {
      await writeArray(join(home, 'V.npy'), eigenvectors, { order });
      const V = await readArray(join(home, 'V.npy'));
      expect([V.shape, V.data]).toEqual([[4, block.cols], block.data]);
      await writeArray(join(home, 'sketch.npz'), { w: eigenvalues, V: block }, { order });
      expect((await readArray(join(home, 'sketch.npz:w'))).data).toEqual(eigenvalues);
      expect((await readArray(join(home, 'sketch.npz:V'))).data).toEqual(block.data);
    }
  });

  test('what is no array is refused, and no file is left', async () => {
    const path = join(home, 'bad.npy');
    await expect(writeArray(path, { shape: [2, 2], data: Float64Array.of(1) })).rejects.toThrow(
      /writeArray: the shape 2 x 2 has 4 entries, data has 1/,
    );
    await expect(writeArray(path, [1, 2] as never)).rejects.toThrow(/data must be a typed array/);
    await expect(writeArray(join(home, 'a.txt'), Float64Array.of(1))).rejects.toThrow(
      /known by their endings, \.npy, \.npz/,
    );
    await expect(writeArray(path, Float64Array.of(1), { order: 'K' as 'C' })).rejects.toThrow(
      /order must be one of 'C', 'F', got 'K'/,
    );
    await expect(writeArray(join(home, 'none/a.npy'), Float64Array.of(1))).rejects.toThrow(
      /cannot write: there is no such file/,
    );
    await expect(readArray(path)).rejects.toThrow(/readArray: .*bad\.npy: cannot read: there is no such file/);
  });
});
