/** The blocks of a stage: how many there will be, which are there, and what is in them. */
import { StoreError } from '../../core/errors.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { blockIdentity, blockPath, blocksThere, type SketchDirectory, stageFilePath } from './directory.ts';
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

/** @throws StoreError for a block file that belongs elsewhere: to another run, another stage or other columns. */
export async function checkIdentity(directory: SketchDirectory, stage: string, block: number): Promise<void> {
  const path = blockPath(directory, stage, block);
  const file = await BlockFile.open(path);
  await file.close();
  for (const [name, expected] of Object.entries(blockIdentity(directory, stage, block))) {
    const got = file.attributes[name];
    if (got === expected) continue;
    throw new StoreError(
      `${path} belongs elsewhere: its ${name} is ${String(got)}, not ${String(expected)}. Put back the file that was here, or ` +
        `remove it to make it again`,
      { file: path, attribute: name, expected, got },
    );
  }
}

/** Paths of all blocks of a stage with so many columns. @throws StoreError that lists the missing ones, or names a foreign one. */
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
  for (const block of blocks) await checkIdentity(directory, stage, block);
  return blocks.map((block) => blockPath(directory, stage, block));
}
