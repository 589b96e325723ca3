/** A sketch directory: one file that says what the sketch is, and a folder of block files for each stage. */
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import type { RecordLink } from '../../hdf5/record-file.ts';
import { removeTemporaries } from '../../hdf5/temporary.ts';
import { blockName, entries, readDescription, SKETCH, writeDescription } from '../directory.ts';
import { CERTIFICATE, TESTS } from '../folders.ts';
import { runName } from '../identity.ts';
import { blockLinks, STAGE_FILE } from '../publish.ts';
import { planAttributes, planFrom, type StoredPlan } from './plan.ts';
import { blockCount, stagesOf } from './stages.ts';

/** What makes the operator of a sketch, for whoever has to make it again. */
export interface OperatorOrigin {
  /** A file: a module, or the model.json of `problem`. Empty when the operator was made in code. */
  operator: string;
  /** Options that name a model, its data and its loss, for `modelProblem`; absent for a module. */
  problem?: Readonly<Record<string, unknown>>;
}

/** Where a sketch comes from; none of its numbers depend on it. */
export interface Origin extends OperatorOrigin {
  /** Version of the library. */
  version: string;
  /** ISO 8601. */
  created: string;
}

/** An open sketch directory. */
export interface SketchDirectory {
  path: string;
  plan: StoredPlan;
  /** Bytes of tall data in memory at a time, in this process. */
  memory: number;
  origin: Origin;
  /** Name of the run, which is in each of its files; undefined in directories from before files had it. */
  run: string | undefined;
}

/** The folder of a stage. */
export const stageFolder = (directory: { path: string }, stage: string): string => join(directory.path, stage);

export const blockPath = (directory: { path: string }, stage: string, block: number): string =>
  join(directory.path, stage, blockName(block));

export const stageFilePath = (directory: { path: string }, stage: string): string =>
  join(directory.path, stage, STAGE_FILE);

export const descriptionPath = (directory: { path: string }): string => join(directory.path, SKETCH.description);

/** Everything of the directory under one roof: blocks that are not there yet are links into nothing. */
function links(plan: StoredPlan): RecordLink[] {
  return stagesOf(plan).flatMap((stage) => {
    if (stage.kind === 'derived') return [{ path: stage.name, file: `${stage.name}/${STAGE_FILE}`, target: '/' }];
    if (typeof stage.input === 'string') {
      return blockLinks(stage.name, stage.name, blockCount(stage.cols, plan.blockSize));
    }
    // how many columns a basis has, and so its products, only the basis knows
    return [{ path: stage.name, file: `${stage.input.basis}/${STAGE_FILE}`, target: `/${stage.name}` }];
  });
}

/** A name for a run: the same choices and the same operator give the same one. */
export function sketchName(plan: StoredPlan, probe: Block): string {
  // with other memory it is the same run
  const { memory: _, ...choices } = planAttributes(plan);
  return runName(choices, probe);
}

/** What every file of a stage says of itself: the run and the stage that it belongs to. */
export function stageIdentity({ run }: SketchDirectory, stage: string): Attributes {
  return { ...(run === undefined ? {} : { run }), stage };
}

/** What a block file says of itself: the columns, too. */
export function blockIdentity(directory: SketchDirectory, stage: string, block: number): Attributes {
  return { ...stageIdentity(directory, stage), first_column: block * directory.plan.blockSize };
}

/**
 * Makes a sketch directory. Another process may do the same at the same time: the first one's is kept.
 * @throws StoreError when it cannot be written.
 */
export async function createDirectory(
  path: string,
  plan: StoredPlan,
  { operator, problem }: OperatorOrigin,
  probe: Block,
): Promise<void> {
  const attributes = {
    operator,
    ...(problem === undefined ? {} : { problem: JSON.stringify(problem) }),
    purpose: 'sketch',
    run: sketchName(plan, probe),
    ...planAttributes(plan),
  };
  await writeDescription(SKETCH, path, probe, attributes, links(plan));
}

/** The options that an attribute holds as JSON. @throws StoreError when it does not. */
function problemFrom(file: string, problem: Attributes[string]): Readonly<Record<string, unknown>> {
  try {
    const options: unknown = JSON.parse(String(problem));
    if (typeof options === 'object' && options !== null) return options as Record<string, unknown>;
  } catch {
    // refused below
  }
  throw new StoreError(`${file}: damaged: its attribute 'problem' holds no options`, { file });
}

/** Takes away what processes that have ended have left, before new files are made. */
export async function clearDirectory({ path, plan }: SketchDirectory): Promise<void> {
  for (const folder of ['.', ...stagesOf(plan).map(({ name }) => name), TESTS, CERTIFICATE]) {
    await removeTemporaries(join(path, folder)).catch(() => []);
  }
}

/**
 * Opens a sketch directory; nothing in it is changed.
 * @param memory for this process; default: what the directory was made with
 * @throws StoreError when it is none, of another version, or its description is damaged.
 */
export async function openDirectory(path: string, memory?: number): Promise<SketchDirectory> {
  const attributes = await readDescription(SKETCH, path);
  const { eigensketch, created, operator, problem, run } = attributes;
  const file = descriptionPath({ path });
  const plan = planFrom(file, attributes);
  const origin = {
    operator: String(operator),
    ...(problem === undefined ? {} : { problem: problemFrom(file, problem) }),
    version: String(eigensketch),
    created: String(created),
  };
  return { path, plan, memory: memory ?? plan.memory, origin, run: run === undefined ? undefined : String(run) };
}

/** Numbers of the blocks that are there, ascending. */
export async function blocksThere(directory: { path: string }, stage: string): Promise<number[]> {
  const found = (await entries(stageFolder(directory, stage))) ?? [];
  return found.flatMap((name) => (/^\d{6}\.h5$/.test(name) ? [Number.parseInt(name, 10)] : [])).sort((a, b) => a - b);
}
