/** `eigsh` in a directory: the same numbers as in memory, gone on with after any product, and nothing foreign accepted. */
import { renameSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFile } from '../../src/hdf5/index.ts';
import { readRecordFile } from '../../src/hdf5/record-file.ts';
import {
  apost,
  diagonalOperator,
  type EigshOptions,
  type EigshResult,
  eigsh,
  type LinearOperator,
  seigh,
} from '../../src/index.ts';
import { openSearchDirectory } from '../../src/store/search/directory.ts';
import { verifySearch } from '../../src/store/search/verify.ts';
import { describe, expect, test } from '../support/jest.ts';
import { large, long, repeatedTitle, repeats, testLarge } from '../support/long.ts';
import { largestDifference, orthonormalityDefect } from '../support/matrices.ts';
import { testOnSmallDisk } from '../support/small-disk.ts';
import { alternating, counting, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const spectrumOf = (n: number): number[] => Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / Math.sqrt(i + 1));
const N = 120;
/** Searches take some thirty products: each reads every file of the basis. */
const spectrum = Array.from({ length: N }, (_, i) => (i % 2 ? -1 : 1) * 0.88 ** i);
const A = diagonalOperator(spectrum);
/** A basis of few columns, so that searches restart. */
const NARROW = 53 * N * 8;
// a threaded BLAS may add in another order the next time
const exact: EigshOptions = { seed: 3, kernels: 'js' };

const wanted: Record<string, number[]> = {
  LM: spectrum.slice(0, 5),
  LA: spectrum.toSorted((a, b) => b - a).slice(0, 5),
  SA: spectrum.toSorted((a, b) => a - b).slice(0, 5),
  BE: [...spectrum.toSorted((a, b) => b - a).slice(0, 3), ...spectrum.toSorted((a, b) => b - a).slice(-2)],
};

/** Every number of a result, to the last bit. */
async function bitsOf(result: EigshResult): Promise<Record<string, unknown>> {
  const { data } = await result.eigenvectors.toBlock();
  const { eigenvalues, residualNorms, numMatvecs, restarts, status, completeness, noiseFloor, coreAsymmetry } = result;
  return {
    eigenvalues: [...eigenvalues],
    residualNorms: [...residualNorms],
    vectors: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ...{ numMatvecs, restarts, status, completeness, noiseFloor, coreAsymmetry },
  };
}

describe('a result on disk', () => {
  const both = Object.keys(wanted).flatMap((which) => [1, 3].map((b) => [which, b] as const));
  const configurations = both.filter((_, i) => long || i === 6);
  test.each(configurations)(
    '%s, blocks of %d: the one in memory to 1e-12, through restarts',
    async (which, blockSize) => {
      const options = {
        ...exact,
        which,
        blockSize,
        maxMemory: blockSize === 1 ? NARROW : NARROW * 1.4,
      } as EigshOptions;
      const memory = await eigsh(A, 5, options);
      const disk = await eigsh(A, 5, { ...options, store: at(`${which}-${blockSize}`) });
      expect(disk.restarts).toBeGreaterThan(0);
      for (const [i, value] of wanted[which]!.entries()) {
        expect(Math.abs(disk.eigenvalues[i]! - value)).toBeLessThan(1e-12);
        expect(Math.abs(disk.eigenvalues[i]! - memory.eigenvalues[i]!)).toBeLessThan(1e-12);
      }
      const [v, w] = [await memory.eigenvectors.toBlock(), await disk.eigenvectors.toBlock()];
      // an eigenvector is known up to its sign
      const signs = new Float64Array(v.cols);
      for (let i = 0; i < v.data.length; i++) signs[i % v.cols]! += v.data[i]! * w.data[i]!;
      const turned = w.data.map((value, i) => Math.sign(signs[i % v.cols]!) * value);
      expect(largestDifference(turned, v.data)).toBeLessThan(1e-9);
      expect(await orthonormalityDefect(disk.eigenvectors)).toBeLessThan(1e-13);
      // the two products that tell one operator from another come on top
      expect([disk.numMatvecs, disk.restarts]).toEqual([memory.numMatvecs + 2, memory.restarts]);
      expect([disk.converged, disk.status]).toEqual([memory.converged, memory.status]);
      expect(Object.keys(disk).sort()).toEqual(Object.keys(memory).sort());
      expect(disk.completeness?.upperBound ?? 0).toBeCloseTo(memory.completeness?.upperBound ?? 0, 12);
    },
  );

  test('is certified like any other', async () => {
    const disk = await eigsh(A, 5, { ...exact, store: at('certified') });
    const { relativeError, eigenvalueIntervals } = await apost(A, disk, { tests: 20, seed: 1, kernels: 'js' });
    const total = Math.hypot(...spectrum);
    const missed = Math.hypot(...spectrum.slice(5));
    expect(relativeError.lower).toBeLessThanOrEqual(missed / total);
    expect(relativeError.upper).toBeGreaterThanOrEqual(missed / total);
    for (const [i, { lower, upper }] of eigenvalueIntervals!.entries()) {
      expect(lower).toBeLessThanOrEqual(spectrum[i]!);
      expect(upper).toBeGreaterThanOrEqual(spectrum[i]!);
    }
  });

  test('asked for again it costs the two products of the probe, and the basis is gone', async () => {
    const { op, counter } = counting(A);
    const store = at('twice');
    const first = await bitsOf(await eigsh(op, 5, { ...exact, store }));
    const spent = counter.columns;
    expect(spent).toBe(first.numMatvecs);
    expect(await bitsOf(await eigsh(op, 5, { ...exact, store }))).toEqual(first);
    expect(counter.columns - spent).toBe(2);
    expect((await readdir(store, { recursive: true })).sort()).toEqual(
      ['blocks', 'eigenvectors.h5', 'eigsh.h5', 'probe.h5', 'result.h5'].sort(),
    );
  });

  testLarge('the width of the basis does not depend on memory', async () => {
    const wide = diagonalOperator(spectrumOf(20_000));
    const { dims, restarts } = await eigsh(wide, 3, {
      ...exact,
      store: at('little'),
      memory: '1.2MB',
      maxProducts: 25,
    });
    expect([dims, restarts]).toEqual([25, 0]);
  });
});

/** Spectra and options that take a search through all that it knows. */
const searches: [string, ArrayLike<number>, number, EigshOptions & { dtype?: LinearOperator['dtype'] }][] = [
  ['restarts', spectrum, 3, { maxMemory: NARROW }],
  ['blocks and restarts', spectrum, 3, { blockSize: 3, maxMemory: NARROW * 1.3 }],
  ['float32', spectrumOf(200), 4, { dtype: 'float32' }],
  [
    'a triple eigenvalue, which only the check finds, and restarts',
    [3, 3, 3, 2, ...Array.from({ length: 76 }, (_, i) => 0.9 ** i)],
    4,
    { confidence: 0.9, maxMemory: 45 * 80 * 8 },
  ],
  ['identity', new Float64Array(30).fill(1), 4, {}],
  ['zero, blocks of 2', new Float64Array(30), 3, { blockSize: 2 }],
  ['rank 2 of 4 wanted', Float64Array.from({ length: 40 }, (_, i) => (i < 2 ? 2 - i : 0)), 4, {}],
  ['all of a small operator', spectrumOf(9), 9, {}],
];

/** An operator that fails at its `failAt`-th block, and what it multiplied before, the probe left out. */
function failing(op: LinearOperator, failAt: number): { op: LinearOperator; multiplied: string[] } {
  const multiplied: string[] = [];
  let blocks = 0;
  const matmat: LinearOperator['matmat'] = async (X) => {
    if (++blocks === failAt) throw new Error('power cut');
    if (blocks > 1) multiplied.push(Buffer.from(X.data.slice().buffer).toString('base64'));
    return op.matmat(X);
  };
  return { op: { ...op, matmat }, multiplied };
}

/** Products between failures of the power: a prime, so that they fall on all parts of a search. */
const EVERY = repeats(13, 7, 1);

/** A check that has found a pair is between two runs for a product or two. */
const stopped = searches
  .filter(([name]) => large || !['restarts', 'float32'].includes(name))
  .map(([name, ...rest]) => [name.includes('check') ? 1 : EVERY, name, ...rest] as const);

describe(repeatedTitle('a search that was stopped goes on where it was'), () => {
  test.each(stopped)(
    'whenever %i were made, no product is made twice and every bit is the same: %s',
    async (every, name, values, k, { dtype = 'float64', ...more }) => {
      const op: LinearOperator = { ...diagonalOperator(Float64Array.from(values)), dtype };
      const options = { ...exact, ...more };
      const whole = failing(op, Number.POSITIVE_INFINITY);
      const result = await eigsh(whole.op, k, { ...options, store: at(`whole ${name}`) });
      const expected = await bitsOf(result);
      for (const [i, value] of result.eigenvalues.entries()) {
        expect(Math.abs(value - values[i]!)).toBeLessThan(dtype === 'float64' ? 1e-12 : 1e-5);
      }
      if (name.includes('restarts')) expect(result.restarts).toBeGreaterThan(0);
      const multiplied: string[] = [];
      for (;;) {
        // a probe, some products, and then the power fails
        const part = failing(op, 2 + every);
        const outcome = await eigsh(part.op, k, { ...options, store: at(`failing ${name}`) }).catch((e: Error) => e);
        multiplied.push(...part.multiplied);
        if (!(outcome instanceof Error)) {
          expect(await bitsOf(outcome)).toEqual(expected);
          break;
        }
        expect(outcome.message).toBe('power cut');
        expect(part.multiplied).toHaveLength(every);
      }
      expect(multiplied).toEqual(whole.multiplied);
    },
    120_000,
  );

  test('out of products, it goes on with more, to the same bits', async () => {
    const store = at('more products');
    const options = { ...exact, maxMemory: NARROW };
    const expected = await bitsOf(await eigsh(A, 5, { ...options, store: at('enough products') }));
    const { op, counter } = counting(A);
    let calls = 0;
    for (const maxProducts of long ? [1, 7, 7, 8, 15, 20, 21, 10_000] : [1, 7, 20, 10_000]) {
      const result = await eigsh(op, 5, { ...options, store, maxProducts });
      calls++;
      if (result.status !== 'maxProducts') {
        expect(await bitsOf(result)).toEqual(expected);
        break;
      }
      expect(result.numMatvecs).toBe(maxProducts + 2);
      expect(counter.columns).toBe(maxProducts + 2 * calls);
      // what is there is returned, and its residuals are those of the vectors on disk
      expect([result.eigenvectors.cols, result.numConverged < 5]).toEqual([Math.min(5, maxProducts), true]);
      const V = await result.eigenvectors.toBlock();
      const AV = await A.matmat(V);
      for (const [j, value] of result.eigenvalues.entries()) {
        let square = 0;
        for (let i = 0; i < V.rows; i++) square += (AV.data[i * V.cols + j]! - value * V.data[i * V.cols + j]!) ** 2;
        expect(Math.abs(Math.sqrt(square) - result.residualNorms[j]!)).toBeLessThan(1e-13);
      }
    }
    expect(calls).toBeGreaterThan(long ? 5 : 3);
  });

  test('stopped by its signal, it returns what is there and goes on', async () => {
    const store = at('signal');
    const expected = await bitsOf(await eigsh(A, 5, { ...exact, store: at('no signal') }));
    const controller = new AbortController();
    const first = counting(A, (blocks) => blocks === 8 && controller.abort());
    const stopped = await eigsh(first.op, 5, { ...exact, store, signal: controller.signal });
    expect([stopped.status, stopped.numMatvecs, stopped.eigenvectors.cols]).toEqual(['signal', 9, 5]);
    await expect(eigsh(A, 5, { ...exact, store, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    const second = counting(A);
    expect(await bitsOf(await eigsh(second.op, 5, { ...exact, store }))).toEqual(expected);
    expect(first.counter.columns + second.counter.columns).toBe((expected.numMatvecs as number) + 2);
  });

  test('a product that was finished is not made again, and an old one is not taken for a new one', async () => {
    const store = at('kept product');
    const [folder, aside] = [join(store, 'blocks'), join(store, 'aside')];
    const expected = await bitsOf(await eigsh(A, 5, { ...exact, store: at('no product kept') }));
    // the disk fails after the sixth product, when the search takes it in
    const first = counting(A, (blocks) => {
      if (blocks === 7) renameSync(folder, aside);
    });
    await expect(eigsh(first.op, 5, { ...exact, store })).rejects.toThrow(/blocks\/\d+.h5: cannot write/);
    await rename(aside, folder);
    const product = await readFile(join(store, 'product.h5'));
    const second = counting(A);
    expect((await eigsh(second.op, 5, { ...exact, store, maxProducts: 8 })).numMatvecs).toBe(10);
    expect(first.counter.columns + second.counter.columns).toBe(8 + 2 * 2);
    await writeFile(join(store, 'product.h5'), product);
    expect(await bitsOf(await eigsh(A, 5, { ...exact, store }))).toEqual(expected);
  });

  test('an operator that returns what is not finite: its product is not kept', async () => {
    const store = at('not finite');
    let blocks = 0;
    const matmat: LinearOperator['matmat'] = async (X) => {
      const Y = await A.matmat(X);
      return ++blocks === 4 ? { ...Y, data: Y.data.map(() => Number.NaN) } : Y;
    };
    await expect(eigsh({ ...A, matmat }, 5, { ...exact, store })).rejects.toThrow('NaN in row 0 of column 2');
    expect((await eigsh({ ...A, matmat }, 5, { ...exact, store })).converged).toBe(true);
  });

  testOnSmallDisk('on a full disk: says so, and goes on when there is room', '200k', async ({ path, resize }) => {
    const op = alternating(900);
    const expected = await bitsOf(await eigsh(op, 5, { ...exact, store: at('large disk') }));
    const store = join(path, 'search');
    await expect(eigsh(op, 5, { ...exact, store })).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('no space is left on the disk'),
    });
    resize('8m');
    const { eigenvectors, ...rest } = await eigsh(op, 5, { ...exact, store });
    expect(await bitsOf({ eigenvectors, ...rest } as EigshResult)).toEqual(expected);
    await eigenvectors.space.release(eigenvectors);
  });
});

/** A directory of a search that is under way. */
async function begun(name: string, maxProducts = 12): Promise<string> {
  const store = at(name);
  await eigsh(A, 5, { ...exact, store, maxProducts });
  return store;
}

test('what is on disk is A V = V H + W B with orthonormal [V, W]', async () => {
  const store = await begun('relation', 20);
  const file = join(store, 'state.h5');
  const { attributes, arrays } = await readRecordFile(file, ['H', 'B', 'files']);
  const columns: number[][] = [];
  for (const number of arrays.files!.data) {
    const block = await BlockFile.open(join(store, 'blocks', `${String(number).padStart(6, '0')}.h5`));
    const { cols, data } = await block.readRows(0, block.rows);
    for (let j = 0; j < cols; j++) columns.push(Array.from({ length: N }, (_, i) => data[i * cols + j]!));
    await block.close();
  }
  const m = Number(attributes.num_matvecs);
  expect([arrays.H!.shape, arrays.B!.shape, columns.length]).toEqual([[m, m], [1, m], m + 1]);
  const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  for (const [i, x] of columns.entries()) {
    for (const [j, y] of columns.entries()) expect(Math.abs(dot(x, y) - Number(i === j))).toBeLessThan(1e-14);
  }
  for (let j = 0; j < m; j++) {
    const left = columns[j]!.map((value, i) => spectrum[i]! * value);
    for (let i = 0; i <= m; i++) {
      const factor = i < m ? arrays.H!.data[i * m + j]! : arrays.B!.data[j]!;
      for (let row = 0; row < N; row++) left[row]! -= factor * columns[i]![row]!;
    }
    expect(Math.hypot(...left)).toBeLessThan(1e-14);
  }
});

describe('what does not belong together is refused, and the file is named', () => {
  const expectRefusal = async (store: string, message: RegExp, more: EigshOptions = {}, op = A, k = 5) => {
    const refused = eigsh(op, k, { ...exact, ...more, store });
    await expect(refused).rejects.toMatchObject({ code: 'STORE', message: expect.stringMatching(message) });
  };

  test.each<[EigshOptions, RegExp]>([
    [{ which: 'LA' }, /eigsh.h5 belongs to another run, with which LM \(asked for LA\)/],
    [{ tol: 1e-3 }, /tol 1.05\S*e-8 \(asked for 0.001\)/],
    [{ blockSize: 2 }, /blockSize 1 \(asked for 2\)/],
    [{ seed: 4 }, /seed 3 \(asked for 4\)/],
    [{ confidence: 0.99 }, /confidence not given \(asked for 0.99\)/],
    [{ maxMemory: NARROW }, /maxMemory 99 columns \(asked for 14 columns\)/],
  ])('other options: %p', async (more, message) => {
    await expectRefusal(await begun('other-options'), message, more);
  });

  test('another k, another operator; options that change no number are free', async () => {
    const store = await begun('other');
    await expectRefusal(store, /k 5 \(asked for 6\)/, {}, A, 6);
    const other = diagonalOperator(spectrum.map((value, i) => value * (1 + (i % 2) * 1e-3)));
    await expectRefusal(store, /probe.h5 was measured with another operator/, {}, other);
    const free = { onProgress: () => {}, signal: new AbortController().signal, maxProducts: 14, memory: '1GiB' };
    expect((await eigsh(A, 5, { ...exact, ...free, store })).numMatvecs).toBe(16);
  });

  test('other memory continues a search', async () => {
    const store = await begun('other-memory');
    const result = await eigsh(A, 5, { ...exact, memory: '50MB', store });
    expect(result.converged).toBe(true);
  });

  test('folders of something else', async () => {
    await mkdir(at('foreign'));
    await writeFile(at('foreign/thesis.tex'), '');
    await expectRefusal(at('foreign'), /foreign is not empty and not a search of eigsh: .*'thesis.tex'/);
    expect(await readdir(at('foreign'))).toEqual(['thesis.tex']);
    await seigh(A, 5, { store: at('sketch'), kernels: 'js' });
    await expectRefusal(at('sketch'), /sketch holds a sketch of seigh/);
    await expect(seigh(A, 5, { store: await begun('search') })).rejects.toThrow(
      /holds a search of eigsh, not a sketch/,
    );
    await writeFile(at('file'), '');
    await expectRefusal(at('file'), /file: cannot read/);
  });

  test('calls of one process wait for each other; one out of a product of another would wait for itself', async () => {
    const store = at('shared');
    let second: Promise<unknown> | undefined;
    const { op, counter } = counting(A, (blocks) => {
      if (blocks === 3) second = eigsh(A, 5, { ...exact, store }).catch((error: Error) => error.message);
    });
    const calls = [1, 2, 3].map(() => eigsh(op, 5, { ...exact, store }));
    const [first, ...others] = await Promise.all(calls);
    expect(await second).toMatch(/shared is in use by the call whose operator makes this one/);
    expect(first!.converged).toBe(true);
    for (const other of others) expect(await bitsOf(other)).toEqual(await bitsOf(first!));
    // the later ones cost their probes
    expect(counter.columns).toBe(first!.numMatvecs + 2 * 2);
  });

  test('files of another search, or of another place, are refused by name', async () => {
    const [mine, other] = [await begun('mine'), await begun('swapped')];
    await eigsh(A, 5, { ...exact, store: at('seed 4'), seed: 4, maxProducts: 12 });
    const [first, second] = (await readdir(join(mine, 'blocks'))).map((name) => join('blocks', name));
    for (const [from, to, reason] of [
      [join(other, first!), second!, /belongs elsewhere: its file is \d+, not \d+/],
      [join(at('seed 4'), first!), first!, /belongs elsewhere: its run is \w+, not \w+/],
      [join(at('seed 4'), 'state.h5'), 'state.h5', /state.h5 belongs elsewhere: its run is/],
      [join(mine, second!), 'probe.h5', /probe.h5/],
    ] as const) {
      const target = join(mine, to);
      const bytes = await readFile(target);
      await copyFile(from, target);
      await expectRefusal(mine, reason);
      const { damaged } = await verifySearch(await openSearchDirectory(mine));
      expect(damaged.map(({ file }) => file)).toContain(target);
      await writeFile(target, bytes);
    }
    const { damaged, files } = await verifySearch(await openSearchDirectory(mine), A);
    expect([damaged, files > 5]).toEqual([[], true]);
    const wrong = diagonalOperator(spectrum.map((value, i) => (i === 40 ? 2 : value)));
    expect((await verifySearch(await openSearchDirectory(mine), wrong)).damaged[0]!.message).toMatch(
      /probe.h5 was measured with another operator/,
    );
    // eigenvectors of an earlier result of the same search
    const early = await readFile(join(mine, 'eigenvectors.h5'));
    await eigsh(A, 5, { ...exact, store: mine });
    await writeFile(join(mine, 'eigenvectors.h5'), early);
    await expectRefusal(mine, /eigenvectors.h5 has other eigenvectors than those of \S+result.h5/);
  });

  test('a missing, truncated or flipped block, and a damaged record', async () => {
    const store = await begun('damaged');
    const blocks = await readdir(join(store, 'blocks'));
    expect(blocks.length).toBeGreaterThan(1);
    const names = [...blocks.map((name) => join('blocks', name)), 'state.h5', 'eigsh.h5', 'probe.h5'];
    for (const name of names) {
      const file = join(store, name);
      const bytes = await readFile(file);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length - 5]! ^= 1;
      await writeFile(file, flipped);
      await expectRefusal(store, new RegExp(`${name}: damaged`));
      await truncate(file, bytes.length - 8);
      await expectRefusal(store, new RegExp(`${name}: .*(truncated|checksum)`));
      if (name.startsWith('blocks')) {
        await rm(file);
        await expectRefusal(store, /no such file\. Put the file back, or remove \S*damaged to search from the start/);
      }
      await writeFile(file, bytes);
    }
    expect((await eigsh(A, 5, { ...exact, store })).converged).toBe(true);
    await rm(join(store, 'eigenvectors.h5'));
    await expectRefusal(store, /eigenvectors.h5: cannot read: there is no such file/);
  });

  test('memory too small says the least, and belongs to store', async () => {
    await expect(eigsh(A, 5, { store: at('small'), memory: 1000 })).rejects.toThrow(
      /is too small for 120 x 1\d\d blocks/,
    );
    const wide = { store: at('small'), memory: '1.1MB', blockSize: 60 };
    await expect(eigsh(alternating(9000), 5, wide)).rejects.toThrow(/too small|room for products of \d+ columns, got/);
    await expect(eigsh(A, 5, { memory: '1GB' })).rejects.toThrow('memory belongs to store');
    await expect(eigsh(A, 5, { store: '' })).rejects.toThrow("eigsh: store must be a non-empty string, got ''");
    expect(await readdir(at('.'))).not.toContain('small');
  });
});
