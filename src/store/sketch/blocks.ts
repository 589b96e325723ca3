/** The blocks of a stage: how many there will be, which are there, and what is in them. */
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import { blockPath, blocksThere, type SketchDirectory, stageFilePath } from './directory.ts';
import { blockCount, type MeasuredStage } from './stages.ts';

/** All of a block file, held against its checksum. @throws StoreError naming the file. */
export async function readWholeFile(path: string): Promise<Block> {
  const file = await BlockFile.open(path);
  try {
    return await file.readRows(0, file.rows);
  } finally {
    await file.close();
  }
}

/** Columns of a derived stage. @throws StoreError when it is not there. */
export async function derivedColumns(directory: SketchDirectory, stage: string): Promise<number> {
  const { attributes } = await readRecordFile(stageFilePath(directory, stage));
  return Number(attributes.columns);
}

/** Columns that a measured stage has when it is complete. @throws StoreError when its input is not there. */
export async function stageColumns(where: string, directory: SketchDirectory, stage: MeasuredStage): Promise<number> {
  if (typeof stage.input === 'string') return stage.cols;
  const { basis } = stage.input;
  return derivedColumns(directory, basis).catch((cause: unknown) => {
    throw new StoreError(
      `${where}: ${directory.path} has no stage '${basis}' yet, which '${stage.name}' multiplies: ${(cause as Error).message}`,
      { stage: basis },
      { cause },
    );
  });
}

/** Paths of all blocks of a stage with so many columns. @throws StoreError that lists the missing ones. */
export async function completeBlocks(
  where: string,
  directory: SketchDirectory,
  stage: string,
  cols: number,
): Promise<string[]> {
  const blocks = Array.from({ length: blockCount(cols, directory.plan.blockSize) }, (_, block) => block);
  const there = new Set(await blocksThere(directory, stage));
  const missing = blocks.filter((block) => !there.has(block));
  if (missing.length > 0) {
    const shown = missing.slice(0, 8).map((block) => blockPath(directory, stage, block));
    const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
    throw new StoreError(
      `${where}: ${missing.length} of ${blocks.length} blocks of stage '${stage}' are missing: ${shown.join(', ')}${more}`,
      { stage, missing },
    );
  }
  return blocks.map((block) => blockPath(directory, stage, block));
}
