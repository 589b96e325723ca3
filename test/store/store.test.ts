/** `seigh` in a directory: the same numbers as in memory, continued where it stopped, and nothing foreign accepted. */
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { diagonalOperator, type LinearOperator, type SeighOptions, seigh } from '../../src/index.ts';
import { openDirectory } from '../../src/store/sketch/directory.ts';
import { verifyDirectory } from '../../src/store/sketch/verify.ts';
import { describe, expect, test } from '../support/jest.ts';
import { largestDifference } from '../support/matrices.ts';
import { alternating, counting, numbersOf, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const A = alternating(300);
const options: SeighOptions = { seed: 3, blockSize: 7 };

describe('a result on disk', () => {
  test.each<[string, SeighOptions]>([
    ['hmt', {}],
    ['hmt, two power iterations', { powerIterations: 2 }],
    ['hmt, refined', { refine: true }],
    ['hmt, truncated', { rank: 5, which: 'LA' }],
    ['nystrom', { method: 'nystrom' }],
    ['oversampled', { method: 'oversampled', testMatrix: 'rademacher' }],
  ])('equals the one in memory to 1e-12: %s', async (name, more) => {
    const [memory, disk] = [
      await seigh(A, 20, { ...options, ...more }),
      await seigh(A, 20, { ...options, ...more, store: at(name) }),
    ];
    expect(disk.rank).toBe(memory.rank);
    const scale = Math.abs(memory.eigenvalues[0]!);
    for (const [i, value] of memory.eigenvalues.entries()) {
      expect(Math.abs(disk.eigenvalues[i]! - value)).toBeLessThanOrEqual(1e-12 * scale);
    }
    const [v, w] = [await memory.eigenvectors.toBlock(), await disk.eigenvectors.toBlock()];
    expect(largestDifference(w.data, v.data)).toBeLessThan(1e-9);
    for (const [i, value] of (memory.residualNorms ?? []).entries()) {
      expect(Math.abs(disk.residualNorms![i]! - value)).toBeLessThan(1e-12);
    }
    // the two products that tell one operator from another come on top
    expect(disk.numMatvecs).toBe(memory.numMatvecs + 2);
    expect(disk.leaveOneOutError === undefined).toBe(memory.leaveOneOutError === undefined);
  });

  test('float32, and an operator that is zero', async () => {
    const zero: LinearOperator = { ...diagonalOperator(new Float64Array(30)), dtype: 'float32' };
    const result = await seigh(zero, 4, { store: at('zero') });
    expect([result.rank, result.eigenvectors.cols, result.dropped]).toEqual([0, 0, 4]);
  });

  test('is there whole: asked for again it costs the two products of the probe', async () => {
    const { op, counter } = counting(A);
    const first = await seigh(op, 20, { ...options, store: at('twice') });
    const spent = counter.columns;
    const second = await seigh(op, 20, { ...options, store: at('twice') });
    expect(counter.columns - spent).toBe(2);
    expect([...second.eigenvalues]).toEqual([...first.eigenvalues]);
  });
});

describe('a run that was stopped continues where it was', () => {
  // a threaded BLAS may add in another order the next time
  const exact: SeighOptions = { ...options, kernels: 'js' };

  test.each([2, 4, 6])(
    'aborted at product block %p: no block is measured twice, every number is the same',
    async (stop) => {
      const whole = at(`whole-${stop}`);
      await seigh(A, 20, { ...exact, store: whole });
      const controller = new AbortController();
      const first = counting(A, (blocks) => blocks === stop && controller.abort(new Error('enough')));
      const store = at(`stopped-${stop}`);
      await expect(seigh(first.op, 20, { ...exact, store, signal: controller.signal })).rejects.toThrow('enough');
      // what is not there yet is not damaged
      expect((await verifyDirectory(await openDirectory(store), A)).damaged).toEqual([]);
      const second = counting(A);
      await seigh(second.op, 20, { ...exact, store });
      // the second run measures the probe again
      expect(first.counter.blocks + second.counter.blocks).toBe(1 + 6 + 1);
      expect(await numbersOf(store)).toEqual(await numbersOf(whole));
    },
  );

  test('an error of the operator leaves what was measured, and says which block failed', async () => {
    const store = at('failing');
    const failing = counting(A, (blocks) => {
      if (blocks === 3) throw new Error('the GPU fell off the bus');
    });
    await expect(seigh(failing.op, 20, { ...exact, store })).rejects.toThrow('the GPU fell off the bus');
    expect((await readdir(join(store, 'sketch'))).sort()).toEqual(['000000.h5', '000001.failed']);
    expect(await readFile(join(store, 'sketch/000001.failed'), 'utf8')).toContain('the GPU fell off the bus');
    await seigh(A, 20, { ...exact, store });
    expect((await readdir(join(store, 'sketch'))).sort()).toEqual(['000000.h5', '000001.h5', '000002.h5']);
  });

  test('temporary files of dead processes are cleaned away', async () => {
    const store = at('littered');
    await seigh(A, 20, { ...exact, store });
    const { createTemporary, createTemporaryFolder } = await import('../../src/hdf5/temporary.ts');
    const [file, folder] = [
      await createTemporary(join(store, 'sketch/000000.h5')),
      await createTemporaryFolder(join(store, 'basis')),
    ];
    const left = async () =>
      (await readdir(store, { recursive: true })).filter((name) => basename(name).startsWith('.')).sort();
    await seigh(A, 20, { ...exact, store });
    // locked, they belong to somebody
    expect(await left()).toEqual([file, folder].map(({ path }) => relative(store, path)).sort());
    for (const { handle } of [file, folder]) await handle.close();
    await seigh(A, 20, { ...exact, store });
    expect(await left()).toEqual([]);
  });
});

describe('what does not belong together is refused, and the file is named', () => {
  const expectRefusal = async (store: string, message: RegExp, op = A, more: SeighOptions = {}) => {
    const refused = seigh(op, 20, { ...options, ...more, store });
    await expect(refused).rejects.toMatchObject({ code: 'STORE', message: expect.stringMatching(message) });
  };

  test('a folder with something else in it', async () => {
    await mkdir(at('foreign'));
    await writeFile(at('foreign/thesis.tex'), '');
    await expectRefusal(at('foreign'), /foreign is not empty and not a sketch of seigh: .*'thesis.tex'/);
  });

  test('a file instead of a folder, and a place where nothing can be written', async () => {
    await writeFile(at('file'), '');
    await expectRefusal(at('file'), /file: cannot read/);
    await expectRefusal('/sys/sketch', /\/sys\/sketch: cannot write/);
  });

  test('another operator, also one that differs by a thousandth', async () => {
    const store = at('other-operator');
    await seigh(A, 20, { ...options, store });
    const other = diagonalOperator(Array.from({ length: 300 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1) ** 1.501));
    await expectRefusal(store, /probe.h5 was measured with another operator: .* differ by \d\.\de-\d/, other);
  });

  test('an operator that rounds differently is the same one', async () => {
    const store = at('other-backend');
    await seigh(A, 20, { ...options, store });
    const rounding: LinearOperator = {
      ...A,
      matmat: async (X) => {
        const Y = await A.matmat(X);
        return { ...Y, data: Y.data.map((value, i) => value * (1 + (i % 3) * 1e-14)) };
      },
    };
    await expect(seigh(rounding, 20, { ...options, store })).resolves.toMatchObject({ rank: 20 });
  });

  test('a block size that nobody asked for is that of the directory, whatever this machine prefers', async () => {
    const store = at('other-block-size');
    const preferring = (preferredBlockSize: number): LinearOperator => ({
      ...A,
      preferredBlockSize,
      backend: `b${preferredBlockSize}`,
    });
    await seigh(preferring(5), 20, { store });
    const result = await seigh(preferring(8), 20, { store });
    expect([result.blockSize, result.backend]).toEqual([5, 'b5']);
    await expectRefusal(store, /blockSize 5 \(asked for 7\)/);
  });

  test('other memory continues a directory: the same eigenvalues but for rounding', async () => {
    const store = at('other-memory');
    const whole = await seigh(A, 20, { ...options, store: at('one-memory') });
    const controller = new AbortController();
    const { op } = counting(A, (blocks) => blocks === 5 && controller.abort(new Error('enough')));
    await expect(seigh(op, 20, { ...options, store, signal: controller.signal })).rejects.toThrow('enough');
    const rest = counting(A);
    const result = await seigh(rest.op, 20, { ...options, store, memory: '500KB' });
    expect(rest.counter.blocks).toBe(1 + 2);
    for (const [i, value] of whole.eigenvalues.entries())
      expect(Math.abs(result.eigenvalues[i]! - value)).toBeLessThan(1e-12);
    await expect(seigh(A, 20, { ...options, store, memory: '1KB' })).rejects.toThrow(
      'is too small for 300 x 20 blocks',
    );
  });

  test('other options', async () => {
    const store = at('other-options');
    await seigh(A, 20, { ...options, store });
    await expectRefusal(store, /sketch.h5 belongs to another run, with seed 3 \(asked for 4\)/, A, { seed: 4 });
    await expectRefusal(store, /method hmt \(asked for nystrom\)/, A, { method: 'nystrom' });
  });

  test('a missing, truncated or flipped block', async () => {
    const store = at('damaged');
    await seigh(A, 20, { ...options, store });
    await rm(join(store, 'result'), { recursive: true });
    const file = join(store, 'product/000001.h5');
    const bytes = await readFile(file);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 5]! ^= 1;
    await writeFile(file, flipped);
    await expectRefusal(store, /product\/000001.h5: damaged/);
    await truncate(file, 20_000);
    await expectRefusal(store, /product\/000001.h5: truncated/);
    await rm(file);
    await seigh(A, 20, { ...options, store });
    await rm(join(store, 'result/000000.h5'));
    await expectRefusal(store, /1 of 3 blocks of stage 'result' are missing: .*result\/000000.h5/);
  });

  test.each(['sketch.h5', 'probe.h5', 'basis/stage.h5', 'result/stage.h5'])(
    'a flipped bit anywhere in %s',
    async (name) => {
      const store = at(`flipped-${name.replace('/', '-')}`);
      await seigh(A, 20, { ...options, store });
      const bytes = await readFile(join(store, name));
      for (const position of [0, 9, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const flipped = Buffer.from(bytes);
        flipped[position]! ^= 0x10;
        await writeFile(join(store, name), flipped);
        if (name === 'basis/stage.h5') await rm(join(store, 'result'), { recursive: true, force: true });
        await expectRefusal(store, new RegExp(name.replace('.', '\\.')));
      }
    },
  );

  test('a directory of a later version', async () => {
    const { createDirectory, descriptionPath } = await import('../../src/store/sketch/directory.ts');
    const { readRecordFile, writeRecordFile } = await import('../../src/hdf5/record-file.ts');
    const store = at('later');
    await seigh(A, 20, { ...options, store });
    const { plan } = await openDirectory(store);
    await createDirectory(store, plan, { operator: '' }, { rows: 300, cols: 2, data: new Float64Array(600) });
    const { attributes } = await readRecordFile(descriptionPath({ path: store }));
    await writeRecordFile(descriptionPath({ path: store }), { attributes: { ...attributes, format_version: 7 } });
    await expectRefusal(store, /sketch.h5 has format version 7, this version reads 1/);
  });
});

describe('options', () => {
  test('memory too small says the least', async () => {
    await expect(seigh(A, 20, { ...options, store: at('small'), memory: 1000 })).rejects.toThrow(
      /memory of 1 KB is too small for 300 x 20 blocks of float64: at least/,
    );
  });

  test('memory belongs to store; perBatch and krylov do not', async () => {
    await expect(seigh(A, 20, { memory: '1GB' })).rejects.toThrow('memory belongs to store');
    await expect(seigh(A, 20, { perBatch: true, store: at('b') })).rejects.toThrow(
      'perBatch cannot be combined with store',
    );
    await expect(seigh(A, 20, { method: 'krylov', store: at('k') })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(seigh(A, 20, { store: '' })).rejects.toThrow("store must be a non-empty string, got ''");
  });
});
