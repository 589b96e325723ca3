/** Measuring a stage: the operator's products with the columns of one file after the other, each written as soon as it is known. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Control } from '../../core/schedule.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import { storeError } from '../../hdf5/io.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { testMatrixOf } from '../../seigh/stages.ts';
import { type ColumnRange, type Columns, measureColumns, type Sink } from '../../sketch/measure.ts';
import { testColumns } from '../../sketch/test-matrix.ts';
import { readWholeFile } from '../blocks.ts';
import { blockName, fileExists } from '../directory.ts';
import { recordAttributes, recordWork, type Worker } from '../record.ts';
import { type Shard, shardBlocks } from '../shard.ts';
import { checkBlock, derivedColumns, stageColumns } from './blocks.ts';
import { blockIdentity, blockPath, type SketchDirectory, stageFolder } from './directory.ts';
import { sketchOf } from './plan.ts';
import { blockCount, blockRange } from './stages.ts';

/** What a measurement needs besides the directory and the stage. */
export interface Measuring extends Control {
  op: LinearOperator;
  shard: Shard;
  worker: Worker;
}

/** The columns that the operator multiplies, a block of them at a time. */
export function inputColumns(directory: SketchDirectory, stage: MeasuredStage): Columns {
  const { plan } = directory;
  const { input } = stage;
  if (typeof input !== 'string') {
    let columns: Promise<number> | undefined;
    return async (start, _, into) => {
      const block = start / plan.blockSize;
      columns ??= derivedColumns(directory, input.basis);
      await checkBlock(directory, input.basis, block, await columns);
      return readWholeFile(blockPath(directory, input.basis, block), into);
    };
  }
  const Omega = testMatrixOf(sketchOf(plan), stage);
  return (start, end, into) => testColumns(Omega, start, end, plan.dtype, into);
}

/** Where the last failure of a block is told. */
export const failurePath = (directory: SketchDirectory, stage: string, block: number): string =>
  join(stageFolder(directory, stage), blockName(block).replace('.h5', '.failed'));

/** Tells why a block could not be measured, beside where it would be. */
export const tellFailure = (path: string, { shard }: Worker, error: unknown): Promise<void> =>
  writeFile(path, `${new Date().toISOString()} shard ${shard}: ${(error as Error).message}\n`).catch(() => undefined);

/** Products go to block files, with a record of who made them; failures are told beside them. */
function fileSink(directory: SketchDirectory, { name: stage, input }: MeasuredStage, worker: Worker): Sink {
  const { blockSize, seed } = directory.plan;
  return {
    async write({ start }, product, seconds) {
      const block = start / blockSize;
      const attributes = {
        purpose: input === 'inner' ? 'inner' : 'sketch',
        ...blockIdentity(directory, stage, block),
        seed,
        ...recordAttributes(recordWork(worker, seconds)),
      };
      await writeBlockFile(blockPath(directory, stage, block), product, attributes);
      await rm(failurePath(directory, stage, block), { force: true });
    },
    fail: ({ start }, error) => tellFailure(failurePath(directory, stage, start / blockSize), worker, error),
  };
}

/**
 * Measures the blocks of a shard that are not there yet. Whoever else measures one of them at the same time writes the
 * same file.
 *
 * @throws StoreError when the basis to multiply is missing or a file cannot be written, NumericalError for products that
 * are not finite; the signal's reason when aborted, after the blocks under way.
 */
export async function measureStage(
  directory: SketchDirectory,
  stage: MeasuredStage,
  { op, shard, worker, onProgress, signal }: Measuring,
): Promise<void> {
  const { n, blockSize } = directory.plan;
  const cols = await stageColumns(directory, stage);
  const own = shardBlocks(shard, blockCount(cols, blockSize));
  const widths = own.map((block) => blockRange(cols, blockSize, block)).map(({ start, end }) => end - start);
  await mkdir(stageFolder(directory, stage.name), { recursive: true }).catch((cause: unknown) => {
    throw storeError(stageFolder(directory, stage.name), 'write', cause);
  });
  async function* ranges(): AsyncGenerator<ColumnRange> {
    for (const block of own) {
      const isThere = await fileExists(blockPath(directory, stage.name, block));
      yield { ...blockRange(cols, blockSize, block), isThere };
    }
  }
  await measureColumns(op, n, inputColumns(directory, stage), {
    stage: typeof stage.input === 'string' ? 'sketch' : 'recovery',
    width: Math.min(blockSize, cols),
    ranges: ranges(),
    total: widths.reduce((sum, width) => sum + width, 0),
    sink: fileSink(directory, stage, worker),
    onProgress,
    signal,
  });
}
