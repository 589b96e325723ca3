/** The blocks of a stage: how many there will be, which are there, and what is in them. */
import { StoreError } from '../../core/errors.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import { type HdfDescription, readRecordFile } from '../../hdf5/record-file.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { fileExists } from '../directory.ts';
import { checkIdentity } from '../identity.ts';
import {
  blockIdentity,
  blockPath,
  blocksThere,
  type SketchDirectory,
  stageFilePath,
  stageIdentity,
} from './directory.ts';
import { blockCount, blockRange, stagesOf } from './stages.ts';

/** What a derived stage says of itself. @throws StoreError when it is not there, damaged, or of another run or stage. */
export async function readStage(
  directory: SketchDirectory,
  stage: string,
  arrays: readonly string[] = [],
): Promise<HdfDescription> {
  const file = stageFilePath(directory, stage);
  const description = await readRecordFile(file, arrays);
  checkIdentity(
    file,
    description.attributes,
    stageIdentity(directory, stage),
    `, or remove the folder ${stage} to make it again`,
  );
  return description;
}

/** Columns of a derived stage. @throws StoreError when it is not there. */
export async function derivedColumns(directory: SketchDirectory, stage: string): Promise<number> {
  const { attributes } = await readStage(directory, stage);
  const columns = Number(attributes.columns);
  if (Number.isSafeInteger(columns) && columns >= 0 && columns <= directory.plan.n) return columns;
  const file = stageFilePath(directory, stage);
  throw new StoreError(`${file}: columns must be an integer in 0..${directory.plan.n}, got ${attributes.columns}`, {
    file,
  });
}

/** Columns that a measured stage has when it is complete. @throws StoreError when its input is not there. */
export async function stageColumns(directory: SketchDirectory, stage: MeasuredStage): Promise<number> {
  if (typeof stage.input === 'string') return stage.cols;
  const { basis } = stage.input;
  if (await fileExists(stageFilePath(directory, basis))) return derivedColumns(directory, basis);
  throw new StoreError(`${directory.path} has no stage '${basis}' yet, which '${stage.name}' multiplies`, {
    stage: basis,
  });
}

/** @throws StoreError for attributes of a block file that belongs elsewhere: to another run, another stage or other columns. */
export function refuseForeign(directory: SketchDirectory, stage: string, block: number, attributes: Attributes): void {
  const path = blockPath(directory, stage, block);
  const isDerived = stagesOf(directory.plan).some(({ name, kind }) => name === stage && kind === 'derived');
  const made = isDerived ? `the folder ${stage}` : 'it';
  checkIdentity(path, attributes, blockIdentity(directory, stage, block), `, or remove ${made} to make it again`);
}

/** @throws StoreError for a block file that belongs elsewhere, or is none of a stage with so many columns. */
export async function checkBlock(
  directory: SketchDirectory,
  stage: string,
  block: number,
  columns: number,
): Promise<void> {
  const path = blockPath(directory, stage, block);
  const file = await BlockFile.open(path);
  await file.close();
  refuseForeign(directory, stage, block, file.attributes);
  const { n, dtype, blockSize } = directory.plan;
  const { start, end } = blockRange(columns, blockSize, block);
  if (file.rows === n && file.cols === end - start && file.dtype === dtype) return;
  const got = `${file.rows} x ${file.cols} ${file.dtype}`;
  throw new StoreError(`${path}: ${got}, expected ${n} x ${end - start} ${dtype}`, { file: path });
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
  for (const block of blocks) await checkBlock(directory, stage, block, cols);
  return blocks.map((block) => blockPath(directory, stage, block));
}
