/** `seigh` with `tol` in a directory: the numbers of the one in memory, gone on with after any product, no product made twice. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdaptiveOptions, type AdaptiveResult, diagonalOperator, seigh } from '../../src/index.ts';
import { openAccuracyDirectory } from '../../src/store/accuracy/directory.ts';
import { verifyAccuracy } from '../../src/store/accuracy/verify.ts';
import { runHere } from '../support/cli.ts';
import { describe, expect, test } from '../support/jest.ts';
import { orthonormalityDefect } from '../support/matrices.ts';
import { counting, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const spectrum = Array.from({ length: 300 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1));
const A = diagonalOperator(spectrum);
const total = Math.hypot(...spectrum);
// a threaded BLAS may add in another order the next time
const goal: AdaptiveOptions = { tol: 0.15, seed: 4, kernels: 'js' };
const METHODS = ['krylov', 'hmt'] as const;

/** Every number of a result, to the last bit. */
async function bitsOf(result: AdaptiveResult): Promise<Record<string, unknown>> {
  const { data } = await result.eigenvectors.toBlock();
  const { eigenvalues, residualNorms, numMatvecs, dims, status, converged, coreAsymmetry } = result;
  const { seconds: _, ...certificate } = result.certificate;
  return {
    eigenvalues: [...eigenvalues],
    residualNorms: [...residualNorms],
    vectors: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    certificate: JSON.stringify(certificate),
    ...{ numMatvecs, dims, status, converged, coreAsymmetry },
  };
}

describe.each(METHODS)('%s', (method) => {
  test('the result is the one in memory to rounding, and its statement is true', async () => {
    const options = { ...goal, method };
    const memory = await seigh(A, options);
    const disk = await seigh(A, { ...options, store: at(`${method}-whole`), memory: '4MB' });
    expect([disk.converged, disk.status, disk.dims, disk.tol]).toEqual([true, 'converged', memory.dims, 0.15]);
    // the two products that tell one operator from another come on top
    expect(disk.numMatvecs).toBe(memory.numMatvecs + 2);
    for (const [i, value] of memory.eigenvalues.entries()) {
      expect(Math.abs(disk.eigenvalues[i]! - value)).toBeLessThan(1e-10);
    }
    expect(disk.certificate.relativeError.upper).toBeCloseTo(memory.certificate.relativeError.upper, 10);
    expect(await orthonormalityDefect(disk.eigenvectors)).toBeLessThan(1e-12);
    const captured = disk.eigenvalues.reduce((sum, w) => sum + w * w, 0);
    const error = Math.sqrt(total ** 2 - captured) / total;
    expect(disk.certificate.relativeError.lower).toBeLessThanOrEqual(error * (1 + 1e-9));
    expect(disk.certificate.relativeError.upper).toBeLessThanOrEqual(0.15);
    expect(Object.keys(disk).sort()).toEqual(Object.keys(memory).sort());
  });

  test('stopped after any product it goes on by the same call, to the same bits, and makes no product twice', async () => {
    const store = at(`${method}-stopped`);
    const whole = counting(A);
    const expected = await bitsOf(await seigh(whole.op, { ...goal, method, store: at(`${method}-straight`) }));
    let made = 0;
    let calls = 0;
    for (let stop = 3; ; stop += 4) {
      const { op, counter } = counting(A, (blocks) => {
        if (blocks > stop) throw new Error('stopped');
      });
      const ended = await seigh(op, { ...goal, method, store }).catch((error: Error) => error);
      calls++;
      // the probe is a block of two, which each call makes
      made += Math.min(counter.blocks, stop) - 1;
      if (ended instanceof Error) {
        expect(ended.message).toContain('stopped');
        continue;
      }
      expect(await bitsOf(ended)).toEqual(expected);
      break;
    }
    expect(calls).toBeGreaterThan(2);
    expect(made).toBe(whole.counter.blocks - 1);
  });
});

test('an ended search is read: two products tell that the operator is the same', async () => {
  const store = at('krylov-whole');
  const { op, counter } = counting(A);
  const again = await seigh(op, { ...goal, method: 'krylov', store });
  expect([again.converged, counter.columns]).toEqual([true, 2]);
  expect((await readdir(store)).sort()).toEqual([
    'accuracy.h5',
    'certificate.json',
    'eigenvectors.h5',
    'probe.h5',
    'result.h5',
  ]);
  expect(await verifyAccuracy(await openAccuracyDirectory(store), A)).toEqual({ files: 5, damaged: [] });
});

test('other searches, operators and directories are refused by name', async () => {
  const store = at('krylov-whole');
  const refused = async (options: Partial<AdaptiveOptions>, op = A): Promise<string> =>
    seigh(op, { ...goal, method: 'krylov', store, ...options }).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
  expect(await refused({ tol: 0.1 })).toContain('tol 0.15 (asked for 0.1)');
  // it would use test vectors again that this one's end depended on
  expect(await refused({ maxDims: 40 })).toContain('maxDims 300 (asked for 40)');
  expect(await refused({ seed: 5 })).toContain('seed 4 (asked for 5)');
  expect(await refused({}, diagonalOperator(spectrum.map((w) => 1.1 * w)))).toContain('another operator');
  await expect(seigh(A, 5, { store })).rejects.toThrow(
    'holds a search of seigh for an accuracy, not a sketch of seigh',
  );
  await expect(seigh(A, { tol: 0.1, memory: '1MB' })).rejects.toThrow('memory belongs to store');
  await expect(
    seigh(diagonalOperator(spectrum.map((w) => w * 1e-200)), { ...goal, store: at('small') }),
  ).rejects.toThrow('files have no scale of their own');
});

test('a goal that is out of reach is kept as what it is', async () => {
  const store = at('short');
  const options = { ...goal, tol: 0.01, maxDims: 20, store };
  const { numMatvecs } = await seigh(A, options);
  const { op, counter } = counting(A);
  const again = await seigh(op, options);
  expect([again.converged, again.status, again.numMatvecs, counter.columns]).toEqual([false, 'maxDims', numMatvecs, 2]);
});

test('status, report, verify and certify know the directory', async () => {
  const store = at('commands');
  const operator = ['--operator', 'test/cli/fixtures/harmonic.mjs'];
  const env = { EIGENSKETCH_KERNELS: 'js' };
  const searched = await runHere(['seigh', ...operator, '--tol', '0.3', '--store', store, '--json'], env);
  expect(JSON.parse(searched.stdout).outcome).toMatchObject({ tol: 0.3, converged: true });
  expect((await runHere(['status', store], env)).stdout).toMatch(
    /^accuracy +0\.3 at 0\.99 in at most 80 columns, n = 80, float64\nproducts +\d+\nstate +ended: the tolerance is certified\n$/,
  );
  const report = JSON.parse((await runHere(['report', store, '--format', 'json'], env)).stdout);
  expect(report.eigenvalues).toEqual(JSON.parse(searched.stdout).eigenvalues);
  expect(report.certificate.relativeError.upper).toBeLessThanOrEqual(0.3);
  expect((await runHere(['verify', store, ...operator], env)).stdout).toContain('5 files, all as they were written');
  const certified = await runHere(['certify', store, '--tests', '4', ...operator], env);
  expect([certified.code, certified.stderr]).toEqual([5, expect.stringContaining('eigensketch report')]);
  const alone = await runHere(['seigh', ...operator, '--dims', '4', '--store', at('none')], env);
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--store belongs to --tol')]);
  const file = join(store, 'eigenvectors.h5');
  const bytes = await readFile(file);
  bytes[bytes.length - 9]! ^= 4;
  await writeFile(file, bytes);
  const damaged = await runHere(['verify', store], env);
  expect([damaged.code, damaged.stderr]).toEqual([5, expect.stringContaining('fail their checksum')]);
  await rm(join(store, 'certificate.json'));
  expect((await runHere(['report', store], env)).code).toBe(5);
});
