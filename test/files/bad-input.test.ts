/** Files that are truncated, damaged, absurd or of another kind: named, before memory for what they promise is taken. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArray, readOperator, writeArray } from '../../src/files/index.ts';
import { loadHdf5 } from '../../src/hdf5/attributes.ts';
import { seigh } from '../../src/index.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-bad-files-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(home, name);
  await writeFile(path, content);
  return path;
}

/** A .npy file with this header, version and content. */
function npy(header: string, content: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = Buffer.from(`${header}\n`);
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, text.length & 0xff, text.length >> 8]),
    text,
    content,
  ]);
}
const dictionary = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
const eightBytes = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);

describe('.npy', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /not a \.npy file/],
    ['other magic', Buffer.from('PK\u0003\u0004 and so on'), /not a \.npy file/],
    ['cut in the header', npy(dictionary("'<f8'", '(1,)')).subarray(0, 9), /truncated in its header/],
    [
      'cut in the header text',
      npy(dictionary("'<f8'", '(1,)')).subarray(0, 30),
      /truncated: bytes up to \d+ are needed, there are 30/,
    ],
    ['version 9', npy(dictionary("'<f8'", '(1,)'), eightBytes(1), 9), /version 9 of the \.npy format; 1 to 3 are read/],
    [
      'cut in the numbers',
      npy(dictionary("'<f8'", '(2, 2)'), eightBytes(1, 2, 3)),
      /truncated: the shape 2 x 2 of float64 needs \d+ bytes, there are/,
    ],
    [
      'an absurd shape',
      npy(dictionary("'<f8'", '(100000000, 100000)'), eightBytes(1)),
      /truncated: the shape 100000000 x 100000 of float64 needs/,
    ],
    [
      'a shape that overflows',
      npy(dictionary("'<f8'", '(4294967296, 4294967296, 4294967296)'), eightBytes(1)),
      /damaged: its header declares the shape 4294967296 x/,
    ],
    [
      'a shape of 30 digits',
      npy(dictionary("'<f8'", '(123456789012345678901234567890,)'), eightBytes(1)),
      /damaged: its header declares the shape/,
    ],
    ['a negative shape', npy(dictionary("'<f8'", '(-1,)'), eightBytes(1)), /damaged: its header reads/],
    ['no dictionary', npy('once upon a time'), /damaged: its header reads "once upon a time"/],
    ['complex numbers', npy(dictionary("'<c16'", '(1,)'), eightBytes(1, 2)), /holds complex numbers \('<c16'\)/],
    ['objects', npy(dictionary("'|O'", '(1,)'), eightBytes(1)), /holds Python objects \(pickled\)/],
    ['text', npy(dictionary("'<U3'", '(1,)'), eightBytes(1, 2)), /holds text \('<U3'\)/],
    ['records', npy(dictionary("[('a', '<f8')]", '(1,)'), eightBytes(1)), /holds records/],
    [
      'long doubles',
      npy(dictionary("'<f16'", '(1,)'), eightBytes(1, 2)),
      /elements of a kind that is not read \('<f16'\)/,
    ],
  ])('%s', async (name, content, message) => {
    const path = await file(`${name.replaceAll(' ', '-')}.npy`, content);
    await expect(readArray(path)).rejects.toThrow(message);
    await expect(readOperator(path)).rejects.toThrow(message);
    await expect(readArray(path)).rejects.toThrow(new RegExp(`^readArray: ${path}`));
  });

  test('arrays that are no matrix, and entries that are not finite', async () => {
    await writeArray(join(home, 'vector.npy'), Float64Array.of(1, 2));
    await expect(readOperator(join(home, 'vector.npy'))).rejects.toThrow(
      /has the shape \(2\); an operator has two axes/,
    );
    await writeArray(join(home, 'none.npy'), { shape: [0, 3], data: new Float64Array(0) });
    await expect(readOperator(join(home, 'none.npy'))).rejects.toThrow(/a 0 x 3 matrix is no operator/);
    const matrix = { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, Number.POSITIVE_INFINITY, 6) };
    for (const order of ['C', 'F'] as const) {
      await writeArray(join(home, 'infinite.npy'), matrix, { order });
      await expect(readOperator(join(home, 'infinite.npy'))).rejects.toThrow(/entry \(1, 1\) is Infinity/);
    }
    await writeArray(join(home, 'long.npy'), { shape: [1, 2], data: BigInt64Array.of(1n, 2n ** 60n) });
    await expect(readOperator(join(home, 'long.npy'))).rejects.toThrow(/entry 1 is 1152921504606846976: beyond 2\^53/);
  });

  test('a matrix that is not symmetric is refused by a symmetric solver with its worst entry', async () => {
    await writeArray(join(home, 'skew.npy'), { shape: [2, 2], data: Float64Array.of(1, 4, -4, 1) });
    await expect(seigh(await readOperator(join(home, 'skew.npy')), 1)).rejects.toThrow(
      /worst entry is \(1, 0\): -4, and 4 across the diagonal/,
    );
  });
});

describe('.npz', () => {
  const archive = async (): Promise<Buffer> => {
    await writeArray(join(home, 'good.npz'), { A: { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) } });
    const { readFile } = await import('node:fs/promises');
    return readFile(join(home, 'good.npz'));
  };

  test('truncated, of another kind, with a flipped bit, with an absurd size', async () => {
    const good = await archive();
    expect((await readArray(await file('copy.npz', good))).data).toEqual(Float64Array.of(1, 2, 3, 4));
    await expect(readArray(await file('cut.npz', good.subarray(0, good.length - 30)))).rejects.toThrow(
      /not a \.npz file, or truncated/,
    );
    await expect(readArray(await file('text.npz', 'no archive'))).rejects.toThrow(/not a \.npz file, or truncated/);
    const flipped = Buffer.from(good);
    flipped[flipped.indexOf(eightBytes(3)) + 6]! ^= 1;
    await expect(readOperator(await file('flipped.npz', flipped))).rejects.toThrow(
      /flipped\.npz:A: damaged: its bytes fail their checksum/,
    );
    const entry = good.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    const huge = Buffer.from(good);
    huge.writeUInt32LE(0xfffffff0, entry + 24);
    await expect(readArray(await file('huge.npz', huge))).rejects.toThrow(
      /damaged: \d+ packed bytes cannot be 4294967280/,
    );
    const moved = Buffer.from(good);
    moved.writeUInt32LE(0x7fffffff, entry + 42);
    await expect(readArray(await file('moved.npz', moved))).rejects.toThrow(/truncated: bytes up to/);
  });

  test('a sparse matrix whose indices leave it', async () => {
    const int = (...values: number[]) => Int32Array.from(values);
    const name = (text: string) => ({ shape: [] as number[], data: Uint8Array.from(Buffer.from(text)) });
    // SciPy keeps the format as a text of three bytes: no array of numbers
    await writeArray(join(home, 'sparse.npz'), {
      format: { shape: [3], data: name('csr').data },
      shape: int(2, 2),
      indptr: int(0, 1, 2),
      indices: int(0, 2),
      data: Float64Array.of(1, 2),
    });
    await expect(readOperator(join(home, 'sparse.npz'))).rejects.toThrow(/holds no text but '\|u1'/);
  });
});

describe('.mtx', () => {
  const coordinate = '%%MatrixMarket matrix coordinate real general\n';
  test.each<[string, RegExp]>([
    ['', /truncated: it has no line of sizes/],
    ['1 2 3\n', /not a Matrix Market file/],
    ['%%MatrixMarket vector coordinate real general\n1 1\n', /not a Matrix Market file/],
    [
      '%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 2\n',
      /a complex general matrix; only real ones are read/,
    ],
    ['%%MatrixMarket matrix array complex hermitian\n1 1\n1 0\n', /a complex hermitian matrix/],
    ['%%MatrixMarket matrix array pattern general\n1 1\n', /a Matrix Market array has no field 'pattern'/],
    ['%%MatrixMarket matrix coordinate quaternion general\n1 1 1\n', /has no field 'quaternion'/],
    ['%%MatrixMarket matrix coordinate real diagonal\n1 1 1\n', /has no symmetry 'diagonal'/],
    [`${coordinate}2 two 1\n1 1 1\n`, /line 2: expected 3 whole numbers, got '2 two 1'/],
    [`${coordinate}0 2 0\n`, /a matrix of 0 x 2 with 0 entries is no operator/],
    [`${coordinate}2 2 3\n1 1 1\n2 2 2\n`, /truncated: 2 of 3 entries/],
    [`${coordinate}2 2 1\n1 1 1\n2 2 2\n`, /line 4: more than the 1 entries it declares/],
    [`${coordinate}2 2 1\n3 1 1\n`, /line 3: entry \(3, 1\) lies outside 2 x 2/],
    [`${coordinate}2 2 1\n0 1 1\n`, /line 3: entry \(0, 1\) lies outside 2 x 2/],
    [`${coordinate}2 2 1\n1 1\n`, /line 3: an entry is 'row column value', got '1 1'/],
    [`${coordinate}2 2 1\n1 1 x\n`, /line 3: expected a number, got 'x'/],
    [`${coordinate}2 2 1\n1 1 nan\n`, /line 3: an entry is nan; every entry must be finite/],
    [
      `${coordinate}3 3 1000000000000\n1 1 1\n`,
      /truncated or damaged: it declares 3 x 3 with 1000000000000 entries, but has only/,
    ],
    [`${coordinate}9999999999 3 1\n1 1 1\n`, /rows, columns and entries are counted up to 2147483647/],
    [`${coordinate}2000000000 3 1\n1 1 1\n`, /nearly all rows or columns would be empty/],
    [
      '%%MatrixMarket matrix array real general\n1000000 1000000\n1\n',
      /it declares 1000000 x 1000000 with 1000000000000 entries/,
    ],
    ['%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n', /truncated: 3 of 4 entries/],
    ['%%MatrixMarket matrix array real general\n1 2\n1\n2\n3\n', /line 5: more than the 2 entries it needs/],
    ['%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1\n', /a symmetric matrix cannot be 2 x 3/],
    [
      '%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n2 1 1\n1 2 1\n',
      /line 3 is below the diagonal and line 4 above/,
    ],
    [
      '%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n',
      /line 3: a skew-symmetric matrix has a zero diagonal/,
    ],
  ])('%j', async (content, message) => {
    await expect(readOperator(await file('bad.mtx', content))).rejects.toThrow(message);
  });
});

describe('.csv, .h5 and others', () => {
  test.each<[string, RegExp]>([
    ['1,2\n3\n', /line 2 has 1 fields, those before it 2/],
    ['a,b\n1,x\n', /line 2, field 2: expected a finite number, got 'x'/],
    ['1,\n', /line 1, field 2: expected a finite number, got ''/],
    ['1,nan\n', /line 1, field 2: expected a finite number, got 'nan'/],
    ['# nothing\n\n', /has no numbers/],
  ])('%j', async (content, message) => {
    await expect(readOperator(await file('bad.csv', content))).rejects.toThrow(message);
  });

  test('a table that does not fit', async () => {
    const path = await file('large.csv', '1,2,3\n'.repeat(100));
    await expect(readOperator(path, { memory: 1000 })).rejects.toThrow(
      /needs more than 1 KB \(option memory\); a \.npy file is read in row panels/,
    );
  });

  test('HDF5 files that are none, and those that end early', async () => {
    const h5wasm = await loadHdf5();
    const written = new h5wasm.File(join(home, 'good.h5'), 'w');
    written.create_dataset({ name: 'A', data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    written.close();
    const { shape } = await readOperator(join(home, 'good.h5'));
    expect(shape).toEqual([2, 2]);
    const good = await readFile(join(home, 'good.h5'));
    for (const length of [60, good.length >> 1, good.length - 1]) {
      await expect(readOperator(await file('cut.h5', good.subarray(0, length)))).rejects.toThrow(
        `cut.h5: truncated: it declares ${good.length} bytes, there are ${length}`,
      );
    }
    await expect(readOperator(await file('text.h5', 'no HDF5'))).rejects.toThrow(/text\.h5: not an HDF5 file/);
    await expect(readOperator(join(home, 'missing.h5:/A'))).rejects.toThrow(
      /missing\.h5: cannot read: there is no such file/,
    );
  });

  test('unknown endings, unknown options, directories', async () => {
    await expect(readOperator('matrix.txt')).rejects.toThrow(
      /known by their endings, \.npy, \.npz, \.mtx, \.csv, \.h5, \.hdf5; this one ends in '\.txt'/,
    );
    await expect(readOperator('A.npy', { memroy: 1 } as never)).rejects.toThrow(
      /unknown option 'memroy'; did you mean 'memory'/,
    );
    await expect(readOperator(7 as never)).rejects.toThrow(/path must be a non-empty string, got 7/);
    await expect(readArray('A.csv')).rejects.toThrow(/known by their endings, \.npy, \.npz/);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(home, 'folder.npy'));
    await expect(readArray(join(home, 'folder.npy'))).rejects.toThrow(/is not a file/);
  });
});
