/** The blocks of a stage: how many there will be, which are there, and what is in them. */
import { StoreError } from '../../core/errors.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { blockPath, blocksThere, type SketchDirectory, stageFilePath } from './directory.ts';
import { blockCount } from './stages.ts';

/** Columns of a derived stage. @throws StoreError when it is not there. */
export async function derivedColumns(directory: SketchDirectory, stage: string): Promise<number> {
  const { attributes } = await readRecordFile(stageFilePath(directory, stage));
  return Number(attributes.columns);
}

/** Columns that a measured stage has when it is complete. @throws StoreError when its input is not there. */
export async function stageColumns(directory: SketchDirectory, stage: MeasuredStage): Promise<number> {
  if (typeof stage.input === 'string') return stage.cols;
  const { basis } = stage.input;
  return derivedColumns(directory, basis).catch((cause: unknown) => {
    throw new StoreError(
      `${directory.path} has no stage '${basis}' yet, which '${stage.name}' multiplies: ${(cause as Error).message}`,
      { stage: basis },
      { cause },
    );
  });
}

/** Paths of all blocks of a stage with so many columns. @throws StoreError that lists the missing ones. */
export async function completeBlocks(directory: SketchDirectory, stage: string, cols: number): Promise<string[]> {
  const blocks = Array.from({ length: blockCount(cols, directory.plan.blockSize) }, (_, block) => block);
  const there = new Set(await blocksThere(directory, stage));
  const missing = blocks.filter((block) => !there.has(block));
  if (missing.length > 0) {
    const shown = missing.slice(0, 8).map((block) => blockPath(directory, stage, block));
    const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
    throw new StoreError(
      `${missing.length} of ${blocks.length} blocks of stage '${stage}' are missing: ${shown.join(', ')}${more}`,
      { stage, missing },
    );
  }
  return blocks.map((block) => blockPath(directory, stage, block));
}
