/** Every method gives the same on disk as in memory, whatever the sizes of blocks and panels, and leaves nothing behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apost } from '../../src/apost/apost.ts';
import type { Block } from '../../src/core/block.ts';
import { bytesPerEntry } from '../../src/core/dtype.ts';
import { type DiskSpace, diskSpace, leastMemory, saveColumns } from '../../src/hdf5/index.ts';
import { type Certificate, type EighResult, fromMatvec, type LinearOperator } from '../../src/index.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { decompose, prepareRun } from '../../src/seigh/decompose.ts';
import { parseSketchCall, type SeighOptions } from '../../src/seigh/options.ts';
import { makeEighResult } from '../../src/spectrum/result.ts';
import { multivectorIn } from '../laws/multivector.ts';
import { afterAll, describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, multiply, randomBlock, transposed } from '../support/matrices.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

const [n, dims] = [450, 20];
const directory = mkdtempSync(join(QUICK_DISK, 'eigensketch-recovery-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** diag(sign / 2^j), which 20 columns do not exhaust. */
function decaying(sign: (j: number) => number): LinearOperator {
  const values = Float64Array.from({ length: n }, (_, j) => sign(j) * 2 ** (-j / 2));
  const matmat = (X: Block): Block => ({
    ...X,
    data: X.data.map((value, at) => values[Math.floor(at / X.cols)]! * value),
  });
  return fromMatvec({ shape: [n, n], dtype: 'float64', selfAdjoint: true, matmat });
}
const indefinite = decaying((j) => (j % 3 === 1 ? -1 : 1));
const definite = decaying(() => 1);

interface Solved {
  result: EighResult;
  space: DiskSpace | undefined;
}

async function solve(
  op: LinearOperator,
  options: SeighOptions,
  disk?: Parameters<typeof diskSpace>[0],
): Promise<Solved> {
  const method = options.method ?? 'hmt';
  const call = parseSketchCall(op, dims, { ...options, seed: 3 });
  const run = await prepareRun(call);
  const space = disk ? diskSpace(disk) : undefined;
  const { pairs, numMatvecs, dropped } = await decompose(call, { ...run, space: space ?? run.space });
  const secondsByStage = { sketch: 0, recovery: 0 };
  const { testMatrix, seed, blockSize } = run;
  const facts = { numMatvecs, dims, dropped, method, testMatrix, seed, blockSize, secondsByStage };
  return { result: makeEighResult(pairs, facts, run.kernels), space };
}

/** V diag(values) V^T: what the eigenpairs say, whatever the signs of vectors. */
async function matrixOf({ eigenvalues, eigenvectors }: EighResult): Promise<Block> {
  const V = await eigenvectors.toBlock();
  const scaled = { ...V, data: V.data.map((value, at) => value * eigenvalues[at % V.cols]!) };
  return multiply(scaled, transposed(V));
}

const near = (value: number, expected: number, size: number) =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-12 * size);

const cases: [string, LinearOperator, SeighOptions][] = [
  ['hmt', indefinite, {}],
  ['hmt with fewer eigenpairs', indefinite, { rank: 7 }],
  ['hmt refined', indefinite, { refine: true }],
  ['hmt with power iterations', indefinite, { powerIterations: 2 }],
  ['nystrom', indefinite, { method: 'nystrom' }],
  ['nystrom of a definite operator', definite, { method: 'nystrom', psd: true }],
  ['oversampled', indefinite, { method: 'oversampled' }],
];
const sizes = [
  { blockSize: 1, panels: 1 },
  { blockSize: 7, panels: 3 },
  { blockSize: 64, panels: 20 },
];

describe.each(cases)('%s', (_, op, options) => {
  test.each(sizes)('on disk as in memory: %o', async ({ blockSize, panels }) => {
    const tall = { rows: n, cols: 2 * dims + 1, dtype: 'float64' } as const;
    const memory = panels * leastMemory(tall);
    const inMemory = (await solve(op, options)).result;
    const { result, space } = await solve(op, { ...options, blockSize }, { ...tall, directory, memory, blockSize });
    const exact = await matrixOf(inMemory);
    expect(distance(exact, await matrixOf(result))).toBeLessThan(1e-12 * frobenius(exact));
    for (const [i, value] of inMemory.eigenvalues.entries()) near(result.eigenvalues[i]!, value, 1);
    for (const [i, norm] of (inMemory.residualNorms ?? []).entries()) near(result.residualNorms![i]!, norm, 1);
    const [known, certificate] = [await apost(op, inMemory, { seed: 5 }), await apost(op, result, { seed: 5 })];
    for (const name of ['errorFrob', 'operatorFrob', 'relativeError'] as const satisfies (keyof Certificate)[]) {
      for (const end of ['lower', 'estimate', 'upper'] as const) near(certificate[name][end], known[name][end], 1);
    }
    // the eigenvectors are all that is left, and they have no name
    expect(readdirSync(directory)).toEqual([]);
    await space!.close();
    await expect(result.eigenvectors.toBlock()).rejects.toThrow();
  });
});

test.each([
  ['float32', 7, 4],
  ['float64', 9, 5],
] as const)(
  'hmt of %s reads %d multivectors and writes %d, and its certificate reads 4 beside the Lanczos run',
  async (dtype, reads, writes) => {
    const tall = { rows: n, cols: dims, dtype } as const;
    const op = fromMatvec({ shape: [n, n], dtype, selfAdjoint: true, matmat: indefinite.matmat });
    const { result, space } = await solve(op, {}, { ...tall, directory, memory: leastMemory(tall) });
    const multivector = n * result.rank * bytesPerEntry(dtype);
    // Y for its Gram matrix and for Q; Q for its products; Q and Z for the core; Q and Z for vectors and residuals; in float64 Q
    // twice more, for its own Gram matrix and to be mended
    expect(space!.traffic.bytesRead / multivector).toBeCloseTo(reads, 9);
    expect(space!.traffic.bytesWritten / multivector).toBeCloseTo(writes, 9);
    const V = result.eigenvectors;
    const readRows = V.readRows.bind(V);
    let rowsRead = 0;
    V.readRows = (start, count, into) => {
      rowsRead += count;
      return readRows(start, count, into);
    };
    for (const lanczosSteps of [0, 3]) {
      rowsRead = 0;
      await apost(op, result, { tests: 2, seed: 5, lanczosSteps });
      // V twice before the products of the test vectors and twice after, and once for each product of the Lanczos run
      expect(rowsRead).toBe((4 + lanczosSteps) * n);
    }
    await space!.close();
  },
);

describe('a damaged file among those of a sketch', () => {
  const tall = { rows: 400, cols: 12, dtype: 'float64' } as const;
  const paths = [0, 1, 2].map((block) => join(directory, `block-${block}.h5`));

  async function recoverFrom(): Promise<unknown> {
    const space = diskSpace({ ...tall, directory, memory: leastMemory(tall) });
    try {
      const kernels = await selectKernels();
      return await orthonormalise(await space.open(paths), space, { kernels });
    } finally {
      await space.close();
    }
  }

  test('each block with a bit flipped at several places is named', async () => {
    const space = diskSpace({ ...tall, directory, memory: leastMemory(tall) });
    const Y = await multivectorIn(() => space, randomBlock(400, 12, 1), 'float64');
    await saveColumns(
      Y,
      paths.map((path) => ({ path, cols: 4, attributes: {} })),
    );
    await space.close();
    await recoverFrom();
    for (const path of paths) {
      const sound = readFileSync(path);
      for (const place of [40, 200, 5000, 16_384, 20_000, sound.length - 1]) {
        const damaged = Buffer.from(sound);
        damaged[place]! ^= 1 << (place % 8);
        writeFileSync(path, damaged);
        await expect(recoverFrom()).rejects.toThrow(path);
      }
      writeFileSync(path, sound.subarray(0, sound.length - 8));
      await expect(recoverFrom()).rejects.toThrow(`${path}: truncated`);
      rmSync(path);
      await expect(recoverFrom()).rejects.toThrow(`${path}: cannot read: there is no such file`);
      writeFileSync(path, sound);
    }
    await recoverFrom();
    for (const path of paths) rmSync(path);
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('an operator that fails in the middle leaves nothing behind', async () => {
  const tall = { rows: n, cols: dims, dtype: 'float64' } as const;
  const space = diskSpace({ ...tall, directory, memory: leastMemory(tall) });
  let products = 0;
  const failing = fromMatvec({
    shape: [n, n],
    dtype: 'float64',
    selfAdjoint: true,
    matmat: (X) => {
      if (products++ === 7) throw new Error('out of power');
      return indefinite.matmat(X) as Block;
    },
  });
  const call = parseSketchCall(failing, dims, { blockSize: 4 });
  const run = await prepareRun(call);
  await expect(decompose(call, { ...run, space })).rejects.toThrow('out of power');
  await space.close();
  expect(readdirSync(directory)).toEqual([]);
});
