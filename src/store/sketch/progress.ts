/** How far a directory is: blocks that are there, what they took, and what is left to do. */
import { BlockFile } from '../../hdf5/block-file.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import type { SketchSeconds } from '../../spectrum/result.ts';
import { fileExists, readTextFile } from '../directory.ts';
import { recordFrom, type WorkRecord } from '../record.ts';
import { readStage, stageColumns } from './blocks.ts';
import { blockPath, blocksThere, type SketchDirectory, stageFilePath } from './directory.ts';
import { failurePath } from './measure.ts';
import { blockCount, blockRange, type DerivedStage, type Stage, stagesOf } from './stages.ts';

/** Who made one block. */
export interface BlockRecord extends WorkRecord {
  block: number;
  columns: number;
}

/** A block whose last measurement ended with an error. */
export interface BlockFailure {
  block: number;
  message: string;
}

/** How far a measured stage is. */
export interface MeasuredProgress {
  stage: string;
  kind: 'measured';
  /** Blocks that it will have, an upper bound while the basis that it multiplies is not known. */
  blocks: number;
  done: BlockRecord[];
  missing: number[];
  failed: BlockFailure[];
  /** Seconds of one product with a single column, on average; absent before the first. */
  secondsPerProduct?: number;
  /** Products with single columns still to make. */
  productsLeft: number;
}

/** Whether a derived stage is there. */
export interface DerivedProgress {
  stage: string;
  kind: 'derived';
  done: WorkRecord | undefined;
}

export type StageProgress = MeasuredProgress | DerivedProgress;

export async function stageIsThere(directory: SketchDirectory, stage: DerivedStage): Promise<boolean> {
  return fileExists(stageFilePath(directory, stage.name));
}

async function blockRecord(directory: SketchDirectory, stage: string, block: number): Promise<BlockRecord> {
  const file = await BlockFile.open(blockPath(directory, stage, block));
  await file.close();
  return { ...recordFrom(file.attributes), block, columns: file.cols };
}

/** Messages are shorter. */
const MOST_FAILURE_BYTES = 2 ** 16;

async function failure(directory: SketchDirectory, stage: string, block: number): Promise<BlockFailure | undefined> {
  const text = await readTextFile(failurePath(directory, stage, block), MOST_FAILURE_BYTES).catch(() => undefined);
  return text === undefined ? undefined : { block, message: text.trim() };
}

async function measuredProgress(directory: SketchDirectory, stage: MeasuredStage): Promise<MeasuredProgress> {
  const { blockSize } = directory.plan;
  const cols = await stageColumns(directory, stage).catch(() => stage.cols);
  const blocks = blockCount(cols, blockSize);
  const done: BlockRecord[] = [];
  for (const block of await blocksThere(directory, stage.name)) {
    if (block < blocks) done.push(await blockRecord(directory, stage.name, block));
  }
  return summary(directory, stage.name, { cols, blockSize }, done);
}

/** How far a stage of so many columns is whose blocks `done` are there. */
export async function summary(
  directory: SketchDirectory,
  stage: string,
  { cols, blockSize }: { cols: number; blockSize: number },
  done: BlockRecord[],
): Promise<MeasuredProgress> {
  const blocks = blockCount(cols, blockSize);
  const there = new Set(done.map(({ block }) => block));
  const missing = Array.from({ length: blocks }, (_, block) => block).filter((block) => !there.has(block));
  const failures = await Promise.all(missing.map((block) => failure(directory, stage, block)));
  const seconds = done.reduce((sum, record) => sum + record.seconds, 0);
  const products = done.reduce((sum, record) => sum + record.columns, 0);
  return {
    stage,
    kind: 'measured',
    blocks,
    done,
    missing,
    failed: failures.filter((each) => each !== undefined),
    ...(products > 0 ? { secondsPerProduct: seconds / products } : {}),
    productsLeft: missing.reduce((sum, block) => {
      const { start, end } = blockRange(cols, blockSize, block);
      return sum + end - start;
    }, 0),
  };
}

/** Who made a derived stage. @throws StoreError when it is missing or damaged. */
export async function derivedRecord(directory: SketchDirectory, stage: string): Promise<WorkRecord> {
  return recordFrom((await readStage(directory, stage)).attributes);
}

async function stageProgress(directory: SketchDirectory, stage: Stage): Promise<StageProgress> {
  if (stage.kind === 'measured') return measuredProgress(directory, stage);
  const isThere = await stageIsThere(directory, stage);
  return { stage: stage.name, kind: 'derived', done: isThere ? await derivedRecord(directory, stage.name) : undefined };
}

/** All stages in order. @throws StoreError for a damaged file. */
export async function progressOf(directory: SketchDirectory): Promise<StageProgress[]> {
  const all: StageProgress[] = [];
  for (const stage of stagesOf(directory.plan)) all.push(await stageProgress(directory, stage));
  return all;
}

/** The first pass with missing blocks. @throws StoreError when the basis that it multiplies is not there. */
export async function nextMeasured(directory: SketchDirectory): Promise<MeasuredStage | undefined> {
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind !== 'measured') continue;
    const blocks = blockCount(await stageColumns(directory, stage), directory.plan.blockSize);
    if ((await blocksThere(directory, stage.name)).length < blocks) return stage;
  }
  return undefined;
}

/** Whether a directory has all that its result needs, so that it need only be read. */
export async function isFinished(directory: SketchDirectory): Promise<boolean> {
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'derived' && !(await stageIsThere(directory, stage))) return false;
  }
  return (await nextMeasured(directory)) === undefined;
}

/** How a directory's numbers were made. */
export interface Making {
  /** Of computing, over all processes and interruptions: products with random columns, and the rest. */
  secondsByStage: SketchSeconds;
  /** What made the products, where operators said it; several when shards differed. */
  backend?: string;
}

export async function makingOf(directory: SketchDirectory): Promise<Making> {
  const random = new Set<string>();
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'measured' && typeof stage.input === 'string') random.add(stage.name);
  }
  const secondsByStage: SketchSeconds = { sketch: 0, recovery: 0 };
  const backends = new Set<string>();
  for (const progress of await progressOf(directory)) {
    const records = progress.kind === 'measured' ? progress.done : progress.done ? [progress.done] : [];
    for (const record of records) {
      secondsByStage[random.has(progress.stage) ? 'sketch' : 'recovery'] += record.seconds;
      if (record.backend !== '') backends.add(record.backend);
    }
  }
  return { secondsByStage, ...(backends.size > 0 ? { backend: [...backends].sort().join(', ') } : {}) };
}
