/** Files that nobody of ours has written: each ends in a StoreError that names it, before anything of their size is made. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { crc32, gzipSync } from 'node:zlib';
import { loadHdf5 } from '../../src/hdf5/attributes.ts';
import { readRecordFile, writeRecordFile } from '../../src/hdf5/record-file.ts';
import { apost, diagonalOperator, eigsh, type LinearOperator, StoreError, seigh } from '../../src/index.ts';
import { parseAnalysis } from '../../src/report/index.ts';
import { loadCertificate } from '../../src/store/certificate.ts';
import { loadLaunch } from '../../src/store/cluster/launch.ts';
import { openSearchDirectory } from '../../src/store/search/directory.ts';
import { openDirectory } from '../../src/store/sketch/directory.ts';
import { verifyDirectory } from '../../src/store/sketch/verify.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';
import { skippedTitle } from '../support/skips.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();
const A = diagonalOperator(Array.from({ length: 60 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1)));

const ACCURACY = { tol: 0.3, seed: 1, maxDims: 60 };

beforeAll(async () => {
  await seigh(A, 8, { store: at('sketch'), blockSize: 4, seed: 1 });
  await eigsh(A, 3, { store: at('search'), seed: 1 });
  await seigh(A, { store: at('accuracy'), ...ACCURACY });
});

const refusal = async (work: Promise<unknown>): Promise<StoreError> => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
};

describe.each<[string, Record<string, number | string>]>([
  ['absurd dims', { dims: 1e15 }],
  ['dims above n', { dims: 61 }],
  ['an absurd n with as many columns', { n: 9e15, dims: 9e15, memory: 2 ** 52 }],
  ['absurd power iterations', { power_iterations: 1e9 }],
  ['negative power iterations', { power_iterations: -1 }],
  ['no columns in a block', { block_size: 0 }],
  ['an unknown method', { method: 'magic' }],
  ['a method that every object has', { method: 'constructor' }],
  ['a method that files cannot hold', { method: 'krylov' }],
  ['an unknown order', { which: 'XX' }],
  ['no memory', { memory: 1 }],
  ['a text for a number', { seed: 'one' }],
  ['a model problem that is no JSON', { problem: '{' }],
  ['a model problem without options', { problem: 'null' }],
])('sketch.h5 with %s', (name, changes) => {
  test('is refused', async () => {
    const store = at(`sketch ${name}`);
    await cp(at('sketch'), store, { recursive: true });
    const file = join(store, 'sketch.h5');
    const { attributes } = await readRecordFile(file);
    await writeRecordFile(file, { attributes: { ...attributes, ...changes } });
    expect((await refusal(openDirectory(store))).message).toContain(`${file}: `);
    expect((await refusal(seigh(A, 8, { store, blockSize: 4, seed: 1 }))).message).toContain(`seigh: ${file}: `);
  });
});

test.each<[Record<string, number | string>]>([
  [{ k: 0 }],
  [{ k: 61 }],
  [{ block_size: 0 }],
  [{ basis_columns: 1e12 }],
  [{ which: 'magic' }],
  [{ tol: 2 }],
  [{ dtype: 'int8' }],
])('eigsh.h5 with %p is refused', async (changes) => {
  const store = at(`search ${JSON.stringify(changes)}`);
  await cp(at('search'), store, { recursive: true });
  const file = join(store, 'eigsh.h5');
  const { attributes } = await readRecordFile(file);
  await writeRecordFile(file, { attributes: { ...attributes, ...changes } });
  expect((await refusal(openSearchDirectory(store))).message).toContain(`${file}: `);
});

test.each<['search' | 'accuracy', Record<string, number | string>]>([
  ['search', { stopped: 'magic' }],
  ['search', { num_matvecs: -1 }],
  ['search', { num_converged: 0.5 }],
  ['accuracy', { status: 'magic' }],
  ['accuracy', { num_matvecs: -1 }],
])('the result of a %s with %p is refused', async (kind, changes) => {
  const store = at(`${kind} result ${JSON.stringify(changes)}`);
  await cp(at(kind), store, { recursive: true });
  const file = join(store, 'result.h5');
  const { attributes, arrays } = await readRecordFile(file, ['eigenvalues', 'residual_norms']);
  await writeRecordFile(file, { attributes: { ...attributes, ...changes }, arrays });
  const again = kind === 'search' ? eigsh(A, 3, { store, seed: 1 }) : seigh(A, { store, ...ACCURACY });
  expect((await refusal(again)).message).toContain(`${file}: ${Object.keys(changes)[0]} must be`);
});

test.each([
  ['sketch', 'sketch.h5'],
  ['search', 'eigsh.h5'],
])('a %s of other random streams is refused; one of which nothing is said has the first', async (kind, name) => {
  const store = at(`streams ${kind}`);
  await cp(at(kind), store, { recursive: true });
  const file = join(store, name);
  const open = (): Promise<unknown> => (kind === 'sketch' ? openDirectory(store) : openSearchDirectory(store));
  const { stream_version: stream, ...attributes } = (await readRecordFile(file)).attributes;
  expect(stream).toBe(2);
  await open();
  await writeRecordFile(file, { attributes: { ...attributes, stream_version: 3 } });
  expect((await refusal(open())).message).toMatch(/was made with version 3 of the random streams, this version has 2/);
  await writeRecordFile(file, { attributes });
  expect((await refusal(open())).message).toMatch(/was made with version 1 of the random streams, this version has 2/);
});

test.each([
  ['no eigenvalues', { residual_norms: 8 }],
  ['fewer eigenvalues than vectors', { eigenvalues: 7, residual_norms: 8 }],
  ['fewer residual norms than vectors', { eigenvalues: 8, residual_norms: 7 }],
])('a result with %s is refused, and found by verify', async (name, lengths) => {
  const store = at(`numbers ${name}`);
  await cp(at('sketch'), store, { recursive: true });
  const file = join(store, 'result', 'stage.h5');
  const { attributes, arrays } = await readRecordFile(file, ['eigenvalues', 'residual_norms']);
  const kept = Object.entries(lengths).map(([key, length]) => {
    return [key, { shape: [length], data: arrays[key]!.data.slice(0, length) }];
  });
  await writeRecordFile(file, { attributes, arrays: Object.fromEntries(kept) });
  const { damaged } = await verifyDirectory(await openDirectory(store));
  expect(damaged).toHaveLength(1);
  expect(damaged[0]!.message).toContain(file);
  expect((await refusal(seigh(A, 8, { store, blockSize: 4, seed: 1 }))).message).toContain(file);
});

const isLinux = process.platform === 'linux';
const onLinux = isLinux ? test : test.skip;
const endless = 'pipes and devices in the place of files are refused by name, and not waited for';
onLinux(isLinux ? endless : skippedTitle(endless, 'there is no /dev/zero'), async () => {
  const files = ['sketch.h5', 'probe.h5', 'basis/stage.h5', 'result/000000.h5', 'certificate.json', 'launch.json'];
  for (const name of files) {
    for (const kind of ['a pipe', 'an endless device']) {
      const store = at(`${kind} ${name.replace('/', ' ')}`);
      await cp(at('sketch'), store, { recursive: true });
      const file = join(store, name);
      rmSync(file, { force: true });
      if (kind === 'a pipe') execFileSync('mkfifo', [file]);
      else await symlink('/dev/zero', file);
      const opening = name.endsWith('.h5')
        ? seigh(A, 8, { store, blockSize: 4, seed: 1 })
        : name === 'launch.json'
          ? loadLaunch(await openDirectory(store))
          : loadCertificate({ path: store, run: undefined });
      expect((await refusal(opening)).message).toContain(`${file}: it is no regular file`);
    }
  }
  // what ended processes have left is looked at, too
  const store = at('pipes that are left');
  await cp(at('sketch'), store, { recursive: true });
  execFileSync('mkfifo', ['.000000.h5.00000000.aaaaaaaaaaaa.tmp', '000009.failed'], { cwd: join(store, 'sketch') });
  expect((await seigh(A, 8, { store, blockSize: 4, seed: 1 })).rank).toBe(8);
});

test('a path with a character 0 is refused as an option', async () => {
  const refused = seigh(A, 8, { store: 'a\0b' });
  await expect(refused).rejects.toMatchObject({
    code: 'ARGUMENT',
    message: "seigh: store must be a path, in which no character is 0, got 'a\\0b'",
  });
});

test('an array that is packed and would be larger than its file is not unpacked', async () => {
  const file = at('bomb.h5');
  const h5wasm = await loadHdf5();
  const handle = new h5wasm.File(file, 'w');
  const data = new Float64Array(2 ** 17);
  handle.create_dataset({ name: 'T', data, shape: [2 ** 17], chunks: [2 ** 14], compression: 9 });
  handle.close();
  const bytes = await readFile(file);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(crc32(bytes));
  await writeFile(file, Buffer.concat([bytes, trailer]));
  expect(bytes.length).toBeLessThan(data.byteLength / 10);
  expect((await refusal(readRecordFile(file, ['T']))).message).toMatch(/'T' of 131072 numbers is larger than the file/);
});

const base = { confidence: 0.9, tests: 3 };
test.each<[string, string]>([
  ['no JSON', '{'],
  ['packed bytes', gzipSync('{}').toString('latin1')],
  ['null', 'null'],
  ['a list', '[]'],
  ['another version', '{"schema": 9}'],
  ['a text for an interval', JSON.stringify({ schema: 1, ...base, relativeError: 'small' })],
  ['half a certificate', JSON.stringify({ schema: 1, ...base })],
])('certificate.json with %s', async (name, text) => {
  const path = at(`certificate ${name}`);
  await mkdir(path);
  await writeFile(join(path, 'certificate.json'), text);
  expect((await refusal(loadCertificate({ path, run: undefined }))).message).toContain('certificate.json');
});

test('a certificate of another run is refused', async () => {
  const path = at('foreign certificate');
  await mkdir(path);
  const certificate = await apost(A, await seigh(A, 8, { seed: 1 }), { tests: 3 });
  await writeFile(join(path, 'certificate.json'), JSON.stringify({ run: 'ours', ...certificate }));
  expect(await loadCertificate({ path, run: 'ours' })).toEqual(JSON.parse(JSON.stringify(certificate)));
  expect((await refusal(loadCertificate({ path, run: 'other' }))).message).toMatch(/its run is ours, not other/);
});

test.each([
  '7',
  '{}',
  '{"engine": "slurm", "jobs": "17", "submitted": ""}',
  '{"engine": "slurm", "jobs": [{"id": "--help", "step": "x"}], "submitted": ""}',
  '{"engine": "slurm", "jobs": [{"id": 17, "step": "x"}], "submitted": ""}',
])('launch.json with %s', async (text) => {
  const directory = await openDirectory(at('sketch'));
  const path = at(`launch ${text.length}`);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'launch.json'), text);
  expect((await refusal(loadLaunch({ ...directory, path }))).message).toContain('launch.json');
});

const analysis = {
  schema: 1,
  provenance: {
    ...{ operator: 'a', n: 60, dtype: 'float64', method: 'hmt', dims: 2, testMatrix: 'gaussian', seed: 0 },
    ...{
      numMatvecs: 4,
      seconds: 1,
      kernels: 'js',
      versions: { eigensketch: '0', node: 'v0' },
      machine: 'm',
      date: 'd',
    },
  },
  eigenvalues: [1, 0.5],
};

test.each<[string, object]>([
  ['texts for eigenvalues', { eigenvalues: ['1', '0.5'] }],
  ['too few residual norms', { residualNorms: [1] }],
  ['no versions', { provenance: { ...analysis.provenance, versions: undefined } }],
  ['a number for a name', { provenance: { ...analysis.provenance, operator: 3 } }],
  ['an outcome without a tolerance', { outcome: { converged: true, status: 'converged' } }],
  ['an empty certificate', { certificate: { schema: 1 } }],
])('an analysis with %s', (_, changes) => {
  expect(parseAnalysis(JSON.stringify(analysis)).eigenvalues).toEqual([1, 0.5]);
  expect(() => parseAnalysis(JSON.stringify({ ...analysis, ...changes }))).toThrow(StoreError);
});

const isMountable = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'eigensketch-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

const onReadOnlyDisk = isMountable ? test : test.skip;
const reading =
  'on a disk that is only read: what is finished is read, what is not is refused before the first product';
onReadOnlyDisk(isMountable ? reading : skippedTitle(reading, 'mounting is not permitted (it needs root)'), async () => {
  const disk = at('disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disk]);
  try {
    await cp(at('sketch'), join(disk, 'sketch'), { recursive: true });
    await cp(at('search'), join(disk, 'search'), { recursive: true });
    await cp(at('sketch'), join(disk, 'half'), { recursive: true });
    rmSync(join(disk, 'half/product'), { recursive: true });
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    let products = 0;
    const op: LinearOperator = {
      ...A,
      matmat: (X) => {
        products++;
        return A.matmat(X);
      },
    };
    const sketch = await seigh(op, 8, { store: join(disk, 'sketch'), blockSize: 4, seed: 1 });
    expect(sketch.rank).toBe(8);
    await sketch.eigenvectors.space.release(sketch.eigenvectors);
    const found = await eigsh(op, 3, { store: join(disk, 'search'), seed: 1 });
    expect(found.converged).toBe(true);
    await found.eigenvectors.space.release(found.eigenvectors);
    const probes = products;
    const refused = await refusal(seigh(op, 8, { store: join(disk, 'half'), blockSize: 4, seed: 1 }));
    expect(refused.message).toBe(`seigh: ${join(disk, 'half')}: cannot write: the file system is read-only`);
    const fresh = await refusal(eigsh(op, 3, { store: join(disk, 'new') }));
    expect(fresh.message).toBe(`eigsh: ${join(disk, 'new')}: cannot write: the file system is read-only`);
    expect(products).toBe(probes);
  } finally {
    execFileSync('umount', [disk]);
  }
});

test('a relative directory is the same one after the working directory has changed', async () => {
  const before = process.cwd();
  await mkdir(at('elsewhere'));
  process.chdir(at('.'));
  try {
    const op: LinearOperator = {
      ...A,
      matmat(X) {
        process.chdir(at('elsewhere'));
        return A.matmat(X);
      },
    };
    await seigh(op, 8, { store: 'relative', blockSize: 4, seed: 1 });
    process.chdir(at('.'));
    const searching = eigsh(op, 3, { store: 'relative search', seed: 1 });
    process.chdir(before);
    await expect(searching).resolves.toMatchObject({ converged: true });
  } finally {
    process.chdir(before);
  }
  expect((await openDirectory(at('relative'))).plan.dims).toBe(8);
  expect((await openSearchDirectory(at('relative search'))).plan.k).toBe(3);
});
