/** Products with the test vectors of a certificate, shared among shards as those of a sketch are. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import { storeError } from '../../hdf5/io.ts';
import { type ColumnRange, type Columns, measureColumns, type Sink } from '../../sketch/measure.ts';
import { testProductsIdentity, testProductsPath } from '../certificate.ts';
import { testProductFiles } from '../certify.ts';
import { fileExists } from '../directory.ts';
import { CERTIFICATE, TESTS } from '../folders.ts';
import { keepProduct } from '../kept-products.ts';
import { recordFrom, recordWork } from '../record.ts';
import { shardBlocks } from '../shard.ts';
import { checkTestBlock, openTestBlock, readTests, type TestsStage, testBlocks } from '../test-vectors.ts';
import type { SketchDirectory } from './directory.ts';
import { failurePath, type Measuring, tellFailure } from './measure.ts';
import { type BlockRecord, type StageProgress, summary } from './progress.ts';
import { blockRange } from './stages.ts';

/** Columns of one product with test vectors, so that each of so many processes has some. */
export const testBlockSize = ({ plan }: SketchDirectory, tests: number, shards: number): number =>
  Math.max(1, Math.min(plan.blockSize, Math.ceil(tests / shards)));

/** The products of a block of test vectors, if they are there and not those of others. @throws StoreError for a damaged file. */
export async function productsThere(
  directory: SketchDirectory,
  stage: TestsStage,
  block: number,
): Promise<BlockFile | undefined> {
  const path = testProductsPath(directory, block);
  if (!(await fileExists(path))) return undefined;
  const file = await BlockFile.open(path);
  await file.close();
  const { checksum: input, cols } = await checkTestBlock(directory, stage, block);
  const identity = Object.entries({ ...testProductsIdentity(directory, block), input });
  return file.cols === cols && identity.every(([name, value]) => file.attributes[name] === value) ? file : undefined;
}

/**
 * Measures the products of a shard with test vectors that are not there yet.
 * @throws StoreError when the test vectors are missing, or a file is damaged or cannot be written, NumericalError for products that
 * are not finite; the signal's reason when aborted, after the blocks under way.
 */
export async function measureTestProducts(
  directory: SketchDirectory,
  { op, shard, worker, onProgress, signal }: Measuring,
): Promise<void> {
  const { path, plan } = directory;
  const stage = await readTests(directory);
  if (!stage) {
    throw new StoreError(`${path} has no stage '${TESTS}' yet, which '${CERTIFICATE}' multiplies`, { stage: TESTS });
  }
  const { tests, blockSize } = stage;
  const own = shardBlocks(shard, testBlocks(stage));
  const rangeOf = (block: number): ColumnRange => blockRange(tests, blockSize, block);
  async function* ranges(): AsyncGenerator<ColumnRange> {
    for (const block of own) {
      yield { ...rangeOf(block), isThere: (await productsThere(directory, stage!, block)) !== undefined };
    }
  }
  // what products under way were made from, by their blocks
  const inputs = new Map<number, number>();
  const columns: Columns = async (start, _, into) => {
    const file = await openTestBlock(directory, stage, start / blockSize);
    try {
      inputs.set(start, file.checksum);
      return await file.readRows(0, file.rows, into);
    } finally {
      await file.close();
    }
  };
  const sink: Sink = {
    async write({ start }, product, seconds) {
      const block = start / blockSize;
      await keepProduct(testProductFiles(directory), block, inputs.get(start)!, product, recordWork(worker, seconds));
      await rm(failurePath(directory, CERTIFICATE, block), { force: true });
    },
    fail: ({ start }, error) => tellFailure(failurePath(directory, CERTIFICATE, start / blockSize), worker, error),
  };
  const folder = dirname(testProductsPath(directory, 0));
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw storeError(folder, 'write', cause);
  });
  await measureColumns(op, plan.n, columns, {
    stage: 'certificate',
    width: Math.min(blockSize, tests),
    ranges: ranges(),
    total: own.map(rangeOf).reduce((sum, { start, end }) => sum + end - start, 0),
    sink,
    onProgress,
    signal,
  });
}

/** How far the test vectors and the products with them are. @param stage undefined where they are not there, or not the wanted ones */
export async function testsProgress(
  directory: SketchDirectory,
  stage: TestsStage | undefined,
  wanted: { tests: number; blockSize: number },
): Promise<StageProgress[]> {
  const { tests: cols, blockSize } = stage ?? wanted;
  const done: BlockRecord[] = [];
  for (let block = 0; stage && block < testBlocks(stage); block++) {
    const file = await productsThere(directory, stage, block);
    if (file) done.push({ ...recordFrom(file.attributes), block, columns: file.cols });
  }
  return [
    { stage: TESTS, kind: 'derived', done: stage?.work },
    await summary(directory, CERTIFICATE, { cols, blockSize }, done),
  ];
}

/** How far the test vectors that are there are, and the products with them; nothing where there are none. */
export async function certificateProgress(directory: SketchDirectory): Promise<StageProgress[]> {
  const tests = await readTests(directory);
  return tests ? testsProgress(directory, tests, tests) : [];
}
