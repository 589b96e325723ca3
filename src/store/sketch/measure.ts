/** Measuring a stage: the operator's products with the columns of one file after the other, each written as soon as it is known. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { breathe, type Control, type Progress } from '../../core/schedule.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import { storeError } from '../../hdf5/io.ts';
import { applyOperator } from '../../linops/apply.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { innerMatrix, outerMatrix } from '../../seigh/methods.ts';
import { testColumns } from '../../sketch/test-matrix.ts';
import { type Shard, shardBlocks } from '../cluster/shard.ts';
import { recordAttributes, recordWork, type Worker } from '../record.ts';
import { readWholeFile, stageColumns } from './blocks.ts';
import { blockName, blockPath, fileExists, type SketchDirectory, stageFolder } from './directory.ts';
import { blockCount, blockRange, type ColumnRange, type MeasuredStage } from './stages.ts';

/** What a measurement needs besides the directory and the stage. */
export interface Measuring extends Control {
  /** The public function or command on whose behalf products are made, for messages. */
  where: string;
  op: LinearOperator;
  shard: Shard;
  worker: Worker;
}

/** The columns that the operator multiplies to make one block. */
async function inputColumns(
  directory: SketchDirectory,
  { input }: MeasuredStage,
  block: number,
  { start, end }: ColumnRange,
): Promise<Block> {
  const { plan } = directory;
  if (typeof input !== 'string') return readWholeFile(blockPath(directory, input.basis, block));
  return testColumns(input === 'outer' ? outerMatrix(plan) : innerMatrix(plan), start, end, plan.dtype);
}

/** Where the last failure of a block is told. */
export const failurePath = (directory: SketchDirectory, stage: string, block: number): string =>
  join(stageFolder(directory, stage), blockName(block).replace('.h5', '.failed'));

async function measureBlock(
  directory: SketchDirectory,
  stage: MeasuredStage,
  block: number,
  range: ColumnRange,
  run: Measuring,
) {
  const { op, worker } = run;
  const X = await inputColumns(directory, stage, block, range);
  const startedAt = performance.now();
  const Y = await applyOperator(op, X, { firstColumn: range.start });
  const record = recordWork(worker, startedAt);
  const attributes = {
    purpose: stage.input === 'inner' ? 'inner' : 'sketch',
    stage: stage.name,
    seed: directory.plan.seed,
    first_column: range.start,
    ...recordAttributes(record),
  };
  await writeBlockFile(blockPath(directory, stage.name, block), Y, attributes);
  await rm(failurePath(directory, stage.name, block), { force: true });
}

/**
 * Measures the blocks of a shard that are not there yet. Whoever else measures one of them at the same time writes the
 * same file.
 *
 * @throws StoreError when the basis to multiply is missing or a file cannot be written, NumericalError for products that
 * are not finite; the signal's reason when aborted, after the block under way.
 */
export async function measureStage(directory: SketchDirectory, stage: MeasuredStage, run: Measuring): Promise<void> {
  const { shard, onProgress, signal } = run;
  const { blockSize } = directory.plan;
  const cols = await stageColumns(run.where, directory, stage);
  const own = shardBlocks(shard, blockCount(cols, blockSize));
  const widths = own.map((block) => blockRange(cols, blockSize, block)).map(({ start, end }) => end - start);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const name: Progress['stage'] = typeof stage.input === 'string' ? 'sketch' : 'recovery';
  await mkdir(stageFolder(directory, stage.name), { recursive: true }).catch((cause: unknown) => {
    throw storeError(stageFolder(directory, stage.name), 'write', cause);
  });
  let done = 0;
  onProgress?.({ stage: name, done, total });
  for (const [at, block] of own.entries()) {
    signal?.throwIfAborted();
    if (!(await fileExists(blockPath(directory, stage.name, block)))) {
      await measureBlock(directory, stage, block, blockRange(cols, blockSize, block), run).catch(async (error) => {
        const message = `${new Date().toISOString()} shard ${run.worker.shard}: ${(error as Error).message}\n`;
        await writeFile(failurePath(directory, stage.name, block), message).catch(() => undefined);
        throw error;
      });
    }
    done += widths[at]!;
    onProgress?.({ stage: name, done, total });
    await breathe(signal);
  }
}
